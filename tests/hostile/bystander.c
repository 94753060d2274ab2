/* SPDX-License-Identifier: MIT */
#include "hostile/bystander.h"

#include <linux/msharefs.h>
#include <mshare_ioctl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "hostile/hostile.h"

#define LIFE_SECONDS 30 /* more than it takes, unless a call hangs */
#define ROUNDS 20	/* how often he makes each call */
#define CALLS 1000	/* room for all of them */

/* Shared by the processes that are him. */
struct bystander {
	uint32_t us[TIMES][CALLS];
	unsigned int n[TIMES];
	enum times when;
};

static struct bystander *me; /* NULL: calls of others are not noted */

uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

bool took(uint64_t us)
{
	if (me && me->n[me->when] < CALLS)
		me->us[me->when][me->n[me->when]++] = (uint32_t)us;
	if (us >= HANG_MS * 1000)
		printf("a call took %.1f s\n", (double)us / 1e6);
	return us < HANG_MS * 1000;
}

struct bystander *bystander_new(void)
{
	struct bystander *b =
		mmap(NULL, sizeof(*b), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return b == MAP_FAILED ? NULL : b;
}

void bystander_free(struct bystander *b)
{
	munmap(b, sizeof(*b));
}

/* His life */

static void fork_once(void *arg)
{
	CHILD_ASSERT(try_read(arg).signal == 0);
}

static void change(int fd, char *at)
{
	struct mshare_change protect = {.size = page, .what = PROT_READ};

	CHILD_ASSERT(!try_write(at, 'a').signal);
	QUICK(!in_child(fork_once, at));
	QUICK(try_read(at + page).signal == SIGSEGV);
	QUICK(!ioctl(fd, MSHARE_IOC_PROTECT, &protect));
	CHILD_ASSERT(try_write(at, 'b').signal == SIGSEGV);
	QUICK(!region_add_like(fd, page, page, RW, MAP_NORESERVE));
	QUICK(!try_write(at + page, 'c').signal);
}

static void once(void)
{
	char *at;
	int fd;

	QUICK((fd = region_create("normal", align)) >= 0);
	QUICK(!region_add(fd, 0, page));
	QUICK((at = region_window(fd, align)) != NULL);
	change(fd, at);
	QUICK(!setxattr(in_mount("normal"), "user.a", "x", 1, 0));
	QUICK(!region_unmap_range(fd, 0, align));
	QUICK(!munmap(at, align));
	QUICK(!unlink(in_mount("normal")));
	QUICK(!close(fd));
}

static void live(void *arg)
{
	me = arg;
	become_traceable(NORMAL);
	alarm(LIFE_SECONDS);
	for (int i = 0; i < ROUNDS; i++)
		once();
}

void bystander_lives(struct bystander *b, enum times when)
{
	b->when = when;
	CU_ASSERT(!in_child(live, b));
	unlink(in_mount("normal")); /* if he has failed */
}

/* His times */

static int compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* 100: the slowest call; in ms */
static double percentile(const struct bystander *b, enum times when,
			 unsigned int percent)
{
	const unsigned int n = b->n[when];

	return n ? b->us[when][(n - 1) * percent / 100] / 1e3 : 0;
}

void bystander_report(struct bystander *b)
{
	double quiet, attacked;

	for (int i = 0; i < TIMES; i++)
		qsort(b->us[i], b->n[i], sizeof(b->us[i][0]), compare);
	quiet = percentile(b, QUIET, 99);
	attacked = percentile(b, ATTACKED, 99);
	printf("     %u calls of another user: p99 %.2f ms, in quiet %.2f ms: "
	       "ratio %.1f; slowest %.2f ms, in quiet %.2f ms\n",
	       b->n[ATTACKED], attacked, quiet, quiet ? attacked / quiet : 0,
	       percentile(b, ATTACKED, 100), percentile(b, QUIET, 100));
}
