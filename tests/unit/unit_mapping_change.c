/* SPDX-License-Identifier: MIT */
/*
 * Tests what mapping and unmapping do to memory. The backing is ordinary memory
 * with a page size set to more than the real one, so that mappings can be
 * smaller than a "huge page" here. Offsets count pages of the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE 16 /* base pages in a huge page */
#define HUGES 8 /* huge pages in the region */
#define UNITS (HUGES * HUGE)

#include "region/region_life.h"
#include "harness/small_region.h"

static int map_like(uint64_t start, uint64_t end, uint32_t prot,
		    const atomic_bool *stop)
{
	const struct extent range = {start * unit, end * unit};

	return region_map(region, &range, prot, stop);
}

static int map_stop(uint64_t start, uint64_t end, const atomic_bool *stop)
{
	return map_like(start, end, RW, stop);
}

static int map(uint64_t start, uint64_t end)
{
	return map_stop(start, end, NULL);
}

static int unmap(uint64_t start, uint64_t end)
{
	const struct extent range = {start * unit, end * unit};

	return region_unmap(region, &range);
}

static uint64_t mapped(void)
{
	uint64_t start, size, bytes;

	region_shape(region, &start, &size, &bytes);
	return bytes / unit;
}

/* Reads the file, which allocates nothing, unlike a mapping. */
static bool file_holds(uint64_t start, uint64_t end, char byte)
{
	static char buffer[1 << 16];

	for (; start < end; start++) {
		if (pread(lent, buffer, unit, (off_t)(start * unit)) !=
		    (ssize_t)unit)
			return false;
		if (buffer[0] != byte ||
		    memcmp(buffer, buffer + 1, unit - 1) != 0)
			return false;
	}
	return true;
}

static void test_fresh(void)
{
	set_up();
	CU_ASSERT(held() == 0 && mapped() == 0);
	CU_ASSERT(map(0, 2 * HUGE) == 0);
	CU_ASSERT(held() == 2 * HUGE && mapped() == 2 * HUGE);
	CU_ASSERT(holds(0, 2 * HUGE, 0));
	CU_ASSERT(map(5 * HUGE, 6 * HUGE) == 0);
	CU_ASSERT(held() == 3 * HUGE && mapped() == 3 * HUGE);
	CU_ASSERT(holds(5 * HUGE, 6 * HUGE, 0));
	CU_ASSERT(map(0, UNITS) == 0);
	CU_ASSERT(held() == UNITS && mapped() == UNITS);
	tear_down();
}

/* Memory is allocated by the map call, so that a later touch cannot fail. */
static void test_taken_at_once(void)
{
	unsigned char there[HUGE];
	int missing = 0;

	set_up();
	CU_ASSERT(map(HUGE, 2 * HUGE) == 0);
	CU_ASSERT(!mincore(window + HUGE * unit, HUGE * unit, there));
	for (int i = 0; i < HUGE; i++)
		missing += !(there[i] & 1);
	CU_ASSERT(missing == 0);
	tear_down();
}

static void test_replace(void)
{
	set_up();
	CU_ASSERT(map(0, 3 * HUGE) == 0);
	fill(0, 3 * HUGE, 'a');
	CU_ASSERT(map(HUGE, 2 * HUGE) == 0);
	CU_ASSERT(holds(0, HUGE, 'a'));
	CU_ASSERT(holds(HUGE, 2 * HUGE, 0));
	CU_ASSERT(holds(2 * HUGE, 3 * HUGE, 'a'));
	CU_ASSERT(held() == 3 * HUGE && mapped() == 3 * HUGE);
	/* partly over a mapping, partly over a hole */
	CU_ASSERT(map(2 * HUGE, 5 * HUGE) == 0);
	CU_ASSERT(holds(2 * HUGE, 5 * HUGE, 0));
	CU_ASSERT(holds(0, HUGE, 'a'));
	CU_ASSERT(held() == 5 * HUGE);
	tear_down();
}

static void test_pieces(void)
{
	set_up();
	CU_ASSERT(map(3, 4) == 0);
	CU_ASSERT(held() == HUGE && mapped() == 1);
	CU_ASSERT(holds(3, 4, 0));
	fill(3, 4, 'a');
	CU_ASSERT(map(6, 8) == 0); /* in the same huge page */
	CU_ASSERT(held() == HUGE && mapped() == 3);
	CU_ASSERT(holds(6, 8, 0) && holds(3, 4, 'a'));
	fill(6, 8, 'b');
	CU_ASSERT(map(7, 8) == 0); /* replaces a part */
	CU_ASSERT(holds(7, 8, 0) && holds(6, 7, 'b') && holds(3, 4, 'a'));
	CU_ASSERT(map(HUGE - 1, HUGE + 1) == 0); /* across a page edge */
	CU_ASSERT(held() == 2 * HUGE && mapped() == 5);
	CU_ASSERT(holds(HUGE - 1, HUGE + 1, 0));
	CU_ASSERT(holds(6, 7, 'b') && holds(3, 4, 'a'));
	tear_down();
}

/* A hole smaller than a huge page cannot fault, so it may hold anything. */
static void test_piece_over_dirt(void)
{
	set_up();
	CU_ASSERT(map(0, 1) == 0);
	fill(0, HUGE, 'd');
	CU_ASSERT(map(5, 7) == 0);
	CU_ASSERT(holds(5, 7, 0));
	CU_ASSERT(holds(0, 5, 'd') && holds(7, HUGE, 'd'));
	/* The same across a whole huge page, with stale data at both ends. */
	CU_ASSERT(map(2 * HUGE, 2 * HUGE + 1) == 0);
	fill(2 * HUGE, 3 * HUGE, 'd');
	CU_ASSERT(map(HUGE - 2, 2 * HUGE + 2) == 0);
	CU_ASSERT(holds(HUGE - 2, 2 * HUGE + 2, 0));
	CU_ASSERT(holds(7, HUGE - 2, 'd'));
	CU_ASSERT(holds(2 * HUGE + 2, 3 * HUGE, 'd'));
	tear_down();
}

static void test_unmap(void)
{
	set_up();
	CU_ASSERT(map(0, 3 * HUGE) == 0);
	CU_ASSERT(map(4 * HUGE, 5 * HUGE) == 0);
	fill(0, 3 * HUGE, 'a');
	fill(4 * HUGE, 5 * HUGE, 'b');
	CU_ASSERT(unmap(0, 3 * HUGE) == 0);
	CU_ASSERT(held() == HUGE && mapped() == HUGE);
	CU_ASSERT(file_holds(0, 4 * HUGE, 0));
	CU_ASSERT(holds(4 * HUGE, 5 * HUGE, 'b'));
	CU_ASSERT(unmap(0, UNITS) == 0); /* everything, holes included */
	CU_ASSERT(held() == 0 && mapped() == 0);
	CU_ASSERT(file_holds(0, UNITS, 0));
	tear_down();
}

static void test_unmap_nothing(void)
{
	set_up();
	CU_ASSERT(unmap(0, UNITS) == 0);
	CU_ASSERT(unmap(3, 4) == 0);
	CU_ASSERT(map(HUGE, HUGE + 4) == 0);
	fill(HUGE, HUGE + 4, 'a');
	CU_ASSERT(unmap(0, HUGE) == 0);
	CU_ASSERT(unmap(HUGE + 4, UNITS) == 0);
	CU_ASSERT(unmap(HUGE + 6, HUGE + 7) == 0); /* in the same huge page */
	CU_ASSERT(held() == HUGE && mapped() == 4);
	CU_ASSERT(holds(HUGE, HUGE + 4, 'a'));
	tear_down();
}

/* Unmapping before a backing file exists. */
static void test_unmap_unused(void)
{
	struct region *unused = region_new(&backing);
	const struct extent range = {0, HUGE * unit};

	CU_ASSERT_PTR_NOT_NULL_FATAL(unused);
	CU_ASSERT(!region_truncate(unused, UNITS * unit, HUGE * unit));
	CU_ASSERT(region_unmap(unused, &range) == 0);
	CU_ASSERT(unused->fd == -1);
	region_put(unused);
}

/* Unmaps whole huge pages at each end and in the middle of a mapping. */
static void test_unmap_part(void)
{
	set_up();
	CU_ASSERT(map(0, 5 * HUGE) == 0);
	fill(0, 5 * HUGE, 'a');
	CU_ASSERT(unmap(2 * HUGE, 3 * HUGE) == 0);
	CU_ASSERT(held() == 4 * HUGE && mapped() == 4 * HUGE);
	CU_ASSERT(file_holds(2 * HUGE, 3 * HUGE, 0));
	CU_ASSERT(holds(0, 2 * HUGE, 'a') && holds(3 * HUGE, 5 * HUGE, 'a'));
	CU_ASSERT(unmap(0, HUGE) == 0);
	CU_ASSERT(held() == 3 * HUGE);
	CU_ASSERT(file_holds(0, HUGE, 0));
	CU_ASSERT(unmap(4 * HUGE, 5 * HUGE) == 0);
	CU_ASSERT(held() == 2 * HUGE && mapped() == 2 * HUGE);
	CU_ASSERT(file_holds(4 * HUGE, 5 * HUGE, 0));
	CU_ASSERT(holds(HUGE, 2 * HUGE, 'a'));
	CU_ASSERT(holds(3 * HUGE, 4 * HUGE, 'a'));
	/* Mapping it again gives fresh memory. */
	CU_ASSERT(map(2 * HUGE, 3 * HUGE) == 0);
	CU_ASSERT(held() == 3 * HUGE);
	CU_ASSERT(holds(2 * HUGE, 3 * HUGE, 0));
	tear_down();
}

/* With base pages as unit, two mappings never share a page. */
static void test_unmap_small_pages(void)
{
	set_up();
	backing.page = unit;
	CU_ASSERT(map(0, 5) == 0);
	fill(0, 5, 'a');
	CU_ASSERT(unmap(2, 3) == 0);
	CU_ASSERT(held() == 4 && mapped() == 4);
	CU_ASSERT(file_holds(2, 3, 0));
	CU_ASSERT(unmap(3, 4) == 0);
	CU_ASSERT(unmap(1, 2) == 0);
	CU_ASSERT(held() == 2);
	CU_ASSERT(file_holds(1, 4, 0));
	CU_ASSERT(holds(0, 1, 'a') && holds(4, 5, 'a'));
	tear_down();
}

static void test_unmap_across(void)
{
	set_up();
	CU_ASSERT(map(0, 4 * HUGE) == 0);
	fill(0, 4 * HUGE, 'a');
	CU_ASSERT(unmap(HUGE / 2, 3 * HUGE + HUGE / 2) == 0);
	CU_ASSERT(held() == 2 * HUGE && mapped() == HUGE);
	CU_ASSERT(file_holds(HUGE, 3 * HUGE, 0));
	CU_ASSERT(holds(0, HUGE / 2, 'a'));
	CU_ASSERT(holds(3 * HUGE + HUGE / 2, 4 * HUGE, 'a'));
	/* A partly used page at either end goes with its last mapping. */
	CU_ASSERT(unmap(0, HUGE / 2) == 0);
	CU_ASSERT(held() == HUGE);
	CU_ASSERT(file_holds(0, 3 * HUGE, 0));
	CU_ASSERT(unmap(3 * HUGE + HUGE / 2, 4 * HUGE) == 0);
	CU_ASSERT(held() == 0 && mapped() == 0);
	CU_ASSERT(file_holds(0, UNITS, 0));
	tear_down();
}

static void test_unmap_pieces(void)
{
	set_up();
	CU_ASSERT(map(0, 2) == 0);
	CU_ASSERT(map(4, 6) == 0);
	CU_ASSERT(map(HUGE - 2, HUGE) == 0);
	fill(0, HUGE, 'a');
	CU_ASSERT(unmap(4, 6) == 0); /* mappings before and after it stay */
	CU_ASSERT(held() == HUGE && mapped() == 4);
	CU_ASSERT(unmap(0, 3) == 0);
	CU_ASSERT(held() == HUGE && mapped() == 2);
	CU_ASSERT(holds(HUGE - 2, HUGE, 'a'));
	CU_ASSERT(unmap(HUGE - 1, HUGE) == 0);
	CU_ASSERT(held() == HUGE && mapped() == 1);
	CU_ASSERT(unmap(HUGE - 2, HUGE - 1) == 0);
	CU_ASSERT(held() == 0 && mapped() == 0);
	CU_ASSERT(file_holds(0, HUGE, 0));
	tear_down();
}

static void test_max_size(void)
{
	set_up();
	backing.max_size = 3 * HUGE * unit;
	CU_ASSERT(map(0, HUGE + 1) == 0);
	fill(0, 2 * HUGE, 'a');
	CU_ASSERT(held() == 2 * HUGE);
	/* Two more are needed and one is left: all of it is undone. */
	CU_ASSERT(map(0, 4 * HUGE) == -ENOMEM);
	CU_ASSERT(map(HUGE, 4 * HUGE) == -ENOMEM);
	CU_ASSERT(held() == 2 * HUGE && mapped() == HUGE + 1);
	CU_ASSERT(holds(0, 2 * HUGE, 'a'));
	CU_ASSERT(file_holds(2 * HUGE, 4 * HUGE, 0));
	CU_ASSERT(map(0, UNITS) == -ENOMEM);
	/* What fits still works, and replacing takes no more memory. */
	CU_ASSERT(map(2 * HUGE, 3 * HUGE) == 0);
	CU_ASSERT(held() == 3 * HUGE);
	CU_ASSERT(map(0, 3 * HUGE) == 0);
	CU_ASSERT(holds(0, 3 * HUGE, 0));
	CU_ASSERT(held() == 3 * HUGE);
	CU_ASSERT(unmap(0, HUGE) == 0);
	CU_ASSERT(map(7 * HUGE, 8 * HUGE) == 0);
	CU_ASSERT(held() == 3 * HUGE);
	tear_down();
}

static void test_stop(void)
{
	atomic_bool stop = true;

	set_up();
	CU_ASSERT(map_stop(0, UNITS, &stop) == -EINTR);
	CU_ASSERT(held() == 0 && mapped() == 0);
	CU_ASSERT(file_holds(0, UNITS, 0));
	CU_ASSERT(map(HUGE, HUGE + 2) == 0);
	fill(HUGE, 2 * HUGE, 'a');
	CU_ASSERT(map_stop(0, 3 * HUGE, &stop) == -EINTR);
	CU_ASSERT(held() == HUGE && mapped() == 2);
	CU_ASSERT(holds(HUGE, 2 * HUGE, 'a'));
	stop = false;
	CU_ASSERT(map_stop(0, 3 * HUGE, &stop) == 0);
	CU_ASSERT(held() == 3 * HUGE);
	CU_ASSERT(holds(0, 3 * HUGE, 0));
	tear_down();
}

/*
 * Memory that runs out half-way: allocation past the end of the file fails,
 * whatever size the region believes in.
 */
static void test_half_way(void)
{
	set_up();
	CU_ASSERT(map(HUGE, HUGE + 2) == 0);
	fill(HUGE, 2 * HUGE, 'a');
	CU_ASSERT(map(0, 2 * UNITS) == -ENOMEM);
	CU_ASSERT(held() == HUGE && mapped() == 2);
	CU_ASSERT(holds(HUGE, 2 * HUGE, 'a'));
	/* What was allocated up to there has been given back. */
	CU_ASSERT(lseek(lent, (off_t)(2 * HUGE * unit), SEEK_DATA) == -1);
	CU_ASSERT(errno == ENXIO);
	CU_ASSERT(lseek(lent, 0, SEEK_DATA) == (off_t)(HUGE * unit));
	CU_ASSERT(unmap(0, UNITS) == 0);
	CU_ASSERT(held() == 0);
	tear_down();
}

/*
 * A process whose windows cannot be guarded, or that maps the descriptor
 * itself, allocates pages in holes. Memory mapped there later is fresh all the
 * same.
 */
static void test_touched_hole(void)
{
	set_up();
	fill(0, 2 * HUGE, 'x');
	CU_ASSERT(held() == 0);
	CU_ASSERT(map(0, HUGE) == 0);
	CU_ASSERT(holds(0, HUGE, 0));
	CU_ASSERT(map(HUGE + 3, HUGE + 5) == 0);
	CU_ASSERT(holds(HUGE + 3, HUGE + 5, 0));
	CU_ASSERT(held() == 2 * HUGE);
	/* Unmapping frees such pages too. */
	fill(2 * HUGE, 4 * HUGE, 'y');
	CU_ASSERT(unmap(0, UNITS) == 0);
	CU_ASSERT(file_holds(0, UNITS, 0));
	CU_ASSERT(held() == 0);
	tear_down();
}

static void test_prot(void)
{
	const struct extent range = {0, HUGE * unit};
	struct mapping *m;

	set_up();
	CU_ASSERT(map(0, 2 * HUGE) == 0);
	CU_ASSERT(region_map(region, &range, PROT_READ, NULL) == 0);
	m = mapping_find(&region->maps, 0);
	CU_ASSERT_FATAL(m && mapping_next(m));
	CU_ASSERT(m->prot == PROT_READ && m->end == HUGE * unit);
	CU_ASSERT(mapping_next(m)->prot == RW);
	tear_down();
}

static void test_two_regions(void)
{
	const struct extent range = {0, 2 * HUGE * unit};
	struct region *other = region_new(&backing);

	CU_ASSERT_PTR_NOT_NULL_FATAL(other);
	CU_ASSERT(!region_truncate(other, UNITS * unit, HUGE * unit));
	set_up();
	backing.max_size = 5 * HUGE * unit;
	CU_ASSERT(map(0, 3 * HUGE) == 0);
	CU_ASSERT(region_map(other, &range, RW, NULL) == 0);
	CU_ASSERT(backing.held == 5 * HUGE * unit);
	/* the other region counts too */
	CU_ASSERT(map(0, 4 * HUGE) == -ENOMEM);
	region_put(other);
	CU_ASSERT(backing.held == 3 * HUGE * unit);
	CU_ASSERT(held() == 3 * HUGE);
	CU_ASSERT(map(0, 4 * HUGE) == 0);
	tear_down();
}

static void test_lend(void)
{
	int rw, ro, fds;

	set_up();
	fds = process_fds(getpid());
	rw = region_lend(region, WINDOW_SHARED);
	ro = region_lend(region, WINDOW_PRIVATE);
	CU_ASSERT(rw >= 0 && ro >= 0);
	CU_ASSERT((fcntl(rw, F_GETFL) & O_ACCMODE) == O_RDWR);
	CU_ASSERT((fcntl(ro, F_GETFL) & O_ACCMODE) == O_RDONLY);
	CU_ASSERT(fcntl(rw, F_GETFD) & FD_CLOEXEC);
	CU_ASSERT(fcntl(ro, F_GETFD) & FD_CLOEXEC);
	CU_ASSERT(map(0, HUGE) == 0);
	CU_ASSERT(pwrite(rw, "z", 1, 0) == 1);
	CU_ASSERT(window[0] == 'z');
	close(rw); /* the caller's descriptors: the region keeps its own */
	close(ro);
	CU_ASSERT(process_fds(getpid()) == fds);
	CU_ASSERT(map(0, 2 * HUGE) == 0);
	tear_down();
}

static void test_disown(void)
{
	int fds;

	set_up();
	CU_ASSERT(map(0, 2 * HUGE) == 0);
	fill(0, 2 * HUGE, 'a');
	fds = process_fds(getpid());
	region_disown(region);
	CU_ASSERT(held() == 0 && mapped() == 0);
	CU_ASSERT(process_fds(getpid()) == fds - 2);
	CU_ASSERT(region_lend(region, WINDOW_SHARED) == -ESTALE);
	CU_ASSERT(region_lend(region, WINDOW_PRIVATE) == -ESTALE);
	CU_ASSERT(map(0, HUGE) == -ESTALE);
	CU_ASSERT(unmap(0, UNITS) == 0); /* nothing to unmap */
	region_expect_window(region, RW);
	CU_ASSERT(region->fd == -1 && region->ro_fd == -1);
	CU_ASSERT(held() == 0 && mapped() == 0);
	/* Windows that remain keep their content. */
	CU_ASSERT(holds(0, 2 * HUGE, 'a'));
	region_disown(region); /* as the last region_put() does */
	tear_down();
}

/* A host window is one more mapping of the same pages and changes nothing. */
static void test_host_windows(void)
{
	set_up();
	region_expect_window(region, PROT_READ);
	region_expect_window(region, RW);
	region_expect_window(region, PROT_NONE);
	CU_ASSERT(held() == 0);
	CU_ASSERT(map(0, 3 * HUGE) == 0);
	fill(0, 3 * HUGE, 'a');
	CU_ASSERT(map(HUGE, 2 * HUGE) == 0);
	CU_ASSERT(holds(HUGE, 2 * HUGE, 0));
	CU_ASSERT(unmap(HUGE, 3 * HUGE) == 0);
	CU_ASSERT(held() == HUGE);
	/* Filling page tables again must not bring pages back. */
	CU_ASSERT(file_holds(HUGE, UNITS, 0));
	CU_ASSERT(lseek(lent, (off_t)(HUGE * unit), SEEK_DATA) == -1);
	CU_ASSERT(errno == ENXIO);
	CU_ASSERT(holds(0, HUGE, 'a'));
	tear_down();
}

/* Each thread works in its own part, but shares huge pages with the next. */
#define THREADS 4
#define PART (UNITS / THREADS - 3)

static void *map_and_unmap(void *arg)
{
	uint64_t start = (uint64_t)(uintptr_t)arg * PART;

	for (int i = 0; i < 200; i++) {
		if (map(start, start + PART))
			return (void *)"map";
		if (!holds(start, start + PART, 0))
			return (void *)"not fresh";
		fill(start, start + PART, 'a' + i % 26);
		if (unmap(start + 1, start + PART))
			return (void *)"unmap";
		if (!holds(start, start + 1, (char)('a' + i % 26)))
			return (void *)"lost";
	}
	return NULL;
}

static void test_threads(void)
{
	pthread_t threads[THREADS];

	set_up();
	for (uintptr_t i = 0; i < THREADS; i++)
		CU_ASSERT_FATAL(!pthread_create(&threads[i], NULL,
						map_and_unmap, (void *)i));
	for (int i = 0; i < THREADS; i++) {
		void *failed = NULL;

		pthread_join(threads[i], &failed);
		CU_ASSERT_PTR_NULL(failed);
	}
	CU_ASSERT(mapped() == THREADS); /* one page each */
	CU_ASSERT(held() == THREADS * HUGE);
	tear_down();
}

/* The reference model */

static struct {
	bool mapped;
	uint32_t prot; /* protection, where mapped */
	char byte;     /* content, where a mapping needs the huge page */
} model[UNITS];

static unsigned int below(unsigned int limit)
{
	return (unsigned int)random() % limit;
}

static bool is_lazy(uint64_t at)
{
	return model[at].mapped && model[at].prot & MAPPING_LAZY;
}

static bool is_usable(uint64_t at)
{
	return model[at].mapped && model[at].prot & (RW | PROT_EXEC);
}

/* Returns whether memory is guaranteed here. */
static bool model_present(uint64_t at)
{
	uint64_t first = at / HUGE * HUGE;
	bool any = false;

	for (uint64_t i = first; i < first + HUGE; i++)
		any |= is_usable(i) && !is_lazy(i);
	return any;
}

/* Returns whether the content may be read here. */
static bool model_usable(uint64_t at)
{
	uint64_t first = at / HUGE * HUGE;
	bool any = false;

	for (uint64_t i = first; i < first + HUGE; i++)
		any |= is_usable(i);
	return any;
}

static uint64_t model_held(void)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < UNITS; i += HUGE)
		n += model_present(i) ? HUGE : 0;
	return n;
}

static bool same(void)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < UNITS; i++) {
		n += model[i].mapped;
		if (model_usable(i) ? !holds(i, i + 1, model[i].byte)
				    : !file_holds(i, i + 1, 0))
			return false;
	}
	return n == mapped() && model_held() == held() &&
	       region->held == backing.held;
}

static void forget_unused(void)
{
	/* A huge page that no mapping needs is freed, with all its content. */
	for (uint64_t i = 0; i < UNITS; i++)
		if (!model_usable(i))
			model[i].byte = 0;
}

static bool random_map(uint64_t start, uint64_t end)
{
	static const uint32_t prots[] = {
		RW,	   RW,
		PROT_READ, RW | MAPPING_LAZY,
		PROT_NONE, PROT_READ | MAPPING_LAZY,
	};
	uint32_t prot = prots[below(6)];
	bool eager = prot && !(prot & MAPPING_LAZY);
	uint64_t missing = 0, max = backing.max_size / unit;
	atomic_bool stop = below(16) == 0;
	int want = 0;

	for (uint64_t i = start / HUGE * HUGE; i < end; i += HUGE)
		missing += model_present(i) ? 0 : HUGE;
	if (eager && model_held() + missing > max)
		want = -ENOMEM;
	else if (eager && missing && stop)
		want = -EINTR;
	if (map_like(start, end, prot, &stop) != want)
		return false;
	/* A mapping that allocates later, or never, frees what is there now. */
	for (uint64_t i = start; !want && !eager && i < end; i++)
		model[i].mapped = false;
	forget_unused();
	for (uint64_t i = start; !want && i < end; i++) {
		model[i].mapped = true;
		model[i].prot = prot;
		model[i].byte = 0;
	}
	forget_unused();
	return true;
}

static bool random_unmap(uint64_t start, uint64_t end)
{
	if (unmap(start, end))
		return false;
	for (uint64_t i = start; i < end; i++)
		model[i].mapped = false;
	forget_unused();
	return true;
}

/* Also writes into holes that cannot fault. */
static void random_write(uint64_t start, uint64_t end)
{
	char byte = (char)(1 + below(100));

	for (uint64_t i = start; i < end; i++) {
		if (model_usable(i)) {
			fill(i, i + 1, byte);
			model[i].byte = byte;
		}
	}
}

static bool random_step(void)
{
	uint64_t start = below(UNITS), end;

	/* Short ranges, long ones, and whole huge pages. */
	end = start + 1 + below(below(2) ? 8 : UNITS / 2);
	if (below(4) == 0) {
		start = start / HUGE * HUGE;
		end = start + HUGE * (1 + below(3));
	}
	if (end > UNITS)
		end = UNITS;
	switch (below(5)) {
	case 0:
	case 1:
		if (!random_map(start, end))
			return false;
		break;
	case 2:
	case 3:
		if (!random_unmap(start, end))
			return false;
		break;
	default:
		random_write(start, end);
		break;
	}
	return same();
}

/* Each -ENOMEM is logged, which would be thousands of lines here. */
static int quiet(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), old = dup(2);

	dup2(null, 2);
	close(null);
	return old;
}

static void test_random(void)
{
	bool good = true;
	int old = quiet();

	set_up();
	/* A little less than what could be mapped. */
	backing.max_size = (HUGES - 1) * HUGE * unit;
	memset(model, 0, sizeof(model));
	srandom(20260513);
	for (int step = 0; good && step < 5000; step++) {
		good = random_step();
		if (!good)
			printf("     differs after step %d\n", step);
	}
	CU_ASSERT_TRUE(good);
	tear_down();
	dup2(old, 2);
	close(old);
}

static const struct test tests[] = {
	{"fresh memory", test_fresh},
	{"memory is taken at once", test_taken_at_once},
	{"replacing", test_replace},
	{"pieces of a huge page", test_pieces},
	{"a piece over stale content", test_piece_over_dirt},
	{"unmap", test_unmap},
	{"unmap holes", test_unmap_nothing},
	{"unmap before use", test_unmap_unused},
	{"unmap huge pages of a mapping", test_unmap_part},
	{"unmap pages of the machine's size", test_unmap_small_pages},
	{"unmap across huge pages", test_unmap_across},
	{"unmap pieces of a huge page", test_unmap_pieces},
	{"max_size", test_max_size},
	{"interrupted", test_stop},
	{"memory runs out half-way", test_half_way},
	{"holes that were touched", test_touched_hole},
	{"prot", test_prot},
	{"two regions", test_two_regions},
	{"lend descriptors", test_lend},
	{"disown", test_disown},
	{"host windows", test_host_windows},
	{"threads", test_threads},
	{"random changes", test_random},
};

int main(void)
{
	static const struct backing_spec shmem = {.kind = BACKING_SHMEM};
	char message[BACKING_MESSAGE];
	int status;

	unit = (uint64_t)sysconf(_SC_PAGESIZE);
	if (backing_open(&backing, &shmem, message)) {
		fprintf(stderr, "%s\n", message);
		return 1;
	}
	status = run_tests("unit_mapping_change", tests, N_TESTS(tests));
	backing_close(&backing);
	return status;
}
