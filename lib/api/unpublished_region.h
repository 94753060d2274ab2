/* SPDX-License-Identifier: MIT */
/* The file of a region that is being made: nobody is to see it yet. */
#ifndef UNPUBLISHED_REGION_H
#define UNPUBLISHED_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct unpublished_region {
	int mount;	  /* where it is to be named */
	const char *name; /* what; NULL: it stays nameless */
	int fd;		  /* of the file */
	int dir;	  /* hides it until it is named */
	char hidden[32];  /* that directory's name */
	bool named;
};

/* mode: with a name. 0 or -errno; nothing stays on failure. */
int unpublished_region_open(struct unpublished_region *region, int mount,
			    const char *name, mode_t mode);

/* The same of one without a name that ends with its owner (MSHARE_KIND_OWNED).
 */
int unpublished_region_open_owned(struct unpublished_region *region, int mount);

/* Where it is, once and before anything else. start 0: anywhere. */
int unpublished_region_set_shape(const struct unpublished_region *region,
				 uint64_t start, uint64_t size);

/* It gets its name, now that all can see it. 0, or -EEXIST and so on. */
int unpublished_region_publish(struct unpublished_region *region);

/* It is not to be, whether it was named or not. */
void unpublished_region_drop(struct unpublished_region *region);

#endif
