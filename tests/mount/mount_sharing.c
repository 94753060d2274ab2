/* SPDX-License-Identifier: MIT */
/*
 * Page tables are shared, by two measures: the faults that a process takes to
 * touch every huge page, and the PageTables line of /proc/meminfo. And both
 * measures can fail: they find windows that cannot share.
 */
#include "harness/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define PAGES 512		/* of them in a unit of sharing */
#define SPAN ((size_t)64 << 20) /* of each unit that is filled and touched */

static uint64_t align, page;

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

struct toucher {
	int fd;
	size_t size;
	int prot;
	int index;
	bool reads;	/* though it could write */
	bool by_hand;	/* fd is a hugetlb file, not one of msharefs */
	size_t stagger; /* added to the address, for each process */
	size_t span;	/* touched of each unit, from its start */
	size_t hole;	/* of a page, not to be touched; 0: there is none */
	int ready, go;
	long *faults; /* one for each process, in shared memory */
};

static char *map(struct toucher *t)
{
	char *at = (char *)0x210000000000 + (size_t)t->index * t->stagger;

	if (t->by_hand)
		return mmap(at, t->size, t->prot,
			    MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE,
			    t->fd, 0);
	return mmap(NULL, t->size, t->prot, MAP_SHARED, t->fd, 0);
}

UNINSTRUMENTED static void touch_all(struct toucher *t)
{
	volatile char *at = t->size ? map(t) : NULL;
	long before;
	char byte = 0;

	if (at == MAP_FAILED)
		_exit(1);
	before = minor_faults();
	for (size_t o = 0; o < t->size; o += page) {
		if ((o && o == t->hole) || o % align >= t->span)
			continue;
		if (t->prot & PROT_WRITE && !t->reads)
			at[o] = 1;
		else
			(void)at[o];
	}
	t->faults[t->index] = minor_faults() - before;
	if (write(t->ready, &byte, 1) != 1 || read(t->go, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

/* Tables of processes that have ended are freed a moment later. */
static long settled_tables(void)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	long last = -1, now = meminfo("PageTables");

	for (int i = 0; i < 10 && now != last; i++) {
		nanosleep(&moment, NULL);
		last = now;
		now = meminfo("PageTables");
	}
	return now;
}

/* What one run of n processes took. */
struct taken {
	long faults; /* of the last process; -1: one failed */
	long kib;    /* of page tables, which the whole machine's grew by */
	bool quiet;  /* afterwards the machine had as many as before */
};

/* Starts one process and waits until it has touched all; false: it failed. */
static bool start_toucher(struct toucher *t, int go)
{
	int ready[2];
	char byte;
	pid_t pid;
	bool done;

	if (pipe(ready))
		return false;
	t->ready = ready[1];
	pid = fork();
	if (pid == 0) {
		close(go);
		touch_all(t);
	}
	close(ready[1]); /* end of file tells that it died */
	done = pid > 0 && read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	return done;
}

/* n processes, all alive at once. */
static struct taken touch_once(struct toucher *t, int n, bool count_tables)
{
	size_t length = (size_t)n * sizeof(long);
	struct taken taken = {.faults = -1};
	int go[2], status;
	long before = 0;
	bool failed = false;

	if (pipe(go))
		return taken;
	t->faults = mmap(NULL, length, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	t->go = go[0];
	if (count_tables)
		before = settled_tables();
	for (t->index = 0; t->index < n; t->index++)
		failed |= !start_toucher(t, go[1]);
	if (count_tables)
		taken.kib = settled_tables() - before;
	close(go[1]);
	for (int i = 0; i < n; i++)
		failed |= wait(&status) < 0 || status;
	close(go[0]);
	if (count_tables)
		taken.quiet = labs(settled_tables() - before) <= n / 4;
	if (!failed)
		taken.faults = t->faults[n - 1];
	munmap(t->faults, length);
	return taken;
}

static long touch_in_processes(struct toucher *t, int n)
{
	return touch_once(t, n, false).faults;
}

static int compare(const void *a, const void *b)
{
	const long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

#define TRIALS 5

/*
 * KiB of page tables that n processes take. Only the whole machine's are
 * counted, so other programs matter: one quiet trial is exact, and of trials
 * that were all disturbed, the median is near enough.
 */
static long tables_kib(struct toucher *t, int n)
{
	long kib[TRIALS];

	for (int i = 0; i < TRIALS; i++) {
		struct taken taken = touch_once(t, n, true);

		CU_ASSERT(taken.faults >= 0);
		if (taken.quiet)
			return taken.kib;
		kib[i] = taken.kib;
	}
	qsort(kib, TRIALS, sizeof(kib[0]), compare);
	return kib[TRIALS / 2];
}

/* The same without what processes take that map nothing. */
static long tables_of_window(struct toucher *t, int n)
{
	struct toucher like = *t;

	like.size = 0;
	return tables_kib(t, n) - tables_kib(&like, n);
}

static int filled_region(const char *name, uint64_t size)
{
	int fd = region_create(name, size);

	CU_ASSERT_FATAL(fd >= 0);
	for (uint64_t o = 0; o < size; o += align)
		CU_ASSERT(!region_add(fd, o, SPAN));
	return fd;
}

/* One fault links the shared table; a few more are tolerated. */
static void check_faults(long faults)
{
	if (mount_shares()) {
		CU_ASSERT(faults >= 1 && faults <= 3);
	} else {
		CU_ASSERT(daemon_said("page tables NOT shared: "));
		/* reading, small pages are mapped 16 at a time */
		CU_ASSERT(faults >= (long)(SPAN / page / 16));
	}
}

static void check_processes(const char *name, int prot, int n)
{
	struct toucher t = {.size = align, .span = SPAN, .prot = prot};

	t.fd = filled_region(name, align);
	check_faults(touch_in_processes(&t, n));
	close(t.fd);
	CU_ASSERT(!unlink(in_mount(name)));
}

static void second_process_finds_tables(void)
{
	check_processes("second", PROT_READ | PROT_WRITE, 2);
}

/* The host window has filled the tables, so even the first process is fast. */
static void first_process_finds_tables(void)
{
	check_processes("first", PROT_READ | PROT_WRITE, 1);
}

static void read_only_windows_share(void)
{
	check_processes("reading", PROT_READ, 2);
}

static int replace(int fd, int prot)
{
	return region_add_like(fd, align + 3 * page, page, prot, 0);
}

/* A protected page stops its own unit from sharing, as long as it is there. */
static void protection_takes_one_unit(void)
{
	struct toucher t = {.size = 3 * align, .span = SPAN, .prot = PROT_READ};
	struct toucher writing = {.size = 3 * align,
				  .span = SPAN,
				  .prot = PROT_READ | PROT_WRITE,
				  .reads = true};
	const bool shares = mount_shares();
	const long some = (long)(SPAN / page / 16);
	long faults;

	t.fd = writing.fd = filled_region("protected", 3 * align);
	CU_ASSERT(!replace(t.fd, PROT_READ));
	/* windows that can only read share all the same */
	faults = touch_in_processes(&t, 2);
	CU_ASSERT(shares ? faults <= 5 : faults >= some);
	faults = touch_in_processes(&writing, 2);
	CU_ASSERT(faults >= some);
	if (shares)
		CU_ASSERT(faults <= PAGES + 5);
	CU_ASSERT(!replace(t.fd, PROT_READ | PROT_WRITE));
	faults = touch_in_processes(&writing, 2);
	CU_ASSERT(shares ? faults <= 5 : faults >= some);
	close(t.fd);
	CU_ASSERT(!unlink(in_mount("protected")));
}

/* Freeing a page must not take the tables from other windows for good. */
static void freeing_leaves_tables(void)
{
	struct toucher t = {.size = 2 * align,
			    .span = SPAN,
			    .prot = PROT_READ | PROT_WRITE};
	const long some = (long)(SPAN / page / 16);
	int ready[2], go[2];
	pid_t pids[3];
	long faults;
	char byte;

	t.fd = filled_region("freeing", 2 * align);
	CU_ASSERT_FATAL(!pipe(ready) && !pipe(go));
	t.ready = ready[1];
	t.go = go[0];
	for (int n = 0; n <= 3; n++) {
		t.hole = align + (size_t)(n + 1) * page;
		CU_ASSERT(!region_unmap_range(t.fd, t.hole, page));
		faults = touch_in_processes(&t, 2);
		CU_ASSERT(mount_shares() ? faults <= 5 : faults >= some);
		CU_ASSERT(!region_add_like(t.fd, t.hole, page,
					   PROT_READ | PROT_WRITE, 0));
		if (n == 3)
			break;
		/* One more process that stays. */
		t.faults = &faults;
		t.index = 0;
		t.hole = 0;
		t.ready = ready[1];
		t.go = go[0];
		fflush(NULL);
		pids[n] = fork();
		if (!pids[n])
			touch_all(&t);
		CU_ASSERT(read(ready[0], &byte, 1) == 1);
	}
	for (int n = 0; n < 3; n++) {
		kill(pids[n], SIGKILL);
		CU_ASSERT(waitpid(pids[n], NULL, 0) == pids[n]);
	}
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	close(t.fd);
	CU_ASSERT(!unlink(in_mount("freeing")));
}

static void many_processes(void)
{
	struct toucher t = {
		.size = align, .span = SPAN, .prot = PROT_READ | PROT_WRITE};
	/* Small pages take 128 KiB of tables in each: fewer will do. */
	const int n = page < 1 << 20 ? 20 : 100;
	long kib;

	t.fd = filled_region("many", align);
	check_faults(touch_in_processes(&t, n));
	kib = tables_of_window(&t, n);
	printf("%d processes: %.1f kB of page tables each\n", n,
	       (double)kib / n);
	/* Two pages are the limit: one of them for the window alone. */
	CU_ASSERT(mount_shares() == (kib / n <= 8));
	close(t.fd);
	CU_ASSERT(!unlink(in_mount("many")));
}

/* Without huge pages in the backing there may be no pool to test this with. */
static bool no_huge_pages(void)
{
	int fd;

	if (mount_shares())
		return false;
	fd = memfd_create("trial", MFD_HUGETLB | MFD_CLOEXEC);
	if (fd >= 0 && !fallocate(fd, 0, 0, (off_t)align)) {
		close(fd);
		return false;
	}
	close(fd);
	skip_test("no huge pages");
	return true;
}

#define UNITS 16 /* of the file that windows of both kinds map */

/* A file of huge pages: its first unit, and one page of each other. Or -1. */
static int filled_file(void)
{
	int fd = memfd_create("by hand", MFD_HUGETLB | MFD_CLOEXEC);
	const off_t length = (off_t)(UNITS * align);

	if (fd < 0 || ftruncate(fd, length))
		return -1;
	for (off_t o = 0; o < length; o += (off_t)align) {
		if (fallocate(fd, 0, o, o ? (off_t)HUGE_PAGE : (off_t)align))
			return -1;
	}
	return fd;
}

/*
 * The same measures find that windows do not share which cannot: their
 * addresses differ modulo the unit of sharing, so that each has a table of its
 * own for each unit, 4 kB. The machine's count of page tables lags behind by up
 * to some hundred kB: what is looked for must be far more.
 */
static void measures_can_fail(void)
{
	struct toucher t = {
		.size = align,
		.span = align,
		.prot = PROT_READ | PROT_WRITE,
		.by_hand = true,
	};
	struct toucher many = t;
	const int n = 100;
	long faults, unshared;

	if (no_huge_pages())
		return;
	t.fd = many.fd = filled_file();
	CU_ASSERT_FATAL(t.fd >= 0);
	many.size = UNITS * align;
	many.span = HUGE_PAGE;
	page = HUGE_PAGE; /* by hand, whatever the mount has */
	t.stagger = many.stagger = HUGE_PAGE;
	CU_ASSERT(touch_in_processes(&t, n) >= PAGES);
	unshared = tables_kib(&many, n);
	/* Aligned, by the same program, they share: it is not the program. */
	t.stagger = many.stagger = align;
	faults = touch_in_processes(&t, n);
	CU_ASSERT(faults >= 1 && faults <= 3);
	CU_ASSERT((unshared - tables_kib(&many, n)) / n >= UNITS * 4 / 2);
	close(t.fd);
	page = mount_page();
}

static const struct test tests[] = {
	{"second process finds tables", second_process_finds_tables},
	{"first process finds tables", first_process_finds_tables},
	{"read-only windows share", read_only_windows_share},
	{"protection takes one unit", protection_takes_one_unit},
	{"freeing leaves tables", freeing_leaves_tables},
	{"many processes", many_processes},
	{"the measures can fail", measures_can_fail},
};

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_sharing", NULL, tests, N_TESTS(tests));
}
