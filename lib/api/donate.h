/* SPDX-License-Identifier: MIT */
/* Memory that becomes a region: mshare() with O_CREAT, mshare_fd(). */
#ifndef DONATE_H
#define DONATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct donation {
	int mount;
	const char *name; /* NULL: none */
	mode_t mode;	  /* of the file, with a name */
	uintptr_t addr;
	size_t length;
	bool read_only; /* the donor's own window */
};

/*
 * A descriptor of the region, or -errno with the reason noted: then nothing has
 * changed.
 */
int donate(const struct donation *donation);

#endif
