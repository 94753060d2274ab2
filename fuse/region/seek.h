/* SPDX-License-Identifier: MIT */
/* lseek() with SEEK_DATA and SEEK_HOLE. */
#ifndef SEEK_H
#define SEEK_H

#include <sys/types.h>

struct region;

/*
 * What is mapped counts as data. The place, or -ENXIO: behind the end or, for
 * data, behind the last; -EINVAL: another whence.
 */
off_t region_seek(struct region *region, off_t offset, int whence);

/* The same in a file without holes. */
off_t seek_in_data(off_t size, off_t offset, int whence);

#endif
