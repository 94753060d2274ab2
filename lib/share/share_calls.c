/* SPDX-License-Identifier: MIT */
/* Carries out the memory calls on redirected memory. */
#include "share/share_calls.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "common/syscalls.h"
#include "engine/attach_client.h"
#include "engine/window_table.h"
#include "share/share_ordinary.h"
#include "share/share_range.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

/* In a child: the kernel has not copied what MADV_DONTFORK concerns. */
static bool any_stays_behind;

static void forget_left_behind(void)
{
	const struct part *p;

	for (size_t i = 0; any_stays_behind && (p = share_table_at(i));) {
		if (p->stays_behind)
			share_table_remove(i);
		else
			i++;
	}
}

void share_after_fork_in_child(void)
{
	sigset_t mask;

	if (!any_stays_behind)
		return;
	window_table_lock(&mask);
	forget_left_behind();
	window_table_unlock(&mask);
}

/*
 * Takes the lock if the call concerns redirected memory. What the kernel
 * refuses, such as a range that wraps around, is left to it.
 */
static bool enter(void *addr, size_t *len, sigset_t *mask)
{
	const uintptr_t start = (uintptr_t)addr;
	const size_t whole = round_up(*len, share_page);

	if (start & (share_page - 1) || !*len || whole < *len ||
	    start + whole < start || !share_table_touches(start, whole))
		return false;
	*len = whole;
	window_table_lock(mask);
	if (share_table_touches(start, whole))
		return true;
	window_table_unlock(mask);
	return false;
}

static bool is_mapped(uintptr_t start, uintptr_t end)
{
	return !SYS_CALL(SYS_msync, start, end - start, MS_ASYNC);
}

/* What first_gap() is, for memory that is not redirected, where only the kernel
 * knows. */
static uintptr_t first_hole(uintptr_t start, uintptr_t end)
{
	if (is_mapped(start, end))
		return end;
	while (end - start > share_page) {
		uintptr_t middle =
			start + round_up((end - start) / 2, share_page);

		if (middle == end)
			middle -= share_page;
		if (is_mapped(start, middle))
			start = middle;
		else
			end = middle;
	}
	return start;
}

/* Where in the range the program has nothing first, or its end. */
static uintptr_t first_gap(uintptr_t start, uintptr_t end)
{
	while (start < end) {
		struct piece piece = piece_at(start, end);

		if (piece.ours && !piece.part)
			return start;
		if (!piece.ours && first_hole(start, piece.end) < piece.end)
			return first_hole(start, piece.end);
		start = piece.end;
	}
	return end;
}

/*
 * The edges of a range for a call that must not leave a huge page divided. If
 * it would, the memory becomes ordinary. 0 or -EINVAL.
 */
static int whole_edges(uintptr_t start, uintptr_t end, const char *call,
		       struct edges *e)
{
	int err = 0;

	*e = edges_of(start, end);
	if (e->cuts && e->start > start)
		err = share_make_ordinary(start, start + 1, call);
	if (!err && e->cuts && e->end < end)
		err = share_make_ordinary(end - 1, end, call);
	*e = edges_of(start, end);
	return err;
}

/* munmap() */

static int unmap(uintptr_t start, uintptr_t end)
{
	const struct piece piece = piece_at(start, end);
	struct edges e = edges_of(start, end);
	int err = share_table_room(2);

	if (err)
		return err;
	if (piece.ours && !piece.part && piece.end == end)
		return 0; /* the program has nothing there */
	if (e.start < e.end)
		err = sys_munmap(e.start, e.end - e.start);
	if (!err)
		share_table_cut(start, end);
	return err;
}

bool share_unmap(void *addr, size_t len, int *err)
{
	sigset_t mask;

	if (!enter(addr, &len, &mask))
		return false;
	*err = unmap((uintptr_t)addr, (uintptr_t)addr + len);
	window_table_unlock(&mask);
	return true;
}

/* mprotect() and pkey_mprotect() */

static void set_prot(uintptr_t start, uintptr_t end, int prot)
{
	struct part *p;

	share_table_split(start);
	share_table_split(end);
	for (size_t i = share_table_find(start);
	     (p = share_table_at(i)) && p->start < end; i++)
		if (p->start >= start)
			p->prot = prot;
	share_table_join();
}

/*
 * Part by part, as the kernel does: what comes before a gap, or before memory
 * that refuses the access, gets it.
 */
static int protect_parts(const struct edges *e, uintptr_t start, uintptr_t end,
			 int prot, int key)
{
	int err = 0;

	for (uintptr_t at = start, next; at < end && !err; at = next) {
		const struct piece piece = piece_at(at, end);
		const uintptr_t from = at == start ? e->start : at;
		const uintptr_t to = piece.end == end ? e->end : piece.end;

		next = piece.end;
		err = (int)SYS_CALL(SYS_pkey_mprotect, from, to - from, prot,
				    key);
		if (!err && piece.part)
			set_prot(at, piece.end, prot);
	}
	return err;
}

static int protect(uintptr_t start, uintptr_t end, int prot, int key)
{
	const uintptr_t gap = first_gap(start, end);
	struct edges e;
	int err;

	if (gap == start)
		return -ENOMEM;
	err = share_table_room(2);
	if (!err)
		err = whole_edges(start, gap, "mprotect()", &e);
	if (!err)
		err = protect_parts(&e, start, gap, prot, key);
	return !err && gap < end ? -ENOMEM : err;
}

bool share_protect(void *addr, size_t len, int prot, int key, int *err)
{
	sigset_t mask;

	if (!enter(addr, &len, &mask))
		return false;
	*err = protect((uintptr_t)addr, (uintptr_t)addr + len, prot, key);
	window_table_unlock(&mask);
	return true;
}

/* mremap() */

/* Room behind a part that the kernel has mapped already: its tail. */
static bool grow_into_tail(struct part *p, uintptr_t end)
{
	if (end > cover_end(p) || share_table_has(p->end, end))
		return false;
	share_table_begin();
	p->end = end;
	share_table_end();
	return true;
}

/* 0: done; -EAGAIN: the kernel is to do it, on ordinary memory. */
static int remap(uintptr_t start, size_t old_len, size_t len, int flags)
{
	const uintptr_t end = start + old_len;
	const bool plain = !(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP));
	struct piece piece = piece_at(start, end ? end : start + 1);
	int err;

	if (piece.ours ? !piece.part : !is_mapped(start, start + share_page))
		return -EFAULT;
	if (plain && old_len && len < old_len)
		return unmap(start + len, end);
	if (!piece.ours)
		return -EAGAIN;
	if (plain && len == old_len)
		return 0;
	if (plain && old_len && piece.part && end == piece.part->end &&
	    grow_into_tail(piece.part, start + len))
		return 0;
	err = share_make_ordinary(start, old_len ? end : start + 1, "mremap()");
	return err ? err : -EAGAIN;
}

bool share_remap(void *addr, size_t old_len, size_t len, int flags, void **ret,
		 int *err)
{
	const int known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
	const size_t whole = round_up(len, share_page);
	size_t concerned = old_len ? old_len : 1;
	sigset_t mask;

	if (flags & ~known || !len || whole < len ||
	    !enter(addr, &concerned, &mask))
		return false;
	*err = remap((uintptr_t)addr, old_len ? concerned : 0, whole, flags);
	window_table_unlock(&mask);
	*ret = addr;
	return *err != -EAGAIN;
}

/* madvise() */

enum verdict {
	PASS,	  /* the kernel's business */
	IGNORE,	  /* a hint, or what huge pages have anyway */
	WHOLE,	  /* for whole huge pages only */
	ZERO,	  /* takes contents away */
	ORDINARY, /* for ordinary memory only */
};

static enum verdict judge(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED: /* the contents of shared memory stay */
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_COLLAPSE:
	case MADV_GUARD_REMOVE: /* there is none */
		return IGNORE;
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
		return WHOLE;
	case MADV_REMOVE:
		return ZERO;
	case MADV_GUARD_INSTALL:
		return ORDINARY;
	default:
		return PASS;
	}
}

static void set_inheritance(uintptr_t start, uintptr_t end, int advice)
{
	struct part *p;

	if (advice != MADV_DONTFORK && advice != MADV_DOFORK)
		return;
	any_stays_behind = true;
	share_table_split(start);
	share_table_split(end);
	for (size_t i = share_table_find(start);
	     (p = share_table_at(i)) && p->start < end; i++)
		if (p->start >= start)
			p->stays_behind = advice == MADV_DONTFORK;
	share_table_join();
}

/*
 * Zeroes it here, where the kernel would free it: a freed huge page is nobody's
 * any more, and the next access could be a SIGBUS.
 */
static int zero(const struct part *p, uintptr_t start, uintptr_t end)
{
	const uintptr_t last =
		p->start - p->offset + round_up(p->length, share_page);
	const uintptr_t cover = cover_start(p);
	const size_t size = cover_end(p) - cover;
	int err = 0;

	if (!(p->prot & PROT_WRITE))
		err = sys_mprotect(cover, size, PROT_READ | PROT_WRITE);
	if (!err && start < last)
		memset((void *)start, 0, (last < end ? last : end) - start);
	if (!err && !(p->prot & PROT_WRITE))
		err = sys_mprotect(cover, size, p->prot);
	return err;
}

/* A range within one part. */
static int advise(uintptr_t start, uintptr_t end, int advice)
{
	const enum verdict verdict = judge(advice);
	const struct part *p = piece_at(start, end).part;
	struct edges e = {start, end, false};
	int err = 0;

	if (verdict == IGNORE)
		return 0;
	if (verdict == ZERO && p)
		return zero(p, start, end);
	if (verdict == ORDINARY)
		err = share_make_ordinary(start, end, "madvise()");
	if (verdict == WHOLE)
		err = share_table_room(2);
	if (!err && verdict == WHOLE)
		err = whole_edges(start, end, "madvise()", &e);
	if (!err)
		err = (int)SYS_CALL(SYS_madvise, e.start, e.end - e.start,
				    advice);
	if (!err)
		set_inheritance(start, end, advice);
	return err;
}

/*
 * As the kernel does, goes on after a gap, and says so at the end. But it
 * populates up to a gap only, and knows in advance what is no advice.
 */
static int advise_all(uintptr_t start, uintptr_t end, int advice)
{
	const bool populates =
		advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE;
	int err = (int)SYS_CALL(SYS_madvise, start, 0, advice);
	bool gap = false;

	while (start < end && !err && !(gap && populates)) {
		struct piece piece = piece_at(start, end);

		if (piece.ours && !piece.part)
			gap = true;
		else if (piece.ours)
			err = advise(start, piece.end, advice);
		else
			err = (int)SYS_CALL(SYS_madvise, start,
					    piece.end - start, advice);
		if (err == -ENOMEM && !piece.ours) {
			gap = true;
			err = 0;
		}
		start = piece.end;
	}
	return !err && gap ? -ENOMEM : err;
}

bool share_advise(void *addr, size_t len, int advice, int *err)
{
	sigset_t mask;

	if (!enter(addr, &len, &mask))
		return false;
	*err = advise_all((uintptr_t)addr, (uintptr_t)addr + len, advice);
	window_table_unlock(&mask);
	return true;
}

/* mmap() at a given address */

/* Unmaps tails: the program has nothing there, and wants to. */
static void give_tails(uintptr_t start, uintptr_t end)
{
	while (start < end) {
		struct piece piece = piece_at(start, end);
		struct edges e;

		if (piece.ours && !piece.part &&
		    !whole_edges(start, piece.end, "mmap()", &e) &&
		    e.start < e.end && piece_at(start, end).ours) {
			sys_munmap(e.start, e.end - e.start);
			share_table_cut(e.start, e.end);
		}
		start = piece.end;
	}
}

/* Whether the kernel would map that anywhere. */
static int try_elsewhere(const struct mmap_args *args)
{
	const int flags = args->flags & ~(MAP_FIXED | MAP_FIXED_NOREPLACE);
	long at = sys_mmap(0, args->length, args->prot, flags, args->fd,
			   args->offset);

	if (sys_failed(at))
		return at == -ENODEV ? 0 : (int)at; /* a region, perhaps */
	sys_munmap((uintptr_t)at, args->length);
	return 0;
}

/*
 * Puts a mapping without access into the place of redirected memory: so no
 * other thread can get the addresses before the program's mapping has them.
 */
static int clear(uintptr_t start, uintptr_t end)
{
	struct edges e;
	int err = share_table_room(2);
	long at;

	if (!err)
		err = whole_edges(start, end, "mmap()", &e);
	if (err)
		return err;
	at = sys_mmap(e.start, e.end - e.start, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
		      -1, 0);
	if (sys_failed(at))
		return (int)at;
	share_table_cut(start, end);
	if (e.start < start)
		sys_munmap(e.start, start - e.start);
	if (e.end > end)
		sys_munmap(end, e.end - end);
	return 0;
}

int share_make_room(const struct mmap_args *args)
{
	const uintptr_t start = (uintptr_t)args->addr;
	const bool replaces = !(args->flags & MAP_FIXED_NOREPLACE);
	size_t len = args->length;
	sigset_t mask;
	int err = 0;

	if (!enter(args->addr, &len, &mask))
		return 0;
	if (replaces)
		err = try_elsewhere(args);
	if (!err && replaces)
		err = clear(start, start + len);
	else if (!err)
		give_tails(start, start + len);
	window_table_unlock(&mask);
	return err;
}
