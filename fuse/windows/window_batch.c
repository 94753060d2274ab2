/* SPDX-License-Identifier: MIT */
#include "windows/window_batch.h"

#include <errno.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/quota.h"
#include "common/uffd.h"
#include "region/region.h"
#include "windows/window.h"

/* How long probes wait for processes that hold their memory map. */
#define PROBE_WAIT_MS 100

bool window_batch_has_room(const struct window_batch *batch,
			   const struct window *w)
{
	if (!batch->n)
		return true;
	return batch->n < ERRAND_TARGETS && batch->v[0].uid == w->uid &&
	       !quota_is_free(w->uid);
}

void window_batch_add(struct window_batch *batch, struct window *w)
{
	window_take(w);
	batch->v[batch->n++] = (struct errand_target){
		.uffd = w->uffd,
		.uid = w->uid,
		.base = w->base,
		.window = w,
	};
}

void window_batch_run(struct window_batch *batch, const struct uffd_op *steps,
		      size_t n, unsigned int *ms)
{
	if (quota_is_free(batch->v[0].uid))
		errand_run_here(batch->v, batch->n, steps, n);
	else
		errand_run(batch->v, batch->n, steps, n, ms);
}

int window_batch_end(struct window_batch *batch, size_t i)
{
	struct window *w = window_batch_at(batch, i);
	const int result = batch->v[i].result;

	w->dead = w->dead || result == -ESRCH;
	if (result == -EINPROGRESS)
		w->since = now_ms();
	else
		window_release(w);
	return result;
}

/* Whether the window was added. Else the next batch may have room. */
static bool add_alive(struct window_batch *batch, struct window *w)
{
	const bool has_room = window_batch_has_room(batch, w);

	pthread_mutex_lock(&w->region->lock);
	if (has_room && w->state == WINDOW_HERE && !w->busy && w->uffd >= 0)
		window_batch_add(batch, w);
	pthread_mutex_unlock(&w->region->lock);
	return has_room;
}

static void probe(struct window_batch *batch)
{
	static const struct uffd_op nothing = UFFD_NOTHING;
	unsigned int ms = PROBE_WAIT_MS;

	window_batch_run(batch, &nothing, 1, &ms);
	for (size_t i = 0; i < batch->n; i++) {
		struct region *region = window_batch_at(batch, i)->region;

		pthread_mutex_lock(&region->lock);
		window_batch_end(batch, i);
		pthread_mutex_unlock(&region->lock);
	}
}

void windows_probe(struct window *const *windows, size_t n)
{
	for (size_t i = 0; i < n;) {
		struct window_batch batch = {0};

		while (i < n && add_alive(&batch, windows[i]))
			i++;
		if (batch.n)
			probe(&batch);
	}
}
