/* SPDX-License-Identifier: MIT */
#include "fuzz/region_model.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "mapping/mapping.h"

#define ACCESS ((uint32_t)(PROT_READ | PROT_WRITE | PROT_EXEC))

void model_init(struct region_model *m)
{
	*m = (struct region_model){0};
	for (int i = 0; i < MODEL_PAGES; i++)
		m->prot[i] = MODEL_UNMAPPED;
}

bool model_is_small(const struct region_model *m)
{
	return m->size <= MODEL_PAGES * MODEL_PAGE;
}

bool model_range(const struct region_model *m, bool absolute, uint64_t at,
		 uint64_t size, uint64_t unit, struct extent *range)
{
	const uint64_t base = absolute ? m->start : 0;
	const uint64_t whole = (size / unit + (size % unit != 0)) * unit;

	if (!m->size || m->ended || !size || at % unit || at < base)
		return false;
	*range = (struct extent){at - base, at - base + whole};
	/* whole is 0 if rounding up has overflowed. */
	return range->start < m->size && whole && whole <= m->size &&
	       range->end <= m->size;
}

static uint64_t first(const struct extent *range)
{
	return range->start / MODEL_PAGE;
}

/* One after the last page; of a region that is not known there is none. */
static uint64_t end(const struct region_model *m, const struct extent *range)
{
	return model_is_small(m) ? range->end / MODEL_PAGE : 0;
}

bool model_has(const struct region_model *m, const struct extent *range,
	       uint32_t prot)
{
	for (uint64_t i = first(range); i < end(m, range); i++)
		if (m->prot[i] == MODEL_UNMAPPED || prot & ~m->prot[i])
			return false;
	return true;
}

void model_map(struct region_model *m, const struct extent *range,
	       uint32_t prot)
{
	for (uint64_t i = first(range); i < end(m, range); i++) {
		m->prot[i] = prot;
		m->byte[i] = 0;
	}
	m->changes++;
}

void model_unmap(struct region_model *m, const struct extent *range)
{
	if (m->gone)
		return;
	for (uint64_t i = first(range); i < end(m, range); i++) {
		m->prot[i] = MODEL_UNMAPPED;
		m->byte[i] = 0;
	}
	m->changes++;
}

static uint32_t after_protect(uint32_t old, uint32_t prot)
{
	const uint32_t lazy = old & MAPPING_LAZY;

	if (prot)
		return prot | lazy;
	/* What never had access has no contents to keep. */
	return lazy | (old & ACCESS ? MAPPING_KEPT : old & MAPPING_KEPT);
}

void model_protect(struct region_model *m, const struct extent *range,
		   uint32_t prot)
{
	for (uint64_t i = first(range); i < end(m, range); i++)
		m->prot[i] = after_protect(m->prot[i], prot);
	m->changes++;
}

void model_drop_contents(struct region_model *m, const struct extent *range)
{
	for (uint64_t i = first(range); i < end(m, range); i++)
		m->byte[i] = 0;
}

void model_end(struct region_model *m)
{
	const struct extent all = {0, m->size};

	m->ended = true;
	if (m->size)
		model_unmap(m, &all);
}

void model_disown(struct region_model *m)
{
	const struct extent all = {0, m->size};
	const uint64_t changes = m->changes;

	model_unmap(m, &all);
	m->changes = changes;
	m->gone = true;
}

static uint32_t flags_of(uint32_t prot)
{
	return (prot & MAPPING_LAZY ? MSHARE_MAPPING_LAZY : 0) |
	       (prot & MAPPING_KEPT ? MSHARE_MAPPING_KEPT : 0);
}

static bool is_alike(const struct mshare_status_mapping *a,
		     const struct mshare_status_mapping *b)
{
	return a->prot == b->prot &&
	       (a->flags & ~MSHARE_MAPPING_AT_MOST) ==
		       (b->flags & ~MSHARE_MAPPING_AT_MOST);
}

/* Ascending, in the region, and those that are alike are one. */
static void check_order(const struct region_model *m,
			const struct mshare_status_mapping *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		FUZZ_CHECK(v[i].start < v[i].end && v[i].end <= m->size);
		FUZZ_CHECK(!i || v[i - 1].end < v[i].start ||
			   (v[i - 1].end == v[i].start &&
			    !is_alike(&v[i - 1], &v[i])));
	}
}

void model_check_maps(const struct region_model *m,
		      const struct mshare_status_mapping *v, size_t n)
{
	uint64_t at = 0;

	check_order(m, v, n);
	if (!model_is_small(m))
		return;
	for (size_t i = 0; i < n; i++) {
		for (; at < v[i].start / MODEL_PAGE; at++)
			FUZZ_CHECK(m->prot[at] == MODEL_UNMAPPED);
		for (; at < v[i].end / MODEL_PAGE; at++) {
			FUZZ_CHECK((m->prot[at] & ACCESS) == v[i].prot);
			FUZZ_CHECK(flags_of(m->prot[at]) ==
				   (v[i].flags & ~MSHARE_MAPPING_AT_MOST));
		}
	}
	for (; at < m->size / MODEL_PAGE; at++)
		FUZZ_CHECK(m->prot[at] == MODEL_UNMAPPED);
}

static bool is_usable(uint32_t prot)
{
	return prot != MODEL_UNMAPPED && prot & ACCESS;
}

static bool is_eager(uint32_t prot)
{
	return is_usable(prot) && !(prot & MAPPING_LAZY);
}

/* Whether a mapping in the page of the backing is so. */
static bool any_in(const struct region_model *m, uint64_t huge,
		   bool (*is_so)(uint32_t prot))
{
	for (uint64_t i = 0; i < MODEL_HUGE; i++)
		if (is_so(m->prot[huge * MODEL_HUGE + i]))
			return true;
	return false;
}

void model_check_region(const struct region_model *m,
			const struct mshare_status_region *status,
			uint64_t kept)
{
	uint64_t mapped = 0, eager = 0;

	FUZZ_CHECK(status->start == m->start && status->size == m->size);
	FUZZ_CHECK(status->changes == m->changes);
	FUZZ_CHECK(status->flags ==
		   ((m->ended ? MSHARE_REGION_ENDED : 0) |
		    (m->owned ? MSHARE_REGION_OWNED : 0) |
		    (m->readable ? MSHARE_REGION_READABLE : 0)));
	if (!model_is_small(m))
		return;
	for (uint64_t i = 0; i < m->size / MODEL_PAGE; i++)
		mapped += m->prot[i] == MODEL_UNMAPPED ? 0 : MODEL_PAGE;
	for (uint64_t i = 0; i < m->size / MODEL_PAGE / MODEL_HUGE; i++)
		eager += any_in(m, i, is_eager) ? MODEL_HUGE * MODEL_PAGE : 0;
	FUZZ_CHECK(status->mapped == mapped);
	FUZZ_CHECK(status->promised == eager + kept);
	FUZZ_CHECK(status->present >= eager + kept);
}

static void check_present(const struct region_model *m, int fd, uint64_t huge)
{
	const off_t at = (off_t)(huge * MODEL_HUGE * MODEL_PAGE);
	const off_t end = at + (off_t)(MODEL_HUGE * MODEL_PAGE);
	const off_t data = lseek(fd, at, SEEK_DATA);

	if (any_in(m, huge, is_eager))
		FUZZ_CHECK(data == at && lseek(fd, at, SEEK_HOLE) >= end);
	else if (!any_in(m, huge, is_usable))
		FUZZ_CHECK(data < 0 || data >= end);
}

void model_check_file(const struct region_model *m, int fd)
{
	if (!model_is_small(m) || fd < 0)
		return;
	for (uint64_t i = 0; i < m->size / MODEL_PAGE / MODEL_HUGE; i++)
		check_present(m, fd, i);
	for (uint64_t i = 0; i < m->size / MODEL_PAGE; i++) {
		uint8_t byte;

		if (!is_usable(m->prot[i]))
			continue;
		FUZZ_CHECK(pread(fd, &byte, 1, (off_t)(i * MODEL_PAGE)) == 1);
		FUZZ_CHECK(byte == m->byte[i]);
	}
}
