/* SPDX-License-Identifier: MIT */
/* Turns memory into a region, for mshare() with O_CREAT and for mshare_fd(). */
#ifndef DONATE_H
#define DONATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct donation {
	int mount;
	const char *name; /* NULL: no name */
	mode_t mode;	  /* of the file, if it gets a name */
	uintptr_t addr;
	size_t length;
	bool read_only; /* whether the caller's own window is read-only */
};

/*
 * Returns a descriptor of the region; or -errno with the reason set, and
 * nothing has changed.
 */
int donate(const struct donation *donation);

#endif
