/* SPDX-License-Identifier: MIT */
/* The tree of mappings: inserts, removes, splits and merges ranges. */
#include "mapping/mapping.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

static int mapping_cmp(const struct mapping *a, const struct mapping *b)
{
	return (a->start > b->start) - (a->start < b->start);
}

TREE_GENERATE(mapping_head, mapping, entry, mapping_cmp)

void mapping_tree_init(struct mapping_tree *tree)
{
	RB_INIT(&tree->head);
	tree->bytes = 0;
	tree->n = 0;
}

static void link_node(struct mapping_tree *tree, struct mapping *m)
{
	struct mapping *clash = RB_INSERT(mapping_head, &tree->head, m);

	assert(!clash);
	tree->bytes += m->end - m->start;
	tree->n++;
}

static void unlink_node(struct mapping_tree *tree, struct mapping *m)
{
	RB_REMOVE(mapping_head, &tree->head, m);
	tree->bytes -= m->end - m->start;
	tree->n--;
	free(m);
}

void mapping_tree_free(struct mapping_tree *tree)
{
	struct mapping *m, *next;

	RB_FOREACH_SAFE (m, mapping_head, &tree->head, next)
		unlink_node(tree, m);
}

int mapping_spare_get(struct mapping_spare *spare)
{
	for (size_t i = 0; i < 2; i++)
		spare->node[i] = malloc(sizeof(struct mapping));
	if (spare->node[0] && spare->node[1])
		return 0;
	mapping_spare_free(spare);
	return -ENOMEM;
}

void mapping_spare_free(struct mapping_spare *spare)
{
	for (size_t i = 0; i < 2; i++) {
		free(spare->node[i]);
		spare->node[i] = NULL;
	}
}

static struct mapping *spare_take(struct mapping_spare *spare)
{
	size_t i = spare->node[0] ? 0 : 1;
	struct mapping *m = spare->node[i];

	assert(m);
	spare->node[i] = NULL;
	return m;
}

struct mapping *mapping_find(struct mapping_tree *tree, uint64_t offset)
{
	struct mapping *m = RB_ROOT(&tree->head), *found = NULL;

	while (m) {
		if (m->end <= offset) {
			m = RB_RIGHT(m, entry);
		} else {
			found = m;
			m = RB_LEFT(m, entry);
		}
	}
	return found;
}

struct mapping *mapping_next(struct mapping *mapping)
{
	return RB_NEXT(mapping_head, NULL, mapping);
}

static void resize(struct mapping_tree *tree, struct mapping *m, uint64_t start,
		   uint64_t end)
{
	/* The order of the nodes does not change, so m stays in its place. */
	tree->bytes -= m->end - m->start;
	m->start = start;
	m->end = end;
	tree->bytes += end - start;
}

void mapping_remove(struct mapping_tree *tree, uint64_t start, uint64_t end,
		    struct mapping_spare *spare)
{
	struct mapping *m = mapping_find(tree, start), *next;

	for (; m && m->start < end; m = next) {
		next = mapping_next(m);
		if (m->start < start && m->end > end) {
			struct mapping *tail = spare_take(spare);

			tail->start = end;
			tail->end = m->end;
			tail->prot = m->prot;
			resize(tree, m, m->start, start);
			link_node(tree, tail);
		} else if (m->start < start) {
			resize(tree, m, m->start, start);
		} else if (m->end > end) {
			resize(tree, m, end, m->end);
		} else {
			unlink_node(tree, m);
		}
	}
}

static void merge(struct mapping_tree *tree, struct mapping *a,
		  struct mapping *b)
{
	uint64_t end;

	if (!a || !b || a->end != b->start || a->prot != b->prot)
		return;
	end = b->end;
	unlink_node(tree, b);
	resize(tree, a, a->start, end);
}

void mapping_insert(struct mapping_tree *tree, uint64_t start, uint64_t end,
		    uint32_t prot, struct mapping_spare *spare)
{
	struct mapping *m;

	mapping_remove(tree, start, end, spare);
	m = spare_take(spare);
	m->start = start;
	m->end = end;
	m->prot = prot;
	link_node(tree, m);
	merge(tree, m, mapping_next(m));
	merge(tree, RB_PREV(mapping_head, NULL, m), m);
}

/* What a mapping becomes when mprotect() asks for prot. */
static uint32_t protected_as(uint32_t old, uint32_t prot)
{
	uint32_t lazy = old & MAPPING_LAZY;

	if (prot_is_usable(prot))
		return prot | lazy;
	return lazy | (prot_is_usable(old) ? MAPPING_KEPT : old & MAPPING_KEPT);
}

/* Splits the mapping that holds offset, unless it begins there. */
static void split(struct mapping_tree *tree, uint64_t offset,
		  struct mapping_spare *spare)
{
	struct mapping *m = mapping_find(tree, offset), *tail;

	if (!m || m->start >= offset)
		return;
	tail = spare_take(spare);
	*tail = (struct mapping){
		.start = offset, .end = m->end, .prot = m->prot};
	resize(tree, m, m->start, offset);
	link_node(tree, tail);
}

void mapping_protect(struct mapping_tree *tree, uint64_t start, uint64_t end,
		     uint32_t prot, struct mapping_spare *spare)
{
	struct mapping *m, *before;

	split(tree, start, spare);
	split(tree, end, spare);
	m = mapping_find(tree, start);
	for (; m && m->start < end; m = mapping_next(m)) {
		m->prot = protected_as(m->prot, prot);
		before = RB_PREV(mapping_head, NULL, m);
		/* merge() frees its second node. */
		if (before && before->end == m->start &&
		    before->prot == m->prot) {
			merge(tree, before, m);
			m = before;
		}
	}
	if (m)
		merge(tree, RB_PREV(mapping_head, NULL, m), m);
}

bool mapping_is_whole(struct mapping_tree *tree, uint64_t start, uint64_t end)
{
	struct mapping *m = mapping_find(tree, start);

	for (; m && m->start <= start && start < end; m = mapping_next(m))
		start = m->end;
	return start >= end;
}

int mapping_copy(struct mapping_tree *tree, uint64_t start, uint64_t end,
		 struct mapping_tree *copy)
{
	struct mapping *m = mapping_find(tree, start), *node;

	mapping_tree_init(copy);
	for (; m && m->start < end; m = mapping_next(m)) {
		node = malloc(sizeof(*node));
		if (!node) {
			mapping_tree_free(copy);
			return -ENOMEM;
		}
		*node = *m;
		link_node(copy, node);
	}
	return 0;
}

static bool is_in(const struct mapping *m, enum mapping_class which)
{
	bool usable = prot_is_usable(m->prot);

	switch (which) {
	case MAPPINGS_ALL:
		return true;
	case MAPPINGS_USABLE:
		return usable;
	case MAPPINGS_WRITABLE:
		return m->prot & PROT_WRITE;
	case MAPPINGS_EAGER:
		return usable && !(m->prot & MAPPING_LAZY);
	case MAPPINGS_LAZY:
		return usable && m->prot & MAPPING_LAZY;
	case MAPPINGS_KEPT:
		return m->prot & MAPPING_KEPT;
	}
	return false;
}

static struct mapping *skip_others(struct mapping *m, enum mapping_class which)
{
	while (m && !is_in(m, which))
		m = mapping_next(m);
	return m;
}

int mapping_pages(struct mapping_tree *tree, uint64_t page, uint64_t start,
		  uint64_t end, enum mapping_class which, bool inside,
		  struct extents *list)
{
	const struct extent all = extent_rounded(start, end, page);
	uint64_t at = all.start, stop = all.end;
	struct mapping *m = mapping_find(tree, at);
	int err = 0;

	*list = (struct extents){0};
	while (at < stop && !err) {
		uint64_t from = stop, to = stop;

		m = skip_others(m, which);
		if (m && m->start < stop) {
			const struct extent pages =
				extent_rounded(m->start, m->end, page);

			from = pages.start;
			to = pages.end;
			m = mapping_next(m);
		}
		if (from < at)
			from = at; /* the previous one shares this page */
		if (to > stop)
			to = stop;
		if (to <= at)
			continue;
		err = inside ? extents_add(list, from, to)
			     : extents_add(list, at, from);
		at = to;
	}
	if (err)
		extents_free(list);
	return err;
}
