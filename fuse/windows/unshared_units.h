/* SPDX-License-Identifier: MIT */
/*
 * Which sharing units of a window have page tables of their own: those that
 * were ever made ready to be protected while it was there.
 */
#ifndef UNSHARED_UNITS_H
#define UNSHARED_UNITS_H

#include <stdbool.h>
#include <stdint.h>

struct steps;

struct units {
	unsigned char *bits; /* NULL: none of them */
	bool all;	     /* there was no memory to tell them apart */
};

/* n: units of the window; unit: bytes of each. */
void units_note(struct units *units, uint64_t n, uint64_t unit,
		const struct steps *steps);
uint64_t units_count(const struct units *units, uint64_t n);
void units_free(struct units *units);

#endif
