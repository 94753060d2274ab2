/* SPDX-License-Identifier: MIT */
/*
 * The userfaultfd operations (steps) that take a window from one protection to
 * another.
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
 * Plans the way between two states of the same whole sharing units. modes: the
 * PAGE_* that the window follows. A unit that is made ready for write
 * protection loses its shared page tables, so only windows that can be written
 * follow PAGE_PROTECTED.
 *
 * An existing window keeps such a unit ready when nothing in it is protected
 * any more: its page tables would not become shared again anyway.
 */
int protection_steps_plan(const struct protection *from,
			  const struct protection *to, uint64_t unit,
			  uint32_t modes, struct protection_steps *out);
/* Plans to protect again those of these pages that are protected. */
int protection_steps_protect(const struct protection *protection,
			     const struct extents *pages,
			     struct protection_steps *out);
void protection_steps_free(struct protection_steps *steps);

#endif
