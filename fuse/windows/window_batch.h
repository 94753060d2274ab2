/* SPDX-License-Identifier: MIT */
/*
 * Windows of one user that get the same steps, and stay busy meanwhile. If they
 * are not the daemon's own user's or root's, one errand does it (errand.h).
 */
#ifndef WINDOW_BATCH_H
#define WINDOW_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/errand.h"

struct window;

struct window_batch {
	size_t n; /* {0}: empty */
	struct errand_target v[ERRAND_TARGETS];
};

static inline struct window *window_batch_at(const struct window_batch *batch,
					     size_t i)
{
	return batch->v[i].window;
}

/* Whether the window can still be added. */
bool window_batch_has_room(const struct window_batch *batch,
			   const struct window *window);
/* Called under the lock of the window's region. */
void window_batch_add(struct window_batch *batch, struct window *window);

/*
 * Sets the results in v, as errand_run(). Called without any lock; may wait for
 * the processes of the windows, *ms at most if they are another user's.
 */
void window_batch_run(struct window_batch *batch, const struct uffd_op *steps,
		      size_t n, unsigned int *ms);
/*
 * Releases the i-th window, unless window_late() will, and returns its result.
 * Called under the lock of its region.
 */
int window_batch_end(struct window_batch *batch, size_t i);

/* Marks those windows dead whose address space is gone. May take long. */
void windows_probe(struct window *const *windows, size_t n);

#endif
