/* SPDX-License-Identifier: MIT */
/*
 * The redirected memory of this process. A part is a run of it that the program
 * has mapped, to the page; the kernel has mapped whole huge pages around it,
 * and after the last part of an object all up to a whole sharing unit.
 *
 * Changes take the lock of the window table. share_table_touches() and
 * share_table_is_beyond() take no lock.
 */
#ifndef SHARE_TABLE_H
#define SHARE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "share/share_witness.h"

struct part {
	uintptr_t start, end; /* what the program has mapped; whole pages */
	uintptr_t tail;	      /* to here the kernel has, too; 0: no tail */
	uint64_t object; /* identifies the memory; several parts share it */
	uint64_t length; /* of the object: what the program asked for */
	uint64_t offset; /* of start in the object */
	struct witness witness;
	int prot;
	bool stays_behind; /* children do not get it: MADV_DONTFORK */
};

/* Set once, before the first part: base page, huge page, sharing unit. */
extern size_t share_page, share_huge, share_unit;

static inline uintptr_t round_down(uintptr_t addr, size_t to)
{
	return addr & ~(uintptr_t)(to - 1);
}

static inline uintptr_t round_up(uintptr_t addr, size_t to)
{
	return round_down(addr + to - 1, to);
}

/* Where the kernel's mapping of a part begins and ends. */
static inline uintptr_t cover_start(const struct part *p)
{
	return round_down(p->start, share_huge);
}

static inline uintptr_t cover_end(const struct part *p)
{
	return p->tail ? p->tail : round_up(p->end, share_huge);
}

/* Whether the kernel may have redirected memory in the range. Takes no lock. */
bool share_table_touches(uintptr_t addr, size_t len);

/* Whether addr is in a tail, where the program has nothing. Takes no lock. */
bool share_table_is_beyond(uintptr_t addr);

/* The caller of all that follows holds the lock. */

/* The parts in the order of their addresses; NULL: there is no such part. */
struct part *share_table_at(size_t i);

/* The index of the first part whose cover ends after addr. */
size_t share_table_find(uintptr_t addr);

/* Whether the program has redirected memory in [start, end). */
bool share_table_has(uintptr_t start, uintptr_t end);

/*
 * Makes room for n more parts. 0 or -ENOMEM. What adds or splits parts cannot
 * fail after it: two for share_table_cut() and share_table_split() at both ends
 * of a range.
 */
int share_table_room(size_t n);

void share_table_add(const struct part *part);
void share_table_remove(size_t i);

/* Lets a part end and another begin at addr, if a part is there. */
void share_table_split(uintptr_t addr);

/* Joins parts that differ in nothing. */
void share_table_join(void);

/* Forgets [start, end), and what the kernel had of tails in it. */
void share_table_cut(uintptr_t start, uintptr_t end);

/*
 * In a child that is made without fork handlers, perhaps in the middle of a
 * change: forgets what it does not have.
 */
void share_table_adopt(void);

/* For readers that take no lock: parts change from here to there. */
void share_table_begin(void);
void share_table_end(void);

#endif
