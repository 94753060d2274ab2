/* SPDX-License-Identifier: MIT */
/* A sorted array of parts. */
#include "share/share_table.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "common/syscalls.h"
#include "engine/window_table.h"

size_t share_page, share_huge, share_unit;

/*
 * An array that is replaced by a larger one stays mapped, because a reader
 * without the lock may be in it: less than what is in use.
 */
static _Atomic(struct part *) parts;
static atomic_size_t count;
static size_t room;

/* Odd while the array changes. */
static atomic_uint version;

void share_table_begin(void)
{
	atomic_fetch_add(&version, 1);
	atomic_thread_fence(memory_order_seq_cst);
}

void share_table_end(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	atomic_fetch_add(&version, 1);
}

struct part *share_table_at(size_t i)
{
	return i < atomic_load(&count) ? atomic_load(&parts) + i : NULL;
}

static size_t find_in(const struct part *array, size_t n, uintptr_t addr)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (cover_end(&array[middle]) > addr)
			n = middle;
		else
			low = middle + 1;
	}
	return low;
}

size_t share_table_find(uintptr_t addr)
{
	return find_in(atomic_load(&parts), atomic_load(&count), addr);
}

/*
 * Copies the first part whose cover ends after addr, and the one after it.
 * Returns how many there are, or -1 if the array changes all the time.
 */
static int look(uintptr_t addr, struct part found[2])
{
	for (int tries = 0; tries < 100; tries++) {
		unsigned int seen = atomic_load(&version);
		const struct part *array = atomic_load(&parts);
		size_t n = atomic_load(&count), at, got;

		if (seen & 1)
			continue;
		at = find_in(array, n, addr);
		got = n - at < 2 ? n - at : 2;
		if (got)
			memcpy(found, &array[at], got * sizeof(found[0]));
		atomic_thread_fence(memory_order_seq_cst);
		if (atomic_load(&version) == seen)
			return (int)got;
	}
	return -1;
}

bool share_table_touches(uintptr_t addr, size_t len)
{
	struct part found[2];
	int n;

	if (!atomic_load(&count))
		return false;
	n = look(addr, found);
	return n < 0 || (n > 0 && (cover_start(&found[0]) <= addr ||
				   cover_start(&found[0]) - addr < len));
}

bool share_table_is_beyond(uintptr_t addr)
{
	struct part found[2];
	int n = look(addr, found);

	return n > 0 && addr >= found[0].end &&
	       (n < 2 || addr < cover_start(&found[1]));
}

bool share_table_has(uintptr_t start, uintptr_t end)
{
	const struct part *p;
	size_t i = share_table_find(start);

	while ((p = share_table_at(i)) && p->end <= start)
		i++;
	return p && p->start < end && start < end;
}

int share_table_room(size_t n)
{
	size_t have = atomic_load(&count), wanted = room ? room : 16;
	long at;

	if (have + n <= room)
		return 0;
	while (wanted < have + n)
		wanted *= 2;
	at = sys_mmap(0, wanted * sizeof(struct part), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0)
		return -ENOMEM;
	if (have)
		memcpy((void *)at, atomic_load(&parts),
		       have * sizeof(struct part));
	share_table_begin();
	atomic_store(&parts, (struct part *)at);
	room = wanted;
	share_table_end();
	return 0;
}

/* Called between begin and end. */
static void insert(size_t i, const struct part *part)
{
	struct part *array = atomic_load(&parts);
	size_t n = atomic_load(&count);

	memmove(&array[i + 1], &array[i], (n - i) * sizeof(*array));
	array[i] = *part;
	atomic_store(&count, n + 1);
}

void share_table_add(const struct part *part)
{
	share_table_begin();
	insert(share_table_find(part->start), part);
	share_table_end();
	window_table_widen(part->start, cover_end(part) - part->start);
}

void share_table_remove(size_t i)
{
	struct part *array = atomic_load(&parts);
	size_t n = atomic_load(&count) - 1, j = 0;
	const struct witness witness = array[i].witness;

	share_table_begin();
	memmove(&array[i], &array[i + 1], (n - i) * sizeof(*array));
	atomic_store(&count, n);
	share_table_end();
	while (j < n && array[j].witness.id != witness.id)
		j++;
	if (j == n)
		witness_drop(&witness);
}

void share_table_split(uintptr_t addr)
{
	size_t i = share_table_find(addr);
	struct part *p, right;

	/* Parts before addr may have a share in its huge page. */
	while ((p = share_table_at(i)) && p->end <= addr)
		i++;
	if (!p || addr <= p->start || addr >= p->end)
		return;
	right = *p;
	right.start = addr;
	right.offset += addr - p->start;
	share_table_begin();
	p->end = addr;
	p->tail = 0;
	insert(i + 1, &right);
	share_table_end();
}

static bool may_join(const struct part *a, const struct part *b)
{
	return a->object == b->object && a->end == b->start && !a->tail &&
	       a->offset + (a->end - a->start) == b->offset &&
	       a->prot == b->prot && a->stays_behind == b->stays_behind;
}

void share_table_join(void)
{
	struct part *p, *next;

	for (size_t i = 0; (p = share_table_at(i)); i++) {
		while ((next = share_table_at(i + 1)) && may_join(p, next)) {
			share_table_begin();
			p->end = next->end;
			p->tail = next->tail;
			share_table_end();
			share_table_remove(i + 1);
		}
	}
}

void share_table_cut(uintptr_t start, uintptr_t end)
{
	struct part *p;
	size_t i = 0;

	share_table_split(start);
	share_table_split(end);
	while ((p = share_table_at(i))) {
		if (p->start >= start && p->end <= end) {
			share_table_remove(i);
			continue;
		}
		/* The end of a tail; what remains of it is whole pages. */
		if (p->end <= start && p->tail > start) {
			share_table_begin();
			p->tail = round_up(p->end, share_huge);
			share_table_end();
		}
		i++;
	}
}

static bool is_there(const struct part *p)
{
	return p->start < p->end &&
	       !SYS_CALL(SYS_msync, p->start, p->end - p->start, MS_ASYNC);
}

void share_table_adopt(void)
{
	const struct part *p;
	uintptr_t last = 0;
	size_t i = 0;

	if (atomic_load(&version) & 1)
		atomic_fetch_add(&version, 1);
	while ((p = share_table_at(i))) {
		if (p->start < last || p->stays_behind || !is_there(p)) {
			share_table_remove(i);
			continue;
		}
		last = p->end;
		i++;
	}
}
