/* SPDX-License-Identifier: MIT */
/*
 * What sharing page tables saves: N processes attach to one region and touch
 * all of it, beside peers that do the same work in the same run. Printed for
 * each: page tables per process, the time of a process to attach and touch, and
 * its page faults. To be run under the preload, on a mount of msharefs.
 *
 * Page tables are the PageTables line of /proc/meminfo, with the processes
 * alive and without, less what the same number of processes cost that do
 * nothing.
 */
#include <linux/msharefs.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GIB ((size_t)1 << 30)
#define HUGE_PAGE ((size_t)2 << 20)
#define SMALL_PAGE ((size_t)4096)
#define PAGE_KIB 4.0
/* Far from everything; each peer has the address space to itself. */
#define HOST_BASE ((char *)0x300000000000)
#define PEER_BASE ((char *)0x200000000000)

struct peer;

struct run {
	const struct peer *peer;
	const char *file; /* the region's */
	size_t size;
	int fd;
	int index; /* of the process */
};

struct peer {
	const char *name;
	/* In the parent: the memory, ready to be attached to. */
	int (*set_up)(struct run *run);
	/* In each process, before the clock runs: what it has of the memory. */
	int (*get)(struct run *run);
	/* Where the memory is, or NULL. */
	char *(*attach)(struct run *run);
	size_t page;
	int max_processes;
};

struct result {
	double us;
	double faults;
};

struct outcome {
	int processes;
	double kib;    /* of page tables, a process */
	double us;     /* median */
	double faults; /* median */
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec * 1e-3;
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static long meminfo_kib(const char *key)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	if (!file)
		die("/proc/meminfo");
	while (kib < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			kib = atol(line + strlen(key));
	fclose(file);
	return kib;
}

/* Tables of processes that have ended are freed a little later. */
static long settled_page_tables(void)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	long kib = meminfo_kib("PageTables:"), before;

	do {
		before = kib;
		nanosleep(&pause, NULL);
		kib = meminfo_kib("PageTables:");
	} while (kib != before);
	return kib;
}

/* As msharefs guards windows, so that the peer does the same work. */
static int guard(char *at, size_t size)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features =
			UFFD_FEATURE_SIGBUS | UFFD_FEATURE_MISSING_HUGETLBFS,
	};
	struct uffdio_register reg = {
		.range = {(uintptr_t)at, size},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	return fd >= 0 && !ioctl(fd, UFFDIO_API, &api) &&
			       !ioctl(fd, UFFDIO_REGISTER, &reg)
		       ? 0
		       : -1;
}

/* Nothing: what a process costs without any of this. */

static int none_set_up(struct run *run)
{
	(void)run;
	return 0;
}

/* The descriptor comes along with fork(). */
static int inherit(struct run *run)
{
	(void)run;
	return 0;
}

static char *none_attach(struct run *run)
{
	(void)run;
	return NULL;
}

/* msharefs */

static int msharefs_set_up(struct run *run)
{
	struct mshare_create create = {
		.size = run->size,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = -1,
	};

	run->fd = open(run->file, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (run->fd < 0)
		return -1;
	if (!ftruncate(run->fd, (off_t)run->size) &&
	    !ioctl(run->fd, MSHAREFS_CREATE_MAPPING, &create))
		return 0;
	unlink(run->file);
	return -1;
}

static int msharefs_open(struct run *run)
{
	run->fd = open(run->file, O_RDWR);
	return run->fd < 0 ? -1 : 0;
}

static char *map_anywhere(struct run *run)
{
	char *at = mmap(NULL, run->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			run->fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* The limit: all of it done by hand, no daemon (experiments: attach_cost 1) */

static int bare_set_up(struct run *run)
{
	char *host;

	run->fd = memfd_create("bare", MFD_HUGETLB);
	if (run->fd < 0 || ftruncate(run->fd, (off_t)run->size) ||
	    fallocate(run->fd, 0, 0, (off_t)run->size))
		return -1;
	host = mmap(HOST_BASE, run->size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED_NOREPLACE, run->fd, 0);
	if (host == MAP_FAILED || guard(host, run->size))
		return -1;
	return madvise(host, run->size, MADV_POPULATE_WRITE);
}

static char *bare_attach(struct run *run)
{
	char *at = mmap(PEER_BASE, run->size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE, run->fd, 0);

	return at == MAP_FAILED || guard(at, run->size) ? NULL : at;
}

/* hugetlbfs by hand, where nobody thought of sharing tables */

static int hugetlb_set_up(struct run *run)
{
	run->fd = memfd_create("hugetlb", MFD_HUGETLB);
	if (run->fd < 0 || ftruncate(run->fd, (off_t)run->size))
		return -1;
	return fallocate(run->fd, 0, 0, (off_t)run->size);
}

static char *hugetlb_attach(struct run *run)
{
	/* Unequal modulo 1 GiB, as addresses happen to be. */
	char *at = PEER_BASE + (size_t)(run->index % 511 + 1) * HUGE_PAGE;

	at = mmap(at, run->size, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_FIXED_NOREPLACE, run->fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

/* POSIX shared memory */

static int shm_set_up(struct run *run)
{
	char name[64];

	snprintf(name, sizeof(name), "/msharefs-bench-%d", (int)getpid());
	run->fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (run->fd < 0)
		return -1;
	shm_unlink(name);
	return ftruncate(run->fd, (off_t)run->size) ||
			       fallocate(run->fd, 0, 0, (off_t)run->size)
		       ? -1
		       : 0;
}

static const struct peer nothing = {
	.name = "nothing",
	.set_up = none_set_up,
	.get = inherit,
	.attach = none_attach,
	.max_processes = 1 << 20,
};

static const struct peer peers[] = {
	{"msharefs", msharefs_set_up, msharefs_open, map_anywhere, HUGE_PAGE,
	 1 << 20},
	{"bare probe (the limit)", bare_set_up, inherit, bare_attach, HUGE_PAGE,
	 1 << 20},
	{"hugetlbfs, not shared", hugetlb_set_up, inherit, hugetlb_attach,
	 HUGE_PAGE, 100},
	{"POSIX shm, 4 KiB pages", shm_set_up, inherit, map_anywhere,
	 SMALL_PAGE, 4},
};

#define N_PEERS (sizeof(peers) / sizeof(peers[0]))

static void child(struct run *run, struct result *result, int ready, int go,
		  int go_end)
{
	volatile char *at;
	double start;
	long faults;
	char byte = 0;

	if (run->peer->get(run))
		die(run->file);
	start = now_us();
	faults = minor_faults();
	at = run->peer->attach(run);
	if (run->peer->page && !at)
		die(run->peer->name);
	if (at)
		for (size_t o = 0; o < run->size; o += run->peer->page)
			at[o] = 1;
	result->us = now_us() - start;
	close(go_end);
	result->faults = (double)(minor_faults() - faults);
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct result *results, int n, size_t field)
{
	double *v = calloc((size_t)n, sizeof(*v)), m;

	if (!v)
		die("calloc");
	for (int i = 0; i < n; i++)
		v[i] = *(const double *)((const char *)&results[i] + field);
	qsort(v, (size_t)n, sizeof(*v), by_value);
	m = v[n / 2];
	free(v);
	return m;
}

/* One after the other, all alive until the last has touched everything. */
static int measure(struct run *run, int n, struct outcome *out)
{
	size_t length = (size_t)n * sizeof(struct result);
	struct result *results = mmap(NULL, length, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ready[2], go[2], alive = 0, failed = 0, status;
	long before, after;
	char byte;

	if (results == MAP_FAILED || pipe(ready) || pipe(go))
		die("measure");
	fflush(stdout);
	before = settled_page_tables();
	while (alive < n && !failed) {
		struct pollfd wait_for = {.fd = ready[0], .events = POLLIN};
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		run->index = alive;
		if (pid == 0)
			child(run, &results[alive], ready[1], go[0], go[1]);
		alive++;
		/* A child that fails says nothing; it is seen by its status. */
		while (!poll(&wait_for, 1, 100) && !failed)
			failed = waitpid(pid, &status, WNOHANG) == pid;
		failed = failed || read(ready[0], &byte, 1) != 1;
	}
	after = settled_page_tables();
	close(go[1]);
	while (wait(&status) > 0)
		failed |= status;
	close(go[0]);
	close(ready[0]);
	close(ready[1]);
	out->processes = n;
	out->kib = (double)(after - before) / n;
	out->us = median(results, n, offsetof(struct result, us));
	out->faults = median(results, n, offsetof(struct result, faults));
	munmap(results, length);
	return failed ? -1 : 0;
}

/* In a process of its own, so that all it had is gone afterwards. */
static void measure_peer(const struct peer *peer, const char *file, size_t size,
			 int n, struct outcome *shared)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		struct run run = {.peer = peer, .file = file, .size = size};
		int err = peer->set_up(&run);

		if (err)
			die(peer->name);
		err = measure(&run, n, shared);
		if (peer == &peers[0])
			unlink(file);
		_exit(err ? 1 : 0);
	}
	if (waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "page_tables: %s: failed\n", peer->name);
		exit(1);
	}
}

static void print(const struct outcome *out, const struct outcome *base)
{
	const struct outcome *ours = &out[0];
	double kib;

	printf("%-24s %9s %16s %16s %12s\n", "", "processes",
	       "page tables each", "attach and touch", "page faults");
	for (size_t i = 0; i < N_PEERS; i++)
		printf("%-24s %9d %13.1f kB %13.0f us %12.0f\n", peers[i].name,
		       out[i].processes, out[i].kib - base->kib, out[i].us,
		       out[i].faults);
	/* Less than a page is noise; and one page is what a window takes. */
	kib = ours->kib - base->kib;
	if (kib < PAGE_KIB)
		kib = PAGE_KIB;
	printf("\nAttach and touch: %.2fx the time of the bare probe; "
	       "hugetlbfs not shared takes %.0fx of ours,\nPOSIX shm %.0fx. "
	       "Page tables: POSIX shm needs %.0fx of ours (taken as at least "
	       "%.0f kB).\nTaken off: %.1f kB that a process costs that does "
	       "nothing.\n",
	       ours->us / out[1].us, out[2].us / ours->us, out[3].us / ours->us,
	       (out[3].kib - base->kib) / kib, PAGE_KIB, base->kib);
}

int main(int argc, char **argv)
{
	struct outcome *out;
	size_t size;
	int n;

	setvbuf(stdout, NULL, _IOLBF, 0);
	out = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc != 4) {
		fprintf(stderr, "Usage: %s REGION-FILE GIB PROCESSES\n",
			argv[0]);
		return 2;
	}
	size = strtoul(argv[2], NULL, 10) * GIB;
	n = atoi(argv[3]);
	if (!size || n < 1 || out == MAP_FAILED) {
		fprintf(stderr, "%s: bad size or number\n", argv[0]);
		return 2;
	}
	printf("One region of %zu GiB, attached to and touched whole by each "
	       "process:\n\n",
	       size / GIB);
	/* Twice: the first run also warms up what all of them use. */
	for (int i = 0; i < 2; i++)
		measure_peer(&nothing, argv[1], size, n, &out[N_PEERS]);
	for (size_t i = 0; i < N_PEERS; i++) {
		int max = peers[i].max_processes;

		measure_peer(&peers[i], argv[1], size, n < max ? n : max,
			     &out[i]);
	}
	print(out, &out[N_PEERS]);
	return 0;
}
