/* SPDX-License-Identifier: MIT */
/*
 * What msharectl run --share asks of the preload library, by environment
 * variables (lib/share/share_options.h reads them).
 */
#ifndef SHARE_REQUEST_H
#define SHARE_REQUEST_H

#include <stdbool.h>

struct share_request {
	bool wanted;	  /* --share was given */
	const char *list; /* its argument, or NULL */
	const char *min;  /* argument of --share-min, or NULL */
	char *only;	  /* those of --share-only, with commas; or NULL */
};

/* Adds a name to only. 0, or -1 after a message. */
int share_request_only(struct share_request *share, const char *name);

/* Checks the request and sets the variables. 0, or -1 after a message. */
int share_request_apply(const struct share_request *share);

#endif
