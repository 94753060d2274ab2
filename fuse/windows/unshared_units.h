/* SPDX-License-Identifier: MIT */
/*
 * Which sharing units of a window have page tables of their own: those that
 * were ever made ready for write protection while the window existed.
 */
#ifndef UNSHARED_UNITS_H
#define UNSHARED_UNITS_H

#include <stdbool.h>
#include <stdint.h>

struct protection_steps;

struct unshared_units {
	unsigned char *bits; /* one for each unit; NULL: none is set */
	uint64_t n;	     /* how many are set */
	bool all;	     /* no memory for bits: all units count */
};

/*
 * Notes the units that lose their shared page tables by these steps. n: units
 * of the window; unit: bytes of each.
 */
void unshared_units_note(struct unshared_units *units, uint64_t n,
			 uint64_t unit, const struct protection_steps *steps);
uint64_t unshared_units_count(const struct unshared_units *units, uint64_t n);
void unshared_units_free(struct unshared_units *units);

#endif
