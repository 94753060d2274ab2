/* SPDX-License-Identifier: MIT */
/* The file of a region under construction, which nobody can see yet. */
#ifndef UNPUBLISHED_REGION_H
#define UNPUBLISHED_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct unpublished_region {
	int mount;	  /* the directory that will contain it */
	const char *name; /* its future name; NULL: it stays nameless */
	int fd;		  /* of the file */
	int dir;	  /* the directory that hides it until then */
	char hidden[32];  /* the name of that directory */
	bool named;
};

/* Creates the file. mode: if name is not NULL. 0 or -errno. */
int unpublished_region_open(struct unpublished_region *region, int mount,
			    const char *name, mode_t mode);

/* The same without a name; the region ends with its owner. 0 or -errno. */
int unpublished_region_open_owned(struct unpublished_region *region, int mount);

/* Sets address and size, once and first. start 0: any address. 0 or -errno. */
int unpublished_region_set_shape(const struct unpublished_region *region,
				 uint64_t start, uint64_t size);

/* Moves the file to its name, where everybody sees it. 0 or -errno. */
int unpublished_region_publish(struct unpublished_region *region);

/* Removes the file, whether it has its name or not. */
void unpublished_region_drop(struct unpublished_region *region);

#endif
