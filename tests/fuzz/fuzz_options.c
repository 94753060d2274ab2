/* SPDX-License-Identifier: MIT */
/*
 * Parses command lines, one argument per line of the input: each is accepted
 * with values in range, or refused with a message of one line.
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <fuse_opt.h>
#include <string.h>

#include "options.h"

#define MAX_ARGS 16

static void check_accepted(const struct options *o)
{
	FUZZ_CHECK(o->max_size > 0);
	FUZZ_CHECK(!(o->align & (o->align - 1)));
	FUZZ_CHECK(o->backing.kind <= BACKING_SHMEM);
	FUZZ_CHECK((o->backing.kind == BACKING_HUGETLBFS) ==
		   (o->backing.dir != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[1024], message[OPTIONS_MESSAGE] = "", *argv[MAX_ARGS + 2];
	struct fuse_args args = {.argv = argv};
	struct options options;
	char *rest = text;
	int err;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	argv[args.argc++] = (char *)"msharefs";
	while (rest && args.argc <= MAX_ARGS)
		argv[args.argc++] = strsep(&rest, "\n");
	argv[args.argc] = NULL;
	memset(&options, 0, sizeof(options));
	err = options_parse(&args, &options, message);
	FUZZ_CHECK(err == 0 || err == -EINVAL);
	if (!err && !options.help && !options.version)
		check_accepted(&options);
	if (err)
		FUZZ_CHECK(message[0] && !strchr(message, '\n') &&
			   memchr(message, '\0', sizeof(message)));
	options_free(&options);
	fuse_opt_free_args(&args);
	return 0;
}
