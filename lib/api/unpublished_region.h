/* SPDX-License-Identifier: MIT */
/* The file of a region that is being made: nobody is to see it yet. */
#ifndef UNPUBLISHED_REGION_H
#define UNPUBLISHED_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct draft {
	int mount;	  /* where it is to be named */
	const char *name; /* what; NULL: it stays nameless */
	int fd;		  /* of the file */
	int dir;	  /* hides it until it is named */
	char hidden[32];  /* that directory's name */
	bool named;
};

/* mode: with a name. 0 or -errno; nothing stays on failure. */
int draft_open(struct draft *draft, int mount, const char *name, mode_t mode);

/* The same of one without a name that ends with its owner (MSHARE_KIND_OWNED).
 */
int draft_open_owned(struct draft *draft, int mount);

/* Where it is, once and before anything else. start 0: anywhere. */
int draft_shape(const struct draft *draft, uint64_t start, uint64_t size);

/* It gets its name, now that all can see it. 0, or -EEXIST and so on. */
int draft_publish(struct draft *draft);

/* It is not to be, whether it was named or not. */
void draft_drop(struct draft *draft);

#endif
