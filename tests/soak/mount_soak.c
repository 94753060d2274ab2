/* SPDX-License-Identifier: MIT */
/*
 * All kinds of clients at random on one mount, kills among them, for
 * $SOAK_MINUTES (default: a tenth of one, to show that the program works). What
 * a page holds says which region and page it is: no client ever reads anything
 * else but zeros. What the daemon holds is written to $SOAK_CSV each second; it
 * stays flat, and is as at first when all clients are gone.
 */
#include "harness/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mshare_ioctl.h>

#define CLIENTS 6
#define REGIONS 8
#define PAGES 16 /* that are used, of each region */
#define WINDOWS 3
#define WRONG_BYTE 2
#define WRONG_ERROR 3
#define RW (PROT_READ | PROT_WRITE)

static uint64_t align, page;

/* One client, in a process of its own */

struct client {
	unsigned int seed;
	int region; /* whose file is open; -1: none */
	int fd;
	struct {
		char *at;
		int region;
	} windows[WINDOWS];
};

static unsigned int pick(struct client *c, unsigned int n)
{
	return (unsigned int)rand_r(&c->seed) % n;
}

/* Errors that other clients, or limits, may cause. */
static bool is_usual(int err)
{
	static const int usual[] = {ENOMEM, EMFILE, ENFILE, EAGAIN, ENOSPC,
				    EDQUOT, ENOENT, EEXIST, EINVAL, EBUSY,
				    ESTALE, EISDIR, ENOTDIR};

	for (size_t i = 0; i < N_TESTS(usual); i++)
		if (err == usual[i])
			return true;
	return false;
}

static void expect(bool ok, const char *what)
{
	if (ok || is_usual(errno))
		return;
	printf("%s: %s\n", what, strerror(errno));
	fflush(NULL);
	_exit(WRONG_ERROR);
}

/* What each byte of a page holds once it is written. Not 0. */
static unsigned char signature(int region, uint64_t n)
{
	return (unsigned char)(1 + ((unsigned int)region * 37 + n * 11) % 255);
}

static sigjmp_buf escape;

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(escape, 1);
}

static void catch_faults(void)
{
	const struct sigaction act = {.sa_handler = on_fault,
				      .sa_flags = SA_NODEFER};

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
}

/* Reads a byte of a page that may be gone, and writes it. */
static void touch_byte(volatile unsigned char *at, unsigned char sign,
		       bool write)
{
	unsigned char got;

	if (sigsetjmp(escape, 0))
		return;
	got = *at;
	if (got && got != sign) {
		printf("a byte is %d instead of 0 or %d\n", got, sign);
		fflush(NULL);
		_exit(WRONG_BYTE);
	}
	if (write)
		*at = sign;
}

/* Near its beginning, or in its middle. */
static void touch_page(struct client *c, int i, bool write)
{
	uint64_t n = pick(c, PAGES + 1);
	char *at = c->windows[i].at + n * page + (pick(c, 2) ? page / 2 : 64);

	touch_byte((unsigned char *)at, signature(c->windows[i].region, n),
		   write);
}

static void touch(struct client *c)
{
	int i = (int)pick(c, WINDOWS);

	if (c->windows[i].at)
		touch_page(c, i, pick(c, 2));
}

static void open_region(struct client *c)
{
	char name[16];

	if (c->fd >= 0)
		close(c->fd);
	c->region = (int)pick(c, REGIONS);
	snprintf(name, sizeof(name), "s%d", c->region);
	c->fd = open(in_mount(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	expect(c->fd >= 0, "open");
	if (c->fd >= 0)
		expect(!ftruncate(c->fd, (off_t)align), "ftruncate");
}

static void change(struct client *c)
{
	static const int prots[] = {PROT_NONE, PROT_READ, RW, RW};
	const uint64_t first = pick(c, PAGES), n = 1 + pick(c, 4);
	struct mshare_change protect = {
		.offset = first * page,
		.size = n * page,
		.what = (uint32_t)prots[pick(c, N_TESTS(prots))],
	};

	if (c->fd < 0)
		return;
	switch (pick(c, 5)) {
	case 0:
	case 1:
		expect(!region_add(c->fd, protect.offset, protect.size), "map");
		break;
	case 2:
		expect(!region_add_like(c->fd, protect.offset, protect.size, RW,
					MAP_NORESERVE),
		       "map lazily");
		break;
	case 3:
		expect(!region_unmap_range(c->fd, protect.offset, protect.size),
		       "unmap");
		break;
	default:
		expect(!ioctl(c->fd, MSHARE_IOC_PROTECT, &protect), "protect");
	}
}

static void attach(struct client *c)
{
	int i = (int)pick(c, WINDOWS);

	if (c->windows[i].at) {
		expect(!munmap(c->windows[i].at, align), "munmap");
		c->windows[i].at = NULL;
	} else if (c->fd >= 0) {
		c->windows[i].at = region_window(c->fd, align);
		c->windows[i].region = c->region;
		expect(c->windows[i].at != NULL, "mmap");
	}
}

/* The child has the windows, too, and touches them. */
static void fork_one(struct client *c)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < WINDOWS; i++)
			if (c->windows[i].at)
				touch_page(c, i, true);
		_exit(0);
	}
	expect(pid > 0, "fork");
	status = wait_for_exit(pid);
	if (status)
		_exit(status);
}

static void names(struct client *c)
{
	char from[16], to[16];

	snprintf(from, sizeof(from), "s%u", pick(c, REGIONS));
	snprintf(to, sizeof(to), "other%u", pick(c, REGIONS));
	switch (pick(c, 3)) {
	case 0:
		expect(!unlink(in_mount(from)), "unlink");
		break;
	case 1:
		expect(!link(in_mount(from), in_mount(to)), "link");
		expect(!unlink(in_mount(to)), "unlink");
		break;
	default:
		expect(!mkdir(in_mount(to), 0700), "mkdir");
		expect(!rmdir(in_mount(to)), "rmdir");
	}
}

_Noreturn static void be_client(unsigned int seed)
{
	struct client c = {.seed = seed, .fd = -1, .region = -1};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	catch_faults();
	open_region(&c);
	for (;;) {
		unsigned int n = pick(&c, 100);

		if (n < 40)
			touch(&c);
		else if (n < 65)
			change(&c);
		else if (n < 80)
			attach(&c);
		else if (n < 85)
			fork_one(&c);
		else if (n < 92)
			open_region(&c);
		else if (n < 98)
			names(&c);
		else if (pick(&c, 20) == 0)
			_exit(0);
	}
}

/* All of them, and what the daemon holds */

static pid_t clients[CLIENTS];
static unsigned int seed, started;
static unsigned int chances = 1;
static int wrong; /* clients that ended otherwise than by exit or a kill */

static void start_client(int i)
{
	fflush(NULL);
	clients[i] = fork();
	if (clients[i] == 0)
		be_client(seed + started);
	started++;
}

static void note_end(int i, int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
			printf("client %d ended with status %#x\n", i, status);
			wrong++;
		}
	clients[i] = 0;
}

/* Kills one client every now and then, and replaces all that have ended. */
static void look_after_clients(void)
{
	unsigned int chance = (unsigned int)rand_r(&chances);
	pid_t one = clients[chance / 4 % CLIENTS];
	int status;
	pid_t pid;

	if (chance % 4 == 0 && one > 0)
		kill(one, SIGKILL);
	/* Children of killed clients come here, too. */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < CLIENTS; i++)
			if (clients[i] == pid)
				note_end(i, status);
	for (int i = 0; i < CLIENTS; i++)
		if (clients[i] <= 0)
			start_client(i);
}

static void end_clients(void)
{
	int status;

	for (int i = 0; i < CLIENTS; i++)
		if (clients[i] > 0 && !kill(clients[i], SIGKILL) &&
		    waitpid(clients[i], &status, 0) == clients[i])
			note_end(i, status);
}

static void remove_all(void)
{
	struct dirent *d;
	DIR *dir = opendir(in_mount(""));

	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.' && unlink(in_mount(d->d_name)))
			rmdir(in_mount(d->d_name));
	if (dir)
		closedir(dir);
}

struct sample {
	long fds, threads, kib, pool;
};

static struct sample take_sample(void)
{
	return (struct sample){daemon_fds(), daemon_kib("Threads"),
			       daemon_kib("VmRSS"), memory_held()};
}

static double minutes(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec / 60 + (double)now.tv_nsec / 60e9;
}

static void write_sample(FILE *csv, double at, const struct sample *s)
{
	if (csv)
		fprintf(csv, "%.3f,%ld,%ld,%ld,%ld\n", at, s->fds, s->threads,
			s->kib, s->pool);
}

/* The mean memory of the daemon in each quarter, to see whether it grows. */
struct quarters {
	double sum[4];
	long n[4];
};

static void run_clients(double duration, FILE *csv, struct quarters *quarters)
{
	const double start = minutes();
	double at, written = -1;

	while ((at = minutes() - start) < duration) {
		look_after_clients();
		usleep(50000);
		if (at - written < 1.0 / 60)
			continue;
		written = at;
		struct sample s = take_sample();
		int quarter = (int)(at / duration * 4);

		write_sample(csv, at, &s);
		quarters->sum[quarter] += (double)s.kib;
		quarters->n[quarter]++;
	}
}

static bool is_as_before(void *arg)
{
	const struct sample *before = arg;
	struct sample now = take_sample();

	return now.fds <= before->fds && now.pool <= before->pool;
}

static double wanted_minutes(void)
{
	const char *text = getenv("SOAK_MINUTES");

	return text ? atof(text) : 0.1;
}

static void soak(void)
{
	const char *path = getenv("SOAK_CSV");
	FILE *csv = path ? fopen(path, "we") : NULL;
	const double duration = wanted_minutes();
	struct sample before, after;
	struct quarters q = {0};

	CU_ASSERT_FATAL(!path || csv);
	if (csv)
		fputs("minute,descriptors,threads,daemon_kib,pool_kib\n", csv);
	before.fds = daemon_settled_fds();
	before = take_sample();
	run_clients(duration, csv, &q);
	end_clients();
	remove_all();
	CU_ASSERT(wait_until(is_as_before, &before));
	after = take_sample();
	if (csv)
		fclose(csv);
	printf("%u clients in %.1f minutes; descriptors %ld, then %ld; memory "
	       "of regions %ld KiB, then %ld; the daemon %ld KiB, then %ld "
	       "(by quarters: %.0f %.0f %.0f %.0f)\n",
	       started, duration, before.fds, after.fds, before.pool,
	       after.pool, before.kib, after.kib, q.sum[0] / (double)q.n[0],
	       q.sum[1] / (double)q.n[1], q.sum[2] / (double)q.n[2],
	       q.sum[3] / (double)q.n[3]);
	CU_ASSERT(wrong == 0);
	/* Over a long time: what it learns at first is not a leak. */
	if (duration >= 10)
		CU_ASSERT(q.sum[3] / (double)q.n[3] <
			  1.1 * q.sum[1] / (double)q.n[1] + 1024);
}

static void prepare(void)
{
	const char *text = getenv("SOAK_SEED");

	align = mount_align();
	page = mount_page();
	seed = text ? (unsigned int)atoi(text) : 1;
}

static const struct test tests[] = {
	{"soak", soak},
};

int main(void)
{
	before_tests = prepare;
	return run_mount_tests("mount_soak", NULL, tests, N_TESTS(tests));
}
