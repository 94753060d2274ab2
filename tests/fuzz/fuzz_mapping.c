/* SPDX-License-Identifier: MIT */
/*
 * Changes a tree of mappings as the input says, beside an array of one entry
 * per byte, and compares: mappings, pages of each class, and what is demanded
 * of windows.
 */
#include "fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>

#include "mapping/mapping.h"
#include "mapping/protection.h"

#define BYTES 256
#define PAGE 8
#define UNMAPPED UINT32_MAX

static struct mapping_tree tree;
static uint32_t model[BYTES];

static void check_tree(void)
{
	uint64_t at = 0, bytes = 0;
	struct mapping *m, *last = NULL;

	for (m = mapping_find(&tree, 0); m; last = m, m = mapping_next(m)) {
		FUZZ_CHECK(at <= m->start && m->start < m->end &&
			   m->end <= BYTES);
		/* Those that are alike are one. */
		FUZZ_CHECK(!last || last->end != m->start ||
			   last->prot != m->prot);
		for (; at < m->start; at++)
			FUZZ_CHECK(model[at] == UNMAPPED);
		for (; at < m->end; at++)
			FUZZ_CHECK(model[at] == m->prot);
		bytes += m->end - m->start;
	}
	for (; at < BYTES; at++)
		FUZZ_CHECK(model[at] == UNMAPPED);
	FUZZ_CHECK(bytes == tree.bytes);
}

/* Written again, not called: it judges what mapping.c finds. */
static bool in_class(uint32_t prot, enum mapping_class which)
{
	bool usable = prot & (PROT_READ | PROT_WRITE | PROT_EXEC);

	if (prot == UNMAPPED)
		return false;
	switch (which) {
	case MAPPINGS_ALL:
		return true;
	case MAPPINGS_USABLE:
		return usable;
	case MAPPINGS_WRITABLE:
		return prot & PROT_WRITE;
	case MAPPINGS_EAGER:
		return usable && !(prot & MAPPING_LAZY);
	case MAPPINGS_LAZY:
		return usable && prot & MAPPING_LAZY;
	case MAPPINGS_KEPT:
		return !usable && prot & MAPPING_KEPT;
	}
	return false;
}

static bool page_has(uint64_t page, enum mapping_class which)
{
	for (uint64_t at = page * PAGE; at < (page + 1) * PAGE; at++)
		if (in_class(model[at], which))
			return true;
	return false;
}

static bool listed(const struct extents *list, uint64_t at)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].start <= at && at < list->v[i].end)
			return true;
	return false;
}

static void check_pages(uint64_t start, uint64_t end, enum mapping_class which,
			bool inside)
{
	struct extents list;

	FUZZ_CHECK(
		!mapping_pages(&tree, PAGE, start, end, which, inside, &list));
	for (uint64_t page = 0; page < BYTES / PAGE; page++) {
		bool asked = page >= start / PAGE && page * PAGE < end;

		FUZZ_CHECK(listed(&list, page * PAGE) ==
			   (asked && page_has(page, which) == inside));
	}
	extents_free(&list);
}

static uint32_t mode_of(uint64_t page)
{
	uint32_t mode = 0;

	/* Kept mappings have no access, and protect their pages. */
	if ((page_has(page, MAPPINGS_USABLE) ||
	     page_has(page, MAPPINGS_KEPT)) &&
	    !page_has(page, MAPPINGS_WRITABLE))
		mode |= PAGE_PROTECTED;
	if (page_has(page, MAPPINGS_LAZY) && !page_has(page, MAPPINGS_EAGER))
		mode |= PAGE_OPEN;
	return mode;
}

static void check_protection(void)
{
	struct protection all;
	uint64_t at = 0;

	FUZZ_CHECK(!protection_read(&tree, PAGE, 0, BYTES, &all));
	for (size_t i = 0; i < all.n; i++) {
		FUZZ_CHECK(all.v[i].start == at);
		for (; at < all.v[i].end; at += PAGE)
			FUZZ_CHECK(all.v[i].mode == mode_of(at / PAGE));
	}
	FUZZ_CHECK(at == BYTES);
	protection_free(&all);
}

static uint32_t after_protect(uint32_t old, uint32_t prot)
{
	uint32_t lazy = old & MAPPING_LAZY;

	if (prot & (PROT_READ | PROT_WRITE | PROT_EXEC))
		return prot | lazy;
	/* The contents are kept; what never had access has none to keep. */
	return lazy | (old & (PROT_READ | PROT_WRITE | PROT_EXEC)
			       ? MAPPING_KEPT
			       : old & MAPPING_KEPT);
}

static void change(struct fuzz_input *in)
{
	static const uint32_t prots[] = {
		PROT_READ | PROT_WRITE,
		PROT_READ,
		PROT_NONE,
		PROT_EXEC,
		PROT_READ | PROT_WRITE | MAPPING_LAZY,
		PROT_READ | MAPPING_LAZY,
		PROT_NONE | MAPPING_LAZY,
		PROT_WRITE,
	};
	uint32_t op = fuzz_byte(in), prot = prots[op >> 2 & 7];
	uint64_t start = fuzz_byte(in), end = start + fuzz_byte(in);
	struct mapping_spare spare;

	if (end > BYTES)
		end = BYTES;
	if (start == end)
		return;
	FUZZ_CHECK(!mapping_spare_get(&spare));
	if ((op & 3) <= 1) {
		mapping_insert(&tree, start, end, prot, &spare);
		for (uint64_t i = start; i < end; i++)
			model[i] = prot;
	} else if ((op & 3) == 2) {
		mapping_remove(&tree, start, end, &spare);
		for (uint64_t i = start; i < end; i++)
			model[i] = UNMAPPED;
	} else if (mapping_is_whole(&tree, start, end)) {
		prot &= ~MAPPING_LAZY;
		mapping_protect(&tree, start, end, prot, &spare);
		for (uint64_t i = start; i < end; i++)
			model[i] = after_protect(model[i], prot);
	}
	mapping_spare_free(&spare);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {.at = data, .left = size};
	uint64_t start, end;

	mapping_tree_init(&tree);
	for (size_t i = 0; i < BYTES; i++)
		model[i] = UNMAPPED;
	while (fuzz_more(&in)) {
		change(&in);
		check_tree();
	}
	start = size ? data[0] : 0;
	end = start + 1 + (size > 1 ? data[1] % (BYTES - start) : 0);
	for (int which = MAPPINGS_ALL; which <= MAPPINGS_KEPT; which++) {
		check_pages(0, BYTES, (enum mapping_class)which, true);
		check_pages(start, end, (enum mapping_class)which, false);
		check_pages(start, end, (enum mapping_class)which, true);
	}
	check_protection();
	mapping_tree_free(&tree);
	FUZZ_CHECK(!tree.bytes);
	return 0;
}
