/* SPDX-License-Identifier: MIT */
/* Reserves addresses and maps backing files there. */
#include "common/address_reserve.h"

#include <sys/mman.h>

#include "common/syscalls.h"

static int reserve_at(uintptr_t addr, size_t length, int flags, uintptr_t *at)
{
	long ret = sys_mmap(addr, length, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags,
			    -1, 0);

	if (sys_failed(ret))
		return (int)ret;
	*at = (uintptr_t)ret;
	return 0;
}

/*
 * Finds any free aligned address: reserves more than needed and releases the
 * rest, so that no other thread can take the address in between.
 */
static int reserve_anywhere(const struct placement *p, uintptr_t *base)
{
	size_t length = p->size + p->align;
	uintptr_t at, end;
	int err;

	if (length < p->size)
		return -ENOMEM;
	err = reserve_at(0, length, p->extra_flags, &at);
	if (err)
		return err;
	*base = (at + p->align - 1) / p->align * p->align;
	end = *base + p->size;
	if (*base > at)
		sys_munmap(at, *base - at);
	if (at + length > end)
		sys_munmap(end, at + length - end);
	return 0;
}

int address_reserve(const struct placement *p, uintptr_t *base)
{
	int err;

	switch (p->place) {
	case PLACE_REPLACE:
		*base = p->addr;
		return 0;
	case PLACE_AT:
		return reserve_at(p->addr, p->size, MAP_FIXED_NOREPLACE, base);
	case PLACE_HINT:
		err = reserve_at(p->addr, p->size, MAP_FIXED_NOREPLACE, base);
		if (!err)
			return 0;
		break; /* taken, or outside the address space */
	case PLACE_ANY:
		break;
	}
	return reserve_anywhere(p, base);
}

int address_reserve_map(const struct placement *p, enum window_kind kind,
			int fd, uintptr_t base)
{
	int type = kind == WINDOW_SHARED ? MAP_SHARED : MAP_PRIVATE;
	long at = sys_mmap(base, p->size, PROT_NONE,
			   type | MAP_FIXED | MAP_NORESERVE, fd, 0);

	if (sys_failed(at))
		return (int)at;
	/* Children get a window by window_inherit_all() or not at all. */
	return (int)SYS_CALL(SYS_madvise, base, p->size, MADV_DONTFORK);
}

void address_reserve_cancel(const struct placement *p, uintptr_t base)
{
	if (p->place != PLACE_REPLACE)
		sys_munmap(base, p->size);
}

int address_reserve_and_map(const struct placement *p, enum window_kind kind,
			    int fd, uintptr_t *base)
{
	int err = address_reserve(p, base);

	if (err)
		return err;
	err = address_reserve_map(p, kind, fd, *base);
	if (err)
		address_reserve_cancel(p, *base);
	return err;
}
