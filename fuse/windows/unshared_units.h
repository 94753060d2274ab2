/* SPDX-License-Identifier: MIT */
/*
 * Which sharing units of a window have page tables of their own: those that
 * were ever made ready to be protected while it was there.
 */
#ifndef UNSHARED_UNITS_H
#define UNSHARED_UNITS_H

#include <stdbool.h>
#include <stdint.h>

struct protection_steps;

struct unshared_units {
	unsigned char *bits; /* NULL: none of them */
	bool all;	     /* there was no memory to tell them apart */
};

/* n: units of the window; unit: bytes of each. */
void unshared_units_note(struct unshared_units *units, uint64_t n,
			 uint64_t unit, const struct protection_steps *steps);
uint64_t unshared_units_count(const struct unshared_units *units, uint64_t n);
void unshared_units_free(struct unshared_units *units);

#endif
