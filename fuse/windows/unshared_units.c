/* SPDX-License-Identifier: MIT */
/* One bit for each sharing unit. */
#include "windows/unshared_units.h"

#include <stdlib.h>

#include "mapping/protection_steps.h"

static bool unshares_tables(const struct uffd_op *op)
{
	return op->action == UFFD_OPEN_WP || op->action == UFFD_GUARD_WP;
}

void unshared_units_note(struct unshared_units *units, uint64_t n,
			 uint64_t unit, const struct protection_steps *steps)
{
	for (size_t i = 0; i < steps->n; i++) {
		const struct uffd_op *op = &steps->v[i];

		if (!unshares_tables(op))
			continue;
		if (!units->bits)
			units->bits = calloc((n + 7) / 8, 1);
		units->all = units->all || !units->bits;
		for (uint64_t u = op->start / unit;
		     units->bits && u * unit < op->end; u++) {
			units->n += !(units->bits[u / 8] >> u % 8 & 1);
			units->bits[u / 8] |= (unsigned char)(1U << u % 8);
		}
	}
}

uint64_t unshared_units_count(const struct unshared_units *units, uint64_t n)
{
	return units->all ? n : units->n;
}

void unshared_units_free(struct unshared_units *units)
{
	free(units->bits);
	*units = (struct unshared_units){0};
}
