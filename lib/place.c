/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <sys/mman.h>

#include "sys.h"

static int map_at(uintptr_t addr, size_t size, int fixed, enum window_kind kind,
		  int fd, uintptr_t *base)
{
	int type = kind == WINDOW_SHARED ? MAP_SHARED : MAP_PRIVATE;
	long at = sys_mmap(addr, size, PROT_NONE, type | fixed | MAP_NORESERVE,
			   fd, 0);

	if (at < 0 && at >= -4095)
		return (int)at;
	*base = (uintptr_t)at;
	return 0;
}

/*
 * Any free aligned address: reserve more than is needed, map into it, give the
 * rest back. So no other thread can come between.
 */
static int map_anywhere(const struct placement *p, enum window_kind kind,
			int fd, uintptr_t *base)
{
	uintptr_t at, aligned;
	size_t room = p->size + p->align;
	long ret;
	int err;

	if (room < p->size)
		return -ENOMEM;
	ret = sys_mmap(0, room, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			       p->extra_flags,
		       -1, 0);
	if (ret < 0 && ret >= -4095)
		return (int)ret;
	at = (uintptr_t)ret;
	aligned = (at + p->align - 1) / p->align * p->align;
	err = map_at(aligned, p->size, MAP_FIXED, kind, fd, base);
	if (err) {
		sys_munmap(at, room);
		return err;
	}
	if (aligned > at)
		sys_munmap(at, aligned - at);
	sys_munmap(aligned + p->size, at + room - (aligned + p->size));
	return 0;
}

int place_window(const struct placement *p, enum window_kind kind, int fd,
		 uintptr_t *base)
{
	int err;

	switch (p->place) {
	case PLACE_REPLACE:
		return map_at(p->addr, p->size, MAP_FIXED, kind, fd, base);
	case PLACE_AT:
		return map_at(p->addr, p->size, MAP_FIXED_NOREPLACE, kind, fd,
			      base);
	case PLACE_HINT:
		err = map_at(p->addr, p->size, MAP_FIXED_NOREPLACE, kind, fd,
			     base);
		if (!err)
			return 0;
		break; /* taken, or out of what a process can have */
	case PLACE_ANY:
		break;
	}
	return map_anywhere(p, kind, fd, base);
}
