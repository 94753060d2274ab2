/* SPDX-License-Identifier: MIT */
/* The library's table of windows. The addresses are made up: none is touched.*/
#include "harness/harness.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "engine/window_table.h"

#define GIB ((uintptr_t)1 << 30)
#define BASE (64 * GIB)

static struct window *add(uintptr_t base, size_t size)
{
	struct window *w = window_new();

	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	window_publish(w, base, size);
	return w;
}

static size_t count(void)
{
	size_t n = 0;

	for (struct window *w = window_next(NULL); w; w = window_next(w))
		n++;
	return n;
}

static void forget_all(void)
{
	for (struct window *w = window_next(NULL); w; w = window_next(w))
		window_forget(w);
	CU_ASSERT(count() == 0);
}

static bool near(uintptr_t addr, size_t len)
{
	return windows_near((void *)addr, len);
}

/* The first test: the limits only ever widen. */
static void test_empty(void)
{
	CU_ASSERT(!windows_in_use());
	CU_ASSERT(!near(0, SIZE_MAX));
	CU_ASSERT(!near(BASE, 1));
	CU_ASSERT(!near(UINTPTR_MAX, 1));
	CU_ASSERT_PTR_NULL(window_at(0));
	CU_ASSERT_PTR_NULL(window_at(BASE));
	CU_ASSERT_PTR_NULL(window_next(NULL));
	CU_ASSERT(windows_overlap(0, SIZE_MAX) == OVERLAP_NONE);
}

static void test_near(void)
{
	add(BASE, 2 * GIB);
	CU_ASSERT(near(BASE, 1));
	CU_ASSERT(near(BASE + 2 * GIB - 1, 1));
	CU_ASSERT(!near(BASE + 2 * GIB, 1));
	CU_ASSERT(!near(BASE + 2 * GIB, SIZE_MAX));
	CU_ASSERT(!near(UINTPTR_MAX, 1));
	CU_ASSERT(!near(BASE - 10, 10)); /* just up to it */
	CU_ASSERT(near(BASE - 10, 11));
	CU_ASSERT(!near(0, BASE));
	CU_ASSERT(near(0, BASE + 1));
	CU_ASSERT(near(0, SIZE_MAX));
	CU_ASSERT(near(1, SIZE_MAX));
	CU_ASSERT(!near(0, 0));
	/* Between two windows it may be; outside both it is not. */
	add(BASE + 10 * GIB, GIB);
	CU_ASSERT(near(BASE + 5 * GIB, 1));
	CU_ASSERT(near(BASE + 11 * GIB - 1, 1));
	CU_ASSERT(!near(BASE + 11 * GIB, 1));
	forget_all();
	CU_ASSERT(near(BASE + 5 * GIB, 1)); /* widens only */
}

static void test_at(void)
{
	struct window *a = add(BASE, GIB);
	struct window *b = add(BASE + GIB, 2 * GIB); /* right behind it */

	CU_ASSERT(a != b);
	CU_ASSERT_PTR_NULL(window_at(0));
	CU_ASSERT_PTR_NULL(window_at(BASE - 1));
	CU_ASSERT_PTR_EQUAL(window_at(BASE), a);
	CU_ASSERT_PTR_EQUAL(window_at(BASE + GIB - 1), a);
	CU_ASSERT_PTR_EQUAL(window_at(BASE + GIB), b);
	CU_ASSERT_PTR_EQUAL(window_at(BASE + 3 * GIB - 1), b);
	CU_ASSERT_PTR_NULL(window_at(BASE + 3 * GIB));
	CU_ASSERT_PTR_NULL(window_at(UINTPTR_MAX));
	window_forget(a);
	CU_ASSERT_PTR_NULL(window_at(BASE));
	CU_ASSERT_PTR_EQUAL(window_at(BASE + GIB), b);
	forget_all();
}

static void test_overlap(void)
{
	add(BASE, 2 * GIB);
	/* none: beside it */
	CU_ASSERT(windows_overlap(BASE - GIB, GIB) == OVERLAP_NONE);
	CU_ASSERT(windows_overlap(BASE + 2 * GIB, GIB) == OVERLAP_NONE);
	CU_ASSERT(windows_overlap(0, BASE) == OVERLAP_NONE);
	CU_ASSERT(windows_overlap(BASE + 2 * GIB, SIZE_MAX) == OVERLAP_NONE);
	/* whole: it, and more */
	CU_ASSERT(windows_overlap(BASE, 2 * GIB) == OVERLAP_WHOLE);
	CU_ASSERT(windows_overlap(BASE - 1, 2 * GIB + 1) == OVERLAP_WHOLE);
	CU_ASSERT(windows_overlap(BASE, 2 * GIB + 1) == OVERLAP_WHOLE);
	CU_ASSERT(windows_overlap(0, SIZE_MAX) == OVERLAP_WHOLE);
	CU_ASSERT(windows_overlap(BASE, SIZE_MAX) == OVERLAP_WHOLE);
	/* part: a byte too little at either end, or inside */
	CU_ASSERT(windows_overlap(BASE, 2 * GIB - 1) == OVERLAP_PART);
	CU_ASSERT(windows_overlap(BASE + 1, 2 * GIB - 1) == OVERLAP_PART);
	CU_ASSERT(windows_overlap(BASE + 1, SIZE_MAX) == OVERLAP_PART);
	CU_ASSERT(windows_overlap(BASE - GIB, GIB + 1) == OVERLAP_PART);
	CU_ASSERT(windows_overlap(BASE + 2 * GIB - 1, 1) == OVERLAP_PART);
	CU_ASSERT(windows_overlap(BASE + GIB, 1) == OVERLAP_PART);
	forget_all();
	CU_ASSERT(windows_overlap(BASE, 2 * GIB) == OVERLAP_NONE);
}

static void test_overlap_many(void)
{
	add(BASE, GIB);
	add(BASE + 2 * GIB, GIB);
	CU_ASSERT(windows_overlap(BASE + GIB, GIB) == OVERLAP_NONE);
	CU_ASSERT(windows_overlap(BASE, 2 * GIB) == OVERLAP_WHOLE);
	CU_ASSERT(windows_overlap(BASE, 3 * GIB) == OVERLAP_WHOLE);
	/* One whole and a part of the other, whichever comes first. */
	CU_ASSERT(windows_overlap(BASE, 3 * GIB - 1) == OVERLAP_PART);
	CU_ASSERT(windows_overlap(BASE + 1, 3 * GIB) == OVERLAP_PART);
	CU_ASSERT(windows_overlap(BASE + GIB - 1, GIB + 1) == OVERLAP_PART);
	forget_all();
}

static void test_reuse(void)
{
	struct window *w = window_new(), *kept, *other;

	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	/* Not yet to be seen. */
	CU_ASSERT_PTR_NULL(window_next(NULL));
	window_publish(w, BASE, GIB);
	kept = add(BASE + GIB, GIB);
	window_forget(w);
	other = add(BASE + 5 * GIB, 3 * GIB);
	CU_ASSERT_PTR_EQUAL(other, w); /* the same entry */
	CU_ASSERT_PTR_NULL(window_at(BASE));
	CU_ASSERT_PTR_EQUAL(window_at(BASE + 8 * GIB - 1), other);
	CU_ASSERT_PTR_EQUAL(window_at(BASE + GIB), kept);
	CU_ASSERT(count() == 2);
	forget_all();
}

/* More than the first table and one chunk behind it hold. */
#define MANY 100

static void test_many(void)
{
	static struct window *all[MANY];
	unsigned int wrong = 0;

	for (size_t i = 0; i < MANY; i++) {
		all[i] = add(BASE + 2 * i * GIB, GIB);
		for (size_t j = 0; j < i; j++)
			wrong += all[i] == all[j];
	}
	CU_ASSERT(wrong == 0);
	CU_ASSERT(count() == MANY);
	for (size_t i = 0; i < MANY; i++) {
		uintptr_t base = BASE + 2 * i * GIB;

		wrong += window_at(base) != all[i];
		wrong += window_at(base + GIB - 1) != all[i];
		wrong += window_at(base + GIB) != NULL;
		wrong += windows_overlap(base, GIB) != OVERLAP_WHOLE;
		wrong += windows_overlap(base + 1, GIB) != OVERLAP_PART;
	}
	CU_ASSERT(wrong == 0);
	CU_ASSERT(windows_overlap(BASE, 2 * MANY * GIB) == OVERLAP_WHOLE);
	CU_ASSERT(windows_overlap(BASE, (2 * MANY - 1) * GIB - 1) ==
		  OVERLAP_PART);

	/* Every other one goes and comes back: no entry is added for that. */
	for (size_t i = 0; i < MANY; i += 2)
		window_forget(all[i]);
	CU_ASSERT(count() == MANY / 2);
	for (size_t i = 0; i < MANY; i += 2)
		wrong += add(BASE + 2 * i * GIB, GIB) != all[i];
	CU_ASSERT(wrong == 0);
	CU_ASSERT(count() == MANY);
	forget_all();
}

static void test_next(void)
{
	struct window *a = add(BASE, GIB), *b = add(BASE + GIB, GIB);
	struct window *c = add(BASE + 2 * GIB, GIB);

	CU_ASSERT_PTR_EQUAL(window_next(NULL), a);
	CU_ASSERT_PTR_EQUAL(window_next(a), b);
	window_forget(b);
	CU_ASSERT_PTR_EQUAL(window_next(a), c); /* skips it */
	CU_ASSERT_PTR_EQUAL(window_next(b), c); /* forgotten on the way */
	CU_ASSERT_PTR_NULL(window_next(c));
	window_forget(c);
	CU_ASSERT_PTR_NULL(window_next(a));
	forget_all();
	CU_ASSERT_PTR_NULL(window_next(NULL));
}

static bool is_blocked(int sig)
{
	sigset_t set;

	pthread_sigmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, sig) == 1;
}

static void test_lock(void)
{
	sigset_t mine, before, old;

	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &mine, &before);
	windows_lock(&old);
	CU_ASSERT(is_blocked(SIGUSR1) && is_blocked(SIGUSR2));
	windows_unlock(&old);
	CU_ASSERT(!is_blocked(SIGUSR1)); /* as it was, no more and no less */
	CU_ASSERT(is_blocked(SIGUSR2));
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void after_fork(void *arg)
{
	sigset_t again;

	windows_lock_again();
	windows_unlock(arg);
	windows_lock(&again); /* would hang if it were still taken */
	windows_unlock(&again);
	CHILD_ASSERT(!is_blocked(SIGUSR1));
	CHILD_ASSERT(window_at(BASE) != NULL);
}

static void test_lock_after_fork(void)
{
	sigset_t old;
	int status;

	add(BASE, GIB);
	windows_lock(&old);
	status = in_child(after_fork, &old);
	windows_unlock(&old);
	CU_ASSERT(status == 0);
	forget_all();
}

static atomic_bool has_it;

static void *take_for_the_first_time(void *arg)
{
	sigset_t old;

	(void)arg;
	windows_lock(&old);
	atomic_store(&has_it, true);
	windows_unlock(&old);
	return NULL;
}

/* No child is made while somebody is half-way through his first window. */
static void test_first_use(void)
{
	const struct timespec moment = {.tv_nsec = 20000000};
	pthread_t thread;

	CU_ASSERT_FATAL(windows_fork_begins());
	CU_ASSERT_FATAL(windows_fork_begins());
	CU_ASSERT_FATAL(
		!pthread_create(&thread, NULL, take_for_the_first_time, NULL));
	windows_fork_ended();
	nanosleep(&moment, NULL);
	CU_ASSERT(!atomic_load(&has_it));
	CU_ASSERT(windows_in_use() && !windows_fork_begins());
	windows_fork_ended();
	pthread_join(thread, NULL);
	CU_ASSERT(atomic_load(&has_it));
	CU_ASSERT(!windows_fork_begins());
}

/* The thread that has the lock is not there in the child. */
static void after_fork_beside(void *arg)
{
	sigset_t old;

	(void)arg;
	CHILD_ASSERT(windows_in_use());
	windows_lock_anew(&old);
	windows_unlock(&old);
	windows_lock(&old);
	windows_unlock(&old);
}

static void test_lock_anew(void)
{
	sigset_t old;
	int status;

	windows_lock(&old);
	status = in_child(after_fork_beside, NULL);
	windows_unlock(&old);
	CU_ASSERT(status == 0);
	CU_ASSERT(windows_in_use());
}

/* Lookups take no lock, so they must do with whatever goes on beside them. */
static atomic_bool stop;

static void *churn(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop)) {
		sigset_t old;

		windows_lock(&old);
		for (uintptr_t i = 1; i < 60; i++)
			window_publish(window_new(), BASE + i * 4 * GIB,
				       (1 + i % 2) * GIB);
		for (uintptr_t i = 1; i < 60; i++)
			window_forget(window_at(BASE + i * 4 * GIB));
		windows_unlock(&old);
	}
	return NULL;
}

static void test_concurrent(void)
{
	struct window *fixed = add(BASE, GIB);
	unsigned int wrong = 0;
	pthread_t thread;

	atomic_store(&stop, false);
	CU_ASSERT_FATAL(!pthread_create(&thread, NULL, churn, NULL));
	for (uintptr_t i = 0; i < 200000; i++) {
		uintptr_t base = BASE + (1 + i % 59) * 4 * GIB;
		struct window *w = window_at(base);

		wrong += window_at(BASE + GIB - 1) != fixed;
		wrong += w == fixed;
		wrong += window_at(base - GIB) != NULL; /* never in use */
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	CU_ASSERT(wrong == 0);
	CU_ASSERT(count() == 1);
	forget_all();
}

static const struct test tests[] = {
	{"no window yet", test_empty},
	{"first use", test_first_use},
	{"near", test_near},
	{"at", test_at},
	{"overlap", test_overlap},
	{"overlap with several", test_overlap_many},
	{"entries are used again", test_reuse},
	{"many", test_many},
	{"next", test_next},
	{"lock", test_lock},
	{"lock after fork", test_lock_after_fork},
	{"lock taken by nobody after fork", test_lock_anew},
	{"lookups beside changes", test_concurrent},
};

int main(void)
{
	return run_tests("unit_window", tests, N_TESTS(tests));
}
