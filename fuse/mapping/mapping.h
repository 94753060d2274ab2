/* SPDX-License-Identifier: MIT */
/*
 * The mappings of a region: an ordered tree of ranges that do not overlap,
 * kept to the byte. Offsets count from the beginning of the region; ends are
 * exclusive. The caller locks.
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

/* Without any access there is nothing to hold memory for. */
static inline bool prot_is_usable(uint32_t prot)
{
	return prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* It gets its memory page by page, when it is touched (MAP_NORESERVE). */
#define MAPPING_LAZY 0x10000U
/* It was usable before its access was taken away: what it held is kept. */
#define MAPPING_KEPT 0x20000U

struct mapping_tree {
	RB_HEAD(mapping_head, mapping) head;
	uint64_t bytes; /* sum of all ranges */
};

/*
 * Memory for one change, got beforehand so that the change itself cannot fail:
 * a new mapping in the middle of another makes two nodes more.
 */
struct mapping_spare {
	struct mapping *node[2];
};

void mapping_tree_init(struct mapping_tree *tree);
void mapping_tree_free(struct mapping_tree *tree);

/* 0 or -ENOMEM. Give back what a change left over with mapping_spare_free. */
int mapping_spare_get(struct mapping_spare *spare);
void mapping_spare_free(struct mapping_spare *spare);

/* mprotect(): what is mapped in [start, end) is made like that. */
void mapping_protect(struct mapping_tree *tree, uint64_t start, uint64_t end,
		     uint32_t prot, struct mapping_spare *spare);

/* Whether all of [start, end) is mapped. */
bool mapping_is_whole(struct mapping_tree *tree, uint64_t start, uint64_t end);

/* All that touches [start, end), as it is. 0 or -ENOMEM (*copy is empty). */
int mapping_copy(struct mapping_tree *tree, uint64_t start, uint64_t end,
		 struct mapping_tree *copy);

/* Replaces whatever [start, end) held; alike neighbours become one. */
void mapping_insert(struct mapping_tree *tree, uint64_t start, uint64_t end,
		    uint32_t prot, struct mapping_spare *spare);
/* munmap(): holes are fine, partial overlaps are cut. */
void mapping_remove(struct mapping_tree *tree, uint64_t start, uint64_t end,
		    struct mapping_spare *spare);

/* The mapping that holds offset, else the first one behind it, else NULL. */
struct mapping *mapping_find(struct mapping_tree *tree, uint64_t offset);
struct mapping *mapping_next(struct mapping *mapping);

/* Kinds of mappings. One without any access (PROT_NONE) has no memory. */
enum mapping_class {
	MAPPINGS_ALL,
	MAPPINGS_USABLE,   /* some access */
	MAPPINGS_WRITABLE, /* PROT_WRITE */
	MAPPINGS_EAGER,	   /* usable, and its memory is there */
	MAPPINGS_LAZY,	   /* usable, and gets its memory when touched */
	MAPPINGS_KEPT,	   /* not usable; what they held is kept */
};

/*
 * The huge pages that [start, end) touches, as extents of whole pages: those
 * that some mapping of the class overlaps, or (inside is false) that none does.
 * 0 or -ENOMEM; on failure the list is empty.
 */
int mapping_pages(struct mapping_tree *tree, uint64_t page, uint64_t start,
		  uint64_t end, enum mapping_class which, bool inside,
		  struct extents *list);

#endif
