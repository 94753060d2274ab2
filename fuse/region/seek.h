/* SPDX-License-Identifier: MIT */
/* lseek() with SEEK_DATA and SEEK_HOLE. */
#ifndef SEEK_H
#define SEEK_H

#include <sys/types.h>

struct region;

/*
 * Mappings count as data. Returns the offset; -ENXIO: offset is beyond the end
 * or, for SEEK_DATA, beyond the last mapping; -EINVAL: any other whence.
 */
off_t region_seek(struct region *region, off_t offset, int whence);

/* The same for a file of size bytes without holes. */
off_t seek_in_data(off_t size, off_t offset, int whence);

#endif
