/* SPDX-License-Identifier: MIT */
/*
 * A filesystem among filesystems: the same sequence of random operations, by
 * several processes that take turns, on a tmpfs and on ours; every result and
 * the trees that come of it are the same. What is msharefs's own stands at the
 * top of fsops.c.
 *
 * A sequence is the same for the same seed: $MSHARE_TEST_SEED. How long it is:
 * $MSHARE_TEST_OPS.
 */
#include "harness/fsops.h"
#include "harness/fstwins.h"
#include "harness/harness.h"
#include "harness/twins.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OPERATIONS 20000
#define WORKERS 3
/* The whole trees are compared after so many. */
#define TREES_EVERY 8
#define OPEN_EVERY 50
#define ANEW_EVERY 1000

struct worker {
	pid_t pid;
	int to, from;
};

static struct worker workers[WORKERS];
static struct fsop op;
static struct fsop_outcome outcome[2];
static int base[2];
static off_t align;

/* Workers */

/* Root is one of them, but as such cannot make devices (see fsops.c). */
static void drop_mknod(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[2];

	CHILD_ASSERT(!syscall(SYS_capget, &header, caps));
	caps[CAP_TO_INDEX(CAP_MKNOD)].effective &= ~CAP_TO_MASK(CAP_MKNOD);
	CHILD_ASSERT(!syscall(SYS_capset, &header, caps));
}

static void become(unsigned int n)
{
	static const mode_t masks[] = {022, 02, 077};
	const gid_t common = 2000;
	const uid_t id = 1000 + n;

	umask(masks[n % 3]);
	if (geteuid())
		return;
	if (n == 0) {
		drop_mknod();
		return;
	}
	CHILD_ASSERT(!setgroups(1, &common) && !setgid(id) && !setuid(id));
}

static void serve(unsigned int n, int in, int out)
{
	struct fsop_side side[2];

	become(n);
	for (int i = 0; i < 2; i++) {
		side[i] = (struct fsop_side){.ours = i, .base = base[i]};
		side[i].cwd = dup(base[i]);
		for (int j = 0; j < FSOP_SLOTS; j++)
			side[i].slot[j] = -1;
	}
	while (read(in, &op, sizeof(op)) == sizeof(op)) {
		for (int i = 0; i < 2; i++)
			fsop_apply(&op, &side[i], align, &outcome[i]);
		CHILD_ASSERT(write(out, outcome, sizeof(outcome)) ==
			     sizeof(outcome));
	}
}

static bool start_worker(unsigned int n)
{
	struct worker *w = &workers[n];
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return false;
	fflush(NULL);
	w->pid = fork();
	if (w->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(to[1]);
		for (unsigned int i = 0; i < n; i++)
			close(workers[i].to);
		serve(n, to[0], from[1]);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	w->to = to[1];
	w->from = from[0];
	return w->pid > 0;
}

static bool ask_worker(const struct worker *w)
{
	return write(w->to, &op, sizeof(op)) == sizeof(op) &&
	       read(w->from, outcome, sizeof(outcome)) == sizeof(outcome);
}

static void stop_worker(struct worker *w)
{
	int status = -1;

	close(w->to);
	close(w->from);
	CU_ASSERT(waitpid(w->pid, &status, 0) == w->pid && status == 0);
}

/* Comparing */

static bool same_outcome(char why[FSTWINS_WHY])
{
	const struct fsop_outcome *a = &outcome[0], *b = &outcome[1];

	if (a->ret != b->ret || a->err != b->err || strcmp(a->seen, b->seen)) {
		snprintf(why, FSTWINS_WHY,
			 "\n  tmpfs %ld %s %.200s\n  ours  %ld %s %.200s",
			 a->ret, strerrorname_np(a->err), a->seen, b->ret,
			 strerrorname_np(b->err), b->seen);
		return false;
	}
	for (int i = 0; i < 2; i++) {
		if (a->stat_err[i] != b->stat_err[i]) {
			snprintf(why, FSTWINS_WHY, "path %d: %s, ours %s", i,
				 strerrorname_np(a->stat_err[i]),
				 strerrorname_np(b->stat_err[i]));
			return false;
		}
		if (!a->stat_err[i] && !fstwins_same(&a->st[i], &b->st[i], why))
			return false;
	}
	return true;
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static unsigned int done[FSOP_KINDS], succeeded[FSOP_KINDS];

/* One operation; false if anything differs, and it has been said. */
static bool step(uint64_t n, uint64_t seed, uint64_t *random)
{
	char why[FSTWINS_WHY] = "a worker is gone", text[512];
	bool same;

	fsop_random(&op, random, WORKERS, align);
	same = ask_worker(&workers[op.worker]) && same_outcome(why);
	if (same && n % TREES_EVERY == 0)
		same = fstwins_same_trees(base[0], base[1], why);
	done[op.kind]++;
	succeeded[op.kind] += outcome[1].ret >= 0;
	if (same)
		return true;
	fsop_text(&op, text, sizeof(text));
	printf("operation %lu (MSHARE_TEST_SEED=%lu) %s: %s\n",
	       (unsigned long)n, (unsigned long)seed, text, why);
	return false;
}

/*
 * Modes tend towards what lets nobody in. So now and then the doors are opened,
 * and from time to time it begins anew. On both.
 */
static bool refresh(uint64_t n)
{
	bool good = true;

	if (n % OPEN_EVERY == 0)
		good = !fchmod(base[0], 0777) && !fchmod(base[1], 0777);
	if (good && n % ANEW_EVERY == 0)
		good = !empty_directory(base[0]) && !empty_directory(base[1]);
	return good;
}

static void show_kinds(void)
{
	for (int i = 0; i < FSOP_KINDS; i++)
		printf("%s %u of %u%s", fsop_name((enum fsop_kind)i),
		       succeeded[i], done[i], i + 1 < FSOP_KINDS ? ", " : "\n");
}

static void open_bases(void)
{
	twins_open();
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_FATAL(!chmod(twin_dirs[i], 0777));
		base[i] =
			open(twin_dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CU_ASSERT_FATAL(base[i] >= 0);
	}
	fstwins_init();
}

static void random_operations(void)
{
	uint64_t seed = number_from("MSHARE_TEST_SEED", (uint64_t)time(NULL));
	uint64_t n = 0, all = number_from("MSHARE_TEST_OPS", OPERATIONS);
	uint64_t random = seed * 2 + 1;
	char why[FSTWINS_WHY] = "";
	bool same = true;

	printf("%lu operations, MSHARE_TEST_SEED=%lu\n", (unsigned long)all,
	       (unsigned long)seed);
	open_bases();
	for (unsigned int i = 0; i < WORKERS; i++)
		CU_ASSERT_FATAL(start_worker(i));
	while (same && ++n <= all)
		same = step(n, seed, &random) && refresh(n);
	CU_ASSERT(same);
	for (unsigned int i = 0; i < WORKERS; i++)
		stop_worker(&workers[i]);
	CU_ASSERT(!same || fstwins_same_trees(base[0], base[1], why));
	if (*why)
		printf("at the end (MSHARE_TEST_SEED=%lu): %s\n",
		       (unsigned long)seed, why);
	show_kinds();
	/* A sequence in which a kind always failed would show little. */
	for (int i = 0; same && all >= OPERATIONS && i < FSOP_KINDS; i++)
		if (i != FSOP_SYMLINK && i != FSOP_FIFO)
			CU_ASSERT(succeeded[i] > 0);
	for (int i = 0; i < 2; i++) {
		CU_ASSERT(!fchmod(base[i], 0700) && !empty_directory(base[i]));
		close(base[i]);
	}
	twins_close();
}

static void look_around_first(void)
{
	align = (off_t)mount_align();
}

static const struct test tests[] = {
	{"random operations", random_operations},
};

int main(void)
{
	before_tests = look_around_first;
	return run_mount_tests("mount_tmpfs", geteuid() ? NULL : "allow_other",
			       tests, N_TESTS(tests));
}
