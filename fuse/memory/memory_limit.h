/* SPDX-License-Identifier: MIT */
/* Names the limits on memory, and the commands that raise them. */
#ifndef MEMORY_LIMIT_H
#define MEMORY_LIMIT_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* The values are those of MSHARE_LIMIT_* in <mshare_ioctl.h>. */
enum memory_limit_kind {
	LIMIT_POOL,	/* the pool of huge pages, or ordinary memory */
	LIMIT_MOUNT,	/* size= of the hugetlbfs mount */
	LIMIT_CGROUP,	/* of the daemon's cgroup or of one above it */
	LIMIT_MAX_SIZE, /* -o max_size of this mount */
};

struct memory_limit {
	enum memory_limit_kind kind;
	uint64_t total; /* bytes */
	uint64_t free;	/* bytes of them that are left */
	/* LIMIT_MOUNT: the directory; LIMIT_CGROUP: the file; else "" */
	char path[PATH_MAX];
};

#define MEMORY_LIMIT_TEXT 1024

/*
 * Names the limit and says how to raise it so that wanted more bytes fit, in
 * pages of this size: "NAME; REMEDY". Returns text.
 */
const char *memory_limit_text(const struct memory_limit *limit, uint64_t page,
			      uint64_t wanted, char text[MEMORY_LIMIT_TEXT]);

#endif
