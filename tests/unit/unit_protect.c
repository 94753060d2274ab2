/* SPDX-License-Identifier: MIT */
/*
 * Changing protections and giving advice: by hand, and as random sequences of
 * all changes beside a model that says, for each page, what it must hold. The
 * backing is as in unit_change.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "change/advise.h"
#include "region/prot_none.h"
#include "memory/present_pages.h"

#define HUGE 4 /* pages in a huge page */
#define HUGES 8
#define UNITS (HUGES * HUGE)

#include "harness/small_region.h"

static struct extent range_of(uint64_t start, uint64_t end)
{
	return (struct extent){start * unit, end * unit};
}

static int map(uint64_t start, uint64_t end, uint32_t prot)
{
	const struct extent range = range_of(start, end);

	return region_map(region, &range, prot, NULL);
}

static int unmap(uint64_t start, uint64_t end)
{
	const struct extent range = range_of(start, end);

	return region_unmap(region, &range);
}

static int protect(uint64_t start, uint64_t end, uint32_t prot)
{
	const struct extent range = range_of(start, end);

	return region_protect(region, &range, prot, NULL);
}

static int advise(uint64_t start, uint64_t end, int advice)
{
	const struct extent range = range_of(start, end);

	return region_advise(region, &range, (uint32_t)advice, NULL);
}

/* Pages of the file that are there, without making any. */
static uint64_t in_file(void)
{
	return present_bytes(region->fd) / unit;
}

static uint64_t in_kept_file(void)
{
	return present_bytes(region->kept_fd) / unit;
}

static void there_and_back(void)
{
	set_up();
	CU_ASSERT(!map(0, 2 * HUGE, RW));
	fill(0, 2 * HUGE, 'a');
	CU_ASSERT(!protect(0, HUGE, PROT_NONE));
	/* It is in no window any more, and still counted. */
	CU_ASSERT(in_file() == HUGE && in_kept_file() == HUGE);
	CU_ASSERT(held() == 2 * HUGE && holds(HUGE, 2 * HUGE, 'a'));
	CU_ASSERT(!protect(0, HUGE, PROT_NONE));
	CU_ASSERT(in_file() == HUGE && in_kept_file() == HUGE);
	CU_ASSERT(!protect(0, HUGE, PROT_READ) && holds(0, HUGE, 'a'));
	CU_ASSERT(in_file() == 2 * HUGE && in_kept_file() == 0);
	CU_ASSERT(held() == 2 * HUGE);
	tear_down();
}

/* Of a huge page, the mappings in it decide together. */
static void pieces(void)
{
	set_up();
	CU_ASSERT(!map(0, HUGE, RW));
	fill(0, 1, 'a');
	fill(1, HUGE, 'b');
	CU_ASSERT(!protect(0, 1, PROT_NONE));
	CU_ASSERT(in_file() == HUGE && in_kept_file() == 0);
	CU_ASSERT(!protect(1, HUGE, PROT_NONE));
	CU_ASSERT(in_file() == 0 && in_kept_file() == HUGE);
	/* What is mapped anew beside it brings it back. */
	CU_ASSERT(!map(2, 3, RW) && holds(2, 3, 0));
	CU_ASSERT(holds(0, 1, 'a') && holds(1, 2, 'b') && holds(3, HUGE, 'b'));
	CU_ASSERT(in_file() == HUGE && in_kept_file() == 0);
	/* And takes it away again. */
	CU_ASSERT(!unmap(2, 3));
	CU_ASSERT(in_file() == 0 && in_kept_file() == HUGE);
	CU_ASSERT(held() == HUGE);
	CU_ASSERT(!protect(3, HUGE, PROT_READ) && holds(3, HUGE, 'b'));
	CU_ASSERT(!unmap(0, UNITS) && held() == 0);
	CU_ASSERT(in_file() == 0 && in_kept_file() == 0);
	tear_down();
}

/* The same by what gets its memory later */
static void lazy_beside_kept(void)
{
	set_up();
	CU_ASSERT(!map(0, 2, RW));
	fill(0, 2, 'a');
	CU_ASSERT(!protect(0, 2, PROT_NONE));
	CU_ASSERT(!map(2, 3, RW | MAPPING_LAZY) && holds(2, 3, 0));
	CU_ASSERT(holds(0, 2, 'a'));
	CU_ASSERT(!protect(0, 2, RW) && holds(0, 2, 'a'));
	tear_down();
}

static void kept_is_dropped(void)
{
	set_up();
	CU_ASSERT(!map(0, 4 * HUGE, RW));
	fill(0, 4 * HUGE, 'a');
	CU_ASSERT(!protect(0, 4 * HUGE, PROT_NONE));
	CU_ASSERT(!unmap(0, HUGE) && !map(HUGE, 2 * HUGE, RW));
	CU_ASSERT(holds(HUGE, 2 * HUGE, 0));
	CU_ASSERT(!map(2 * HUGE, 3 * HUGE, PROT_NONE));
	CU_ASSERT(in_kept_file() == HUGE && held() == 2 * HUGE);
	CU_ASSERT(!protect(2 * HUGE, 4 * HUGE, RW));
	CU_ASSERT(holds(2 * HUGE, 3 * HUGE, 0));
	CU_ASSERT(holds(3 * HUGE, 4 * HUGE, 'a'));
	CU_ASSERT(held() == 3 * HUGE);
	tear_down();
}

static void lazy(void)
{
	set_up();
	CU_ASSERT(!map(0, 3 * HUGE, RW | MAPPING_LAZY) && held() == 0);
	fill(HUGE, 2 * HUGE, 'a');
	CU_ASSERT(!protect(0, 3 * HUGE, PROT_NONE));
	CU_ASSERT(in_file() == 0 && in_kept_file() == HUGE);
	CU_ASSERT(held() == HUGE);
	CU_ASSERT(!protect(0, 3 * HUGE, RW) && held() == 0);
	CU_ASSERT(in_file() == HUGE && holds(HUGE, 2 * HUGE, 'a'));
	tear_down();
}

/* What never had access has nothing to keep, and gets memory now. */
static void never_had_access(void)
{
	set_up();
	CU_ASSERT(!map(0, HUGE, PROT_NONE) && held() == 0);
	CU_ASSERT(!protect(0, HUGE, RW) && held() == HUGE);
	CU_ASSERT(in_file() == HUGE && holds(0, HUGE, 0));
	backing.max_size = HUGE * unit;
	CU_ASSERT(!map(HUGE, 2 * HUGE, PROT_NONE));
	CU_ASSERT(protect(HUGE, 2 * HUGE, PROT_READ) == -ENOMEM);
	CU_ASSERT(held() == HUGE && in_file() == HUGE);
	tear_down();
}

static void no_memory(void)
{
	set_up();
	CU_ASSERT(!map(0, 3 * HUGE, RW));
	fill(0, 3 * HUGE, 'a');
	backing.max_size = 4 * HUGE * unit;
	/* For a moment it is there twice. */
	CU_ASSERT(protect(0, 2 * HUGE, PROT_NONE) == -ENOMEM);
	CU_ASSERT(holds(0, 3 * HUGE, 'a') && held() == 3 * HUGE);
	CU_ASSERT(in_kept_file() == 0);
	CU_ASSERT(!protect(0, HUGE, PROT_NONE));
	CU_ASSERT(!protect(HUGE, 2 * HUGE, PROT_NONE));
	CU_ASSERT(held() == 3 * HUGE);
	CU_ASSERT(protect(0, 2 * HUGE, RW) == -ENOMEM);
	CU_ASSERT(in_file() == HUGE && in_kept_file() == 2 * HUGE);
	backing.max_size = 6 * HUGE * unit;
	CU_ASSERT(!protect(0, 2 * HUGE, RW) && holds(0, 3 * HUGE, 'a'));
	tear_down();
}

static void stopped(void)
{
	const struct extent range = range_of(0, 2 * HUGE);
	atomic_bool stop = true;

	set_up();
	CU_ASSERT(!map(0, 2 * HUGE, RW));
	fill(0, 2 * HUGE, 'a');
	CU_ASSERT(region_protect(region, &range, PROT_NONE, &stop) == -EINTR);
	CU_ASSERT(holds(0, 2 * HUGE, 'a') && in_kept_file() == 0);
	CU_ASSERT(!protect(0, 2 * HUGE, PROT_NONE));
	CU_ASSERT(region_protect(region, &range, RW, &stop) == -EINTR);
	CU_ASSERT(in_file() == 0 && in_kept_file() == 2 * HUGE);
	CU_ASSERT(held() == 2 * HUGE && !protect(0, 2 * HUGE, RW));
	CU_ASSERT(holds(0, 2 * HUGE, 'a'));
	tear_down();
}

static void wrong(void)
{
	set_up();
	CU_ASSERT(protect(0, 1, RW) == -ENOMEM);
	CU_ASSERT(!map(0, 3, RW) && !map(4, 6, RW));
	CU_ASSERT(protect(0, 6, PROT_READ) == -ENOMEM);
	CU_ASSERT(protect(0, 3, PROT_READ | PROT_GROWSDOWN) == -EINVAL);
	CU_ASSERT(mapping_find(&region->maps, 0)->prot == RW);
	CU_ASSERT(advise(0, 6, MADV_DONTNEED) == -ENOMEM);
	CU_ASSERT(advise(0, 3, MADV_WILLNEED) == -EINVAL);
	CU_ASSERT(!protect(0, 3, PROT_READ));
	CU_ASSERT(advise(0, 3, MADV_POPULATE_WRITE) == -EINVAL);
	region_end(region);
	CU_ASSERT(protect(0, 3, RW) == -EINVAL);
	CU_ASSERT(advise(0, 3, MADV_DONTNEED) == -EINVAL);
	tear_down();
}

static void dont_need(void)
{
	set_up();
	CU_ASSERT(!map(0, 3 * HUGE, RW));
	CU_ASSERT(!map(3 * HUGE, 6 * HUGE, RW | MAPPING_LAZY));
	fill(0, 6 * HUGE, 'a');
	CU_ASSERT(!advise(1, 6 * HUGE - 1, MADV_DONTNEED));
	/* Promised memory stays; lazy memory goes, in the file's own pages. */
	CU_ASSERT(in_file() == 3 * HUGE + 1 && held() == 3 * HUGE);
	CU_ASSERT(holds(0, 1, 'a') && holds(1, 6 * HUGE - 1, 0));
	CU_ASSERT(holds(6 * HUGE - 1, 6 * HUGE, 'a'));
	/* What is kept, too */
	fill(0, 3 * HUGE, 'b');
	CU_ASSERT(!protect(0, 2 * HUGE, PROT_NONE));
	CU_ASSERT(!advise(0, HUGE + 1, MADV_DONTNEED));
	CU_ASSERT(!protect(0, 2 * HUGE, RW) && holds(0, HUGE + 1, 0));
	CU_ASSERT(holds(HUGE + 1, 2 * HUGE, 'b'));
	tear_down();
}

static void populate(void)
{
	set_up();
	CU_ASSERT(!map(0, 3 * HUGE, RW | MAPPING_LAZY));
	fill(HUGE, 2 * HUGE, 'a');
	CU_ASSERT(!advise(0, 2 * HUGE, MADV_POPULATE_WRITE));
	CU_ASSERT(in_file() == 2 * HUGE && holds(HUGE, 2 * HUGE, 'a'));
	CU_ASSERT(held() == 0);
	CU_ASSERT(!advise(0, 2 * HUGE, MADV_POPULATE_WRITE));
	CU_ASSERT(!advise(0, 2 * HUGE, MADV_DONTNEED) && in_file() == 0);
	tear_down();
}

/* A random sequence beside a model */

struct page {
	bool mapped;
	uint32_t prot; /* PROT_*, and MAPPING_LAZY */
	bool kept;     /* without access, it was usable before */
	char byte;     /* what it holds */
};

static struct page model[UNITS];
static unsigned int random_state;

static unsigned int roll(unsigned int n)
{
	random_state = random_state * 1103515245 + 12345;
	return (random_state >> 16) % n;
}

static uint32_t random_prot(void)
{
	static const uint32_t prots[] = {PROT_NONE, PROT_NONE, PROT_READ, RW,
					 RW};

	return prots[roll(5)];
}

static bool is_usable(const struct page *p)
{
	return p->mapped && p->prot & RW;
}

static bool is_eager(const struct page *p)
{
	return is_usable(p) && !(p->prot & MAPPING_LAZY);
}

/* Where the model says nothing, the memory may hold anything. */
static bool page_is(uint64_t first, bool (*is)(const struct page *))
{
	for (uint64_t i = first; i < first + HUGE; i++)
		if (is(&model[i]))
			return true;
	return false;
}

static bool has_kept(const struct page *p)
{
	return p->mapped && p->kept;
}

static void model_map(uint64_t start, uint64_t end, uint32_t prot)
{
	for (uint64_t i = start; i < end; i++)
		model[i] = (struct page){.mapped = true, .prot = prot};
}

static void model_protect(uint64_t start, uint64_t end, uint32_t prot)
{
	for (uint64_t i = start; i < end; i++) {
		model[i].kept =
			!prot && (is_usable(&model[i]) || model[i].kept);
		model[i].prot = prot | (model[i].prot & MAPPING_LAZY);
	}
}

static bool is_whole(uint64_t start, uint64_t end)
{
	for (uint64_t i = start; i < end; i++)
		if (!model[i].mapped)
			return false;
	return true;
}

static void model_forget(uint64_t start, uint64_t end)
{
	for (uint64_t i = start; i < end; i++)
		model[i].byte = 0;
}

/* Only what may be written, as programs do */
static void scribble(uint64_t start, uint64_t end)
{
	for (uint64_t i = start; i < end; i++) {
		if (!model[i].mapped || !(model[i].prot & PROT_WRITE))
			continue;
		model[i].byte = (char)('a' + roll(26));
		fill(i, i + 1, model[i].byte);
	}
}

static void random_change(void)
{
	uint64_t a = roll(UNITS), b = roll(UNITS);
	uint64_t start = a < b ? a : b, end = (a < b ? b : a) + 1;
	uint32_t lazy_too = roll(3) ? 0 : MAPPING_LAZY;
	uint32_t prot = random_prot();

	switch (roll(8)) {
	case 0:
	case 1:
		CU_ASSERT(!map(start, end, prot | lazy_too));
		model_map(start, end, prot | lazy_too);
		break;
	case 2:
		CU_ASSERT(!unmap(start, end));
		memset(model + start, 0, (end - start) * sizeof(model[0]));
		break;
	case 3:
		if (is_whole(start, end)) {
			CU_ASSERT(!advise(start, end, MADV_DONTNEED));
			model_forget(start, end);
		} else {
			CU_ASSERT(advise(start, end, MADV_DONTNEED) == -ENOMEM);
		}
		break;
	default:
		if (is_whole(start, end)) {
			CU_ASSERT(!protect(start, end, prot));
			model_protect(start, end, prot);
		} else {
			CU_ASSERT(protect(start, end, prot) == -ENOMEM);
		}
	}
	scribble(start, end);
}

/* Where memory is promised, or kept: none beyond that, and none less. */
static void judge_memory(void)
{
	uint64_t promised = 0, kept = 0, usable = 0;

	for (uint64_t i = 0; i < UNITS; i += HUGE) {
		promised += page_is(i, is_eager) ? HUGE : 0;
		usable += page_is(i, is_usable) ? HUGE : 0;
		kept += !page_is(i, is_usable) && page_is(i, has_kept) ? HUGE
								       : 0;
	}
	CU_ASSERT(in_kept_file() <= kept);
	CU_ASSERT(held() == promised + in_kept_file());
	CU_ASSERT(in_file() >= promised && in_file() <= usable);
	CU_ASSERT(extents_bytes(&region->kept) == in_kept_file() * unit);
}

static void judge_content(void)
{
	for (uint64_t i = 0; i < UNITS; i++)
		if (is_usable(&model[i]) && !holds(i, i + 1, model[i].byte)) {
			CU_FAIL("a page holds what it should not");
			printf("page %" PRIu64 ": %02x, not %02x\n", i,
			       (unsigned char)window[i * unit],
			       (unsigned char)model[i].byte);
			return;
		}
}

#define SEEDS 200
#define CHANGES 300

static void random_changes(void)
{
	for (unsigned int seed = 1; seed <= SEEDS; seed++) {
		unsigned int before = CU_get_number_of_failures();

		random_state = seed;
		memset(model, 0, sizeof(model));
		set_up();
		for (int i = 0; i < CHANGES; i++) {
			random_change();
			judge_memory();
			judge_content();
			if (CU_get_number_of_failures() != before) {
				printf("seed %u, change %d\n", seed, i);
				return;
			}
		}
		/* All is brought back to be looked at. */
		for (uint64_t i = 0; i < UNITS; i++)
			if (model[i].mapped) {
				CU_ASSERT(!protect(i, i + 1, RW));
				model_protect(i, i + 1, RW);
			}
		judge_content();
		if (CU_get_number_of_failures() != before) {
			printf("seed %u\n", seed);
			return;
		}
		tear_down();
	}
}

static const struct test tests[] = {
	{"there and back", there_and_back},
	{"pieces", pieces},
	{"lazy beside kept", lazy_beside_kept},
	{"kept is dropped", kept_is_dropped},
	{"lazy", lazy},
	{"never had access", never_had_access},
	{"no memory", no_memory},
	{"stopped", stopped},
	{"wrong", wrong},
	{"dont need", dont_need},
	{"populate", populate},
	{"random changes", random_changes},
};

int main(void)
{
	unit = (uint64_t)sysconf(_SC_PAGESIZE);
	return run_tests("unit_protect", tests, N_TESTS(tests));
}
