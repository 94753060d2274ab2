/* SPDX-License-Identifier: MIT */
/* Checks what is asked for, so that the preload finds only what it knows. */
#include "share_request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amount.h"

int share_request_only(struct share_request *share, const char *name)
{
	char *list = NULL;

	if (!*name || strpbrk(name, ",/")) {
		fprintf(stderr,
			"msharectl: --share-only %s: it is the name of a "
			"program, without its directory\n",
			name);
		return -1;
	}
	if (asprintf(&list, "%s%s%s", share->only ? share->only : "",
		     share->only ? "," : "", name) < 0) {
		perror("msharectl");
		return -1;
	}
	free(share->only);
	share->only = list;
	return 0;
}

static bool is_known(const char *word, size_t n)
{
	static const char *const known[] = {"anon", "require"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i]) == n && !strncmp(word, known[i], n))
			return true;
	return false;
}

static int check_list(const char *list)
{
	while (*list) {
		const size_t n = strcspn(list, ",");

		if (!is_known(list, n)) {
			fprintf(stderr,
				"msharectl: --share=%.*s is not known; give "
				"anon (shared anonymous memory), require, or "
				"both with a comma\n",
				(int)n, list);
			return -1;
		}
		list += n + (list[n] == ',');
	}
	return 0;
}

static int set_min(const char *text)
{
	char bytes[32];
	uint64_t min;
	int err = amount_parse(text, &min);

	if (err) {
		fprintf(stderr,
			"msharectl: --share-min %s: %s; give a size such as "
			"64M\n",
			text,
			err == -ERANGE ? "it is too large" : "it is no size");
		return -1;
	}
	snprintf(bytes, sizeof(bytes), "%" PRIu64, min);
	return setenv("MSHAREFS_SHARE_MIN", bytes, 1);
}

int share_request_apply(const struct share_request *share)
{
	if (!share->wanted && (share->min || share->only)) {
		fprintf(stderr, "msharectl: run: --share-min and --share-only "
				"say how --share is meant; give it, too\n");
		return -1;
	}
	if (!share->wanted)
		return 0;
	if (share->list && check_list(share->list))
		return -1;
	if (share->min && set_min(share->min))
		return -1;
	if (setenv("MSHAREFS_SHARE", share->list ? share->list : "anon", 1) ||
	    (share->only && setenv("MSHAREFS_SHARE_ONLY", share->only, 1))) {
		perror("msharectl");
		return -1;
	}
	return 0;
}
