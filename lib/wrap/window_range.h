/* SPDX-License-Identifier: MIT */
/* Whether the range of a call concerns a window. */
#ifndef WINDOW_RANGE_H
#define WINDOW_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "engine/window_table.h"
#include "wrap/wrap.h"

static inline size_t page_up(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (len + page - 1) & ~(page - 1);
}

/* False for an empty range or one that wraps around: the kernel refuses it. */
static inline bool overlaps_window(uintptr_t addr, size_t len)
{
	size_t whole = page_up(len);

	return len && whole >= len && addr + whole >= addr &&
	       window_table_overlap(addr, whole) != OVERLAP_NONE;
}

/*
 * Whether a call concerns a window. Takes no lock, so that a caller that holds
 * locks of its own, such as an allocator around fork(), waits for ours only if
 * a window is concerned.
 */
static inline bool touches_window(const void *addr, size_t len)
{
	return UNLIKELY(window_table_near(addr, len)) &&
	       overlaps_window((uintptr_t)addr, len);
}

/*
 * The same for calls that are refused on windows. Takes the lock, because a
 * window that another thread unmaps stays in the table for a moment, while its
 * addresses may already be used for something else.
 */
static inline bool is_in_window(const void *addr, size_t len)
{
	sigset_t mask;
	bool yes;

	if (LIKELY(!touches_window(addr, len)))
		return false;
	window_table_lock(&mask);
	yes = overlaps_window((uintptr_t)addr, len);
	window_table_unlock(&mask);
	return yes;
}

#endif
