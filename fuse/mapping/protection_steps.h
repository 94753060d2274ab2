/* SPDX-License-Identifier: MIT */
/*
 * The userfaultfd operations (steps) that bring a window from what one state of
 * the mappings demands to what another one does.
 */
#ifndef PROTECTION_STEPS_H
#define PROTECTION_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/uffd.h"
#include "mapping/protection.h"

struct protection_steps {
	struct uffd_op *v;
	size_t n;
	size_t room;
};

/*
 * From one state of the same whole sharing units to another. Protecting takes
 * shared page tables away from the units it concerns, so it is done only to
 * windows that could be written otherwise (can_write).
 *
 * In a window that stays a unit remains ready to be protected (its page tables
 * would not become shared again anyway); in a new one it is not.
 */
int protection_steps_plan(const struct protection *from,
			  const struct protection *to, uint64_t unit,
			  bool can_write, struct protection_steps *out);
/* Protects again what of these pages modes protects. */
int protection_steps_protect(const struct protection *protection,
			     const struct extents *pages,
			     struct protection_steps *out);
void protection_steps_free(struct protection_steps *steps);

#endif
