/* SPDX-License-Identifier: MIT */
/*
 * Copies the memory into a region that nobody sees. When the copy is complete
 * and the region has its name, a window of the region replaces the memory. That
 * last step hardly ever fails; if it does, for example because the daemon is
 * killed at that moment, the copy is copied back.
 */
#include "api/donate.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "api/api.h"
#include "api/unpublished_region.h"
#include "api/last_error.h"
#include "api/process_memory.h"
#include <mshare_ioctl.h>
#include "common/syscalls.h"
#include <linux/msharefs.h>

#define READ_WRITE (PROT_READ | PROT_WRITE)

/* A donation under way. */
struct work {
	const struct donation *donation;
	const struct engine *engine;
	struct memory_parts parts;
	struct unpublished_region region;
	void *copy; /* a second window, at another address */
};

static int change(const struct work *w, unsigned long request, uint64_t offset,
		  uint64_t size, int what)
{
	struct mshare_change change = {
		.offset = offset,
		.size = size,
		.what = (uint32_t)what,
	};

	return sys_ioctl(w->region.fd, request, &change);
}

static int take_memory(const struct work *w)
{
	struct mshare_create create = {
		.size = w->donation->length,
		.prot = READ_WRITE,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = (uint32_t)-1,
	};

	return sys_ioctl(w->region.fd, MSHAREFS_CREATE_MAPPING, &create);
}

static int map_copy(struct work *w)
{
	const struct mmap_args args = {
		.length = w->donation->length,
		.prot = READ_WRITE,
		.flags = MAP_SHARED | MSHARE_MAP_AWAY,
		.fd = w->region.fd,
	};

	/* No child that another thread forks meanwhile inherits it. */
	return w->engine->map(&args, &w->copy);
}

/* Gives each part its protection, for every process. */
static int protect_parts(const struct work *w)
{
	int err = 0;

	for (size_t i = 0; i < w->parts.n && !err; i++) {
		const struct memory_part *part = &w->parts.part[i];

		if (part->prot != READ_WRITE)
			err = change(w, MSHARE_IOC_PROTECT,
				     part->start - w->donation->addr,
				     part->end - part->start, part->prot);
	}
	return err;
}

/* Everything that is likely to fail comes before anybody sees the region. */
static int make_copy(struct work *w)
{
	const struct donation *d = w->donation;
	int err = take_memory(w);

	if (!err)
		err = map_copy(w);
	if (err)
		return err;
	err = process_memory_copy(w->copy, d->addr, d->length);
	if (!err)
		err = protect_parts(w);
	if (!err)
		err = unpublished_region_publish(&w->region);
	if (err)
		w->engine->unmap((uintptr_t)w->copy, 0);
	return err;
}

static int replace_memory(const struct work *w)
{
	const struct donation *d = w->donation;
	const struct mmap_args args = {
		.addr = (void *)d->addr,
		.length = d->length,
		.prot = PROT_READ | (d->read_only ? 0 : PROT_WRITE) |
			(w->parts.prot & PROT_EXEC),
		.flags = MAP_SHARED | MAP_FIXED,
		.fd = w->region.fd,
	};
	void *base;

	return w->engine->map(&args, &base);
}

static int restore_part(const struct work *w, const struct memory_part *part)
{
	const char *copy = (char *)w->copy + (part->start - w->donation->addr);
	size_t size = part->end - part->start;
	long at = sys_mmap(part->start, size, READ_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	int err;

	if ((uintptr_t)at != part->start)
		return (int)at;
	err = process_memory_copy((void *)part->start, (uintptr_t)copy, size);
	if (err)
		return err;
	return part->prot == READ_WRITE
		       ? 0
		       : sys_mprotect(part->start, size, part->prot);
}

/*
 * Puts the memory back if it is gone: replace_memory() may have failed before
 * or after it unmapped the memory. Returns err, or -ENOTRECOVERABLE.
 */
static int restore_memory(const struct work *w, int err)
{
	const struct donation *d = w->donation;
	bool lost = false;
	long at = sys_mmap(d->addr, d->length, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				   MAP_FIXED_NOREPLACE,
			   -1, 0);

	if (at != (long)d->addr)
		return err;
	change(w, MSHARE_IOC_PROTECT, 0, d->length, READ_WRITE);
	for (size_t i = 0; i < w->parts.n; i++)
		if (restore_part(w, &w->parts.part[i]))
			lost = true;
	return !lost ? err
		     : set_reason(
			       ENOTRECOVERABLE,
			       "the contents or the protection of a part of the memory is lost (%s)",
			       strerrordesc_np(-err));
}

/* 0 or -errno; the region stays open. */
static int fill_and_replace(struct work *w)
{
	int err = make_copy(w);

	if (err)
		return err;
	err = replace_memory(w);
	if (err)
		err = restore_memory(w, err);
	w->engine->unmap((uintptr_t)w->copy, 0);
	return err;
}

static int check(const struct work *w)
{
	const struct donation *d = w->donation;

	if (!d->addr || !d->length || d->addr + d->length < d->addr)
		return set_reason(EINVAL, "no address or no length is given");
	if (w->engine->touches(d->addr, d->length))
		return set_reason(EINVAL, "a region is already mapped there");
	return 0;
}

static int donate_uncancelled(const struct donation *donation)
{
	struct work w = {.donation = donation};
	int err = 0;

	w.engine = api_engine(&err);
	if (!w.engine)
		return err;
	err = check(&w);
	if (err)
		return err;
	err = unpublished_region_open(&w.region, donation->mount,
				      donation->name, donation->mode);
	if (err < 0)
		return err;
	err = unpublished_region_set_shape(&w.region, donation->addr,
					   donation->length);
	if (!err)
		err = process_memory_parts(donation->addr, donation->length,
					   &w.parts);
	if (err)
		goto drop;
	err = fill_and_replace(&w);
	free(w.parts.part);
	if (!err)
		return w.region.fd;
drop:
	unpublished_region_drop(&w.region);
	return err;
}

int donate(const struct donation *donation)
{
	int state, err;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	err = donate_uncancelled(donation);
	pthread_setcancelstate(state, &state);
	return err;
}
