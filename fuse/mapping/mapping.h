/* SPDX-License-Identifier: MIT */
/*
 * The mappings of a region: an ordered tree of ranges that do not overlap,
 * exact to the byte. Offsets count from the start of the region; ends are
 * exclusive. The caller holds the locks.
 */
#ifndef MAPPING_H
#define MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/extents.h"
#include "base/tree.h"

struct mapping {
	RB_ENTRY(mapping) entry;
	uint64_t start;
	uint64_t end;
	uint32_t prot; /* PROT_*, and MAPPING_* */
};

/* A mapping without any access (PROT_NONE) needs no memory. */
static inline bool prot_is_usable(uint32_t prot)
{
	return prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* Lazy (MAP_NORESERVE): each page gets its memory when it is touched. */
#define MAPPING_LAZY 0x10000U
/* mprotect() took all access away: the contents are kept (prot_none.h). */
#define MAPPING_KEPT 0x20000U

struct mapping_tree {
	RB_HEAD(mapping_head, mapping) head;
	uint64_t bytes; /* sum of the lengths of all ranges */
	uint64_t n;	/* how many */
};

/*
 * Memory for one change, allocated beforehand so that the change itself cannot
 * fail. A new mapping in the middle of another needs two more nodes.
 */
struct mapping_spare {
	struct mapping *node[2];
};

void mapping_tree_init(struct mapping_tree *tree);
void mapping_tree_free(struct mapping_tree *tree);

/* 0 or -ENOMEM. mapping_spare_free() frees what a change did not use. */
int mapping_spare_get(struct mapping_spare *spare);
void mapping_spare_free(struct mapping_spare *spare);

/* mprotect(): gives all mappings in [start, end) this protection. */
void mapping_protect(struct mapping_tree *tree, uint64_t start, uint64_t end,
		     uint32_t prot, struct mapping_spare *spare);

/* Whether all of [start, end) is mapped. */
bool mapping_is_whole(struct mapping_tree *tree, uint64_t start, uint64_t end);

/*
 * Copies the mappings that overlap [start, end), whole. 0, or -ENOMEM and *copy
 * is empty.
 */
int mapping_copy(struct mapping_tree *tree, uint64_t start, uint64_t end,
		 struct mapping_tree *copy);

/*
 * Replaces whatever [start, end) held, and merges the new mapping with adjacent
 * ones of the same protection.
 */
void mapping_insert(struct mapping_tree *tree, uint64_t start, uint64_t end,
		    uint32_t prot, struct mapping_spare *spare);
/* munmap(): the range may contain holes; partial overlaps are cut. */
void mapping_remove(struct mapping_tree *tree, uint64_t start, uint64_t end,
		    struct mapping_spare *spare);

/* The mapping that holds offset, else the first one after it, else NULL. */
struct mapping *mapping_find(struct mapping_tree *tree, uint64_t offset);
struct mapping *mapping_next(struct mapping *mapping);

/* Sets of mappings, by what they allow and when they get memory. */
enum mapping_class {
	MAPPINGS_ALL,
	MAPPINGS_USABLE,   /* any access */
	MAPPINGS_WRITABLE, /* PROT_WRITE */
	MAPPINGS_EAGER,	   /* usable, and memory is allocated when mapped */
	MAPPINGS_LAZY,	   /* usable, and memory is allocated when touched */
	MAPPINGS_KEPT,	   /* not usable, and the contents are kept */
};

/*
 * Lists the huge pages in [start, end), which is extended to whole pages: with
 * inside, those that a mapping of the class overlaps; else those that none
 * overlaps. 0, or -ENOMEM and the list is empty.
 */
int mapping_pages(struct mapping_tree *tree, uint64_t page, uint64_t start,
		  uint64_t end, enum mapping_class which, bool inside,
		  struct extents *list);

#endif
