/* SPDX-License-Identifier: MIT */
/*
 * How long a change of 2 MiB of a region takes until every process has it, with
 * 1, 100 and 1000 windows, beside the same done by hand in the same run (the
 * limit): punching the file, filling it, write-protecting through each window's
 * userfaultfd. Then what protecting costs in page tables, and what windows that
 * are made later get. To be run under the preload: changes FILE-TO-MAKE.
 */
#include <linux/msharefs.h>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif

#define GIB ((size_t)1 << 30)
#define SIZE (2 * GIB)
#define HUGE_PAGE ((size_t)2 << 20)
#define TARGET (GIB + 100 * HUGE_PAGE)
#define ROUNDS 9
#define MAX_WINDOWS 1000
#define RW (PROT_READ | PROT_WRITE)

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

static long page_tables_kib(void)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	long kib = -1, before;
	char line[128];

	do {
		FILE *file = fopen("/proc/meminfo", "r");

		before = kib;
		if (!file)
			die("/proc/meminfo");
		while (fgets(line, sizeof(line), file))
			if (sscanf(line, "PageTables: %ld", &kib) == 1)
				break;
		fclose(file);
		nanosleep(&pause, NULL);
	} while (kib != before);
	return kib;
}

/* Processes that have a window and do what they are told on a socket. */

struct process {
	pid_t pid;
	int sock;
	int uffd; /* of the peer's windows: what the parent has of them */
};

static struct process processes[MAX_WINDOWS];
static int file; /* the region's, or the peer's */

/* How a peer does things; at is the window of each of its processes. */
struct peer {
	const char *name;
	void (*set_up)(const char *path);
	char *(*attach)(int to_parent);
	void (*change[4])(int windows);
	void (*clean_up)(const char *path);
};

static long touch(const char *at)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (size_t o = 0; o < SIZE; o += HUGE_PAGE)
		if (o < TARGET || o >= TARGET + HUGE_PAGE)
			(void)*(const volatile char *)(at + o);
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt - before.ru_minflt;
}

/* In a process: t touches all but the target; the faults of that are answered,
 * or with f those of the first time.
 */
static void serve(const struct peer *peer, int sock)
{
	char *at = peer->attach(sock);
	long first, faults;
	char c;

	if (!at)
		die(peer->name);
	first = touch(at);
	if (write(sock, "r", 1) != 1)
		die("socket");
	while (read(sock, &c, 1) == 1) {
		faults = c == 't' ? touch(at) : first;
		if (write(sock, &faults, sizeof(faults)) != sizeof(faults))
			die("socket");
	}
	_exit(0);
}

static int receive_fd(int sock)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	char c;
	struct iovec iov = {&c, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	int fd = -1;

	if (recvmsg(sock, &msg, 0) != 1)
		die("recvmsg");
	if (CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void start(const struct peer *peer, int i)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	processes[i].pid = fork();
	if (processes[i].pid < 0)
		die("fork");
	if (!processes[i].pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int j = 0; j < i; j++)
			close(processes[j].sock);
		close(pair[0]);
		serve(peer, pair[1]);
	}
	close(pair[1]);
	processes[i].sock = pair[0];
	processes[i].uffd = receive_fd(pair[0]);
}

static void stop(int i)
{
	close(processes[i].sock);
	if (processes[i].uffd >= 0)
		close(processes[i].uffd);
	waitpid(processes[i].pid, NULL, 0);
}

static long ask(int i, char what)
{
	long faults;

	if (write(processes[i].sock, &what, 1) != 1 ||
	    read(processes[i].sock, &faults, sizeof(faults)) != sizeof(faults))
		die("socket");
	return faults;
}

static void all_touch(int windows)
{
	for (int i = 0; i < windows; i++)
		ask(i, 't');
}

/* msharefs */

static void add(uint64_t offset, uint64_t size, uint32_t prot)
{
	struct mshare_create create = {
		.region_offset = offset,
		.size = size,
		.prot = prot,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = -1,
	};

	if (ioctl(file, MSHAREFS_CREATE_MAPPING, &create))
		die("MSHAREFS_CREATE_MAPPING");
}

static void region_set_up(const char *path)
{
	file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0 || ftruncate(file, (off_t)SIZE))
		die(path);
	add(0, SIZE, RW);
}

static char *region_attach(int to_parent)
{
	char *at = mmap(NULL, SIZE, RW, MAP_SHARED, file, 0);

	(void)to_parent;
	return at == MAP_FAILED ? NULL : at;
}

static void region_unmap(int windows)
{
	struct mshare_unmap unmap = {.region_offset = TARGET,
				     .size = HUGE_PAGE};

	(void)windows;
	if (ioctl(file, MSHAREFS_UNMAP, &unmap))
		die("MSHAREFS_UNMAP");
}

static void region_map(int windows)
{
	(void)windows;
	add(TARGET, HUGE_PAGE, RW);
}

static void region_protect(int windows)
{
	(void)windows;
	add(TARGET, HUGE_PAGE, PROT_READ);
}

static void region_clean_up(const char *path)
{
	close(file);
	unlink(path);
}

/* By hand */

static char *host;

static int guard(char *at)
{
	struct uffdio_api api = {.api = UFFD_API,
				 .features = UFFD_FEATURE_SIGBUS |
					     UFFD_FEATURE_MISSING_HUGETLBFS |
					     UFFD_FEATURE_WP_HUGETLBFS_SHMEM};
	struct uffdio_register reg = {
		.range = {(uintptr_t)at, SIZE},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg))
		die("userfaultfd");
	return fd;
}

/* Far from everything; each process has the address space to itself. */
#define PEER_BASE ((char *)0x200000000000)
#define HOST_BASE ((char *)0x300000000000)

static char *hand_map(char *base)
{
	char *at =
		mmap(base, SIZE, RW,
		     MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, file, 0);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static void hand_set_up(const char *path)
{
	(void)path;
	file = memfd_create("changes", MFD_HUGETLB | MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, (off_t)SIZE) ||
	    fallocate(file, 0, 0, (off_t)SIZE))
		die("hugetlb memfd");
	host = hand_map(HOST_BASE);
	guard(host);
	if (madvise(host, SIZE, MADV_POPULATE_WRITE))
		die("madvise");
}

static char *hand_attach(int to_parent)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {(char[]){"u"}, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	char *at = hand_map(PEER_BASE);
	int fd = guard(at);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(to_parent, &msg, 0) != 1)
		die("sendmsg");
	return at;
}

static void hand_unmap(int windows)
{
	(void)windows;
	if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)TARGET, (off_t)HUGE_PAGE))
		die("fallocate");
}

static void hand_map_again(int windows)
{
	(void)windows;
	if (fallocate(file, 0, (off_t)TARGET, (off_t)HUGE_PAGE) ||
	    madvise(host + TARGET, HUGE_PAGE, MADV_POPULATE_WRITE))
		die("fallocate");
}

static void write_protect(int uffd, uint64_t mode)
{
	struct uffdio_writeprotect wp = {
		.range = {(uintptr_t)PEER_BASE + TARGET, HUGE_PAGE},
		.mode = mode,
	};

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &wp))
		die("UFFDIO_WRITEPROTECT");
}

static void hand_protect(int windows)
{
	struct uffdio_register reg = {
		.range = {(uintptr_t)PEER_BASE + TARGET, HUGE_PAGE},
		.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP,
	};

	for (int i = 0; i < windows; i++) {
		if (ioctl(processes[i].uffd, UFFDIO_REGISTER, &reg))
			die("UFFDIO_REGISTER");
		write_protect(processes[i].uffd, UFFDIO_WRITEPROTECT_MODE_WP);
	}
}

static void hand_lift(int windows)
{
	for (int i = 0; i < windows; i++)
		write_protect(processes[i].uffd, 0);
}

static void hand_clean_up(const char *path)
{
	(void)path;
	munmap(host, SIZE);
	close(file);
}

static const char *const changes[4] = {"unmap", "map", "protect", "lift"};

static const struct peer peers[2] = {
	{"msharefs",
	 region_set_up,
	 region_attach,
	 {region_unmap, region_map, region_protect, region_map},
	 region_clean_up},
	{"by hand",
	 hand_set_up,
	 hand_attach,
	 {hand_unmap, hand_map_again, hand_protect, hand_lift},
	 hand_clean_up},
};

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Medians, in us; *first: the first protection, which splits mappings. */
static void measure(const struct peer *peer, int windows, double us[4],
		    double *first)
{
	double samples[4][ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < 4; i++) {
			double start = now_us();

			peer->change[i](windows);
			samples[i][round] = now_us() - start;
		}
	}
	*first = samples[2][0];
	for (int i = 0; i < 4; i++) {
		qsort(samples[i], ROUNDS, sizeof(double), by_size);
		us[i] = samples[i][ROUNDS / 2];
	}
}

/* Page tables of a window, in KiB, before, with and after a protection. */
static void show_tables(int windows)
{
	long before, with, after, later, faults;

	for (int i = 0; i < windows; i++)
		start(&peers[0], i);
	all_touch(windows);
	before = page_tables_kib();
	region_protect(windows);
	all_touch(windows);
	with = page_tables_kib();
	start(&peers[0], windows);
	later = ask(windows, 'f');
	stop(windows);
	printf("\nA protected page takes %.1f KiB of page tables a window, in "
	       "one of its %zu units of 1 GiB;\nthe other unit's stay shared. "
	       "A window made later touches all with %ld faults\n(%zu without "
	       "sharing), as that unit's tables are its own.\n",
	       (double)(with - before) / windows, SIZE / GIB, later,
	       SIZE / HUGE_PAGE);
	region_map(windows);
	all_touch(windows);
	after = page_tables_kib();
	start(&peers[0], windows);
	faults = ask(windows, 'f');
	stop(windows);
	printf("Lifted again: %.1f KiB are kept by windows that stay; windows "
	       "made later share\nagain (%ld faults to touch all).\n",
	       (double)(after - before) / windows, faults);
	for (int i = 0; i < windows; i++)
		stop(i);
}

int main(int argc, char **argv)
{
	static const int counts[] = {1, 100, MAX_WINDOWS};
	double us[2][3][4], first[2][3];

	if (argc != 2) {
		fprintf(stderr, "usage: changes FILE-TO-MAKE, on a mount of "
				"msharefs, under the preload\n");
		return 2;
	}
	for (int p = 0; p < 2; p++) {
		peers[p].set_up(argv[1]);
		if (!p)
			show_tables(100);
		for (int n = 0; n < 3; n++) {
			for (int i = 0; i < counts[n]; i++)
				start(&peers[p], i);
			for (int i = 0; p && i < counts[n]; i++)
				receive_fd(processes[i].sock);
			measure(&peers[p], counts[n], us[p][n], &first[p][n]);
			for (int i = 0; i < counts[n]; i++)
				stop(i);
		}
		peers[p].clean_up(argv[1]);
	}
	printf("\nA change of 2 MiB, in us until every process has it (median "
	       "of %d); beside it\nthe same by hand, and the ratio:\n%8s",
	       ROUNDS, "windows");
	for (int i = 0; i < 4; i++)
		printf("%23s", changes[i]);
	for (int n = 0; n < 3; n++) {
		printf("\n%8d", counts[n]);
		for (int i = 0; i < 4; i++)
			printf("%9.0f %6.0f %5.1fx", us[0][n][i], us[1][n][i],
			       us[0][n][i] / us[1][n][i]);
	}
	printf("\n\nThe first protection of a unit:");
	for (int n = 0; n < 3; n++)
		printf("%s %d windows %.0f us, by hand %.0f (%.1fx)",
		       n ? "," : "", counts[n], first[0][n], first[1][n],
		       first[0][n] / first[1][n]);
	printf(".\n(protect and lift by msharefs are a new mapping, which also "
	       "zeroes 2 MiB.)\n");
	return 0;
}
