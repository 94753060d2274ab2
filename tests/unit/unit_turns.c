/* SPDX-License-Identifier: MIT */
/* Turns: no user has them all, whoever waits gets one, and none is lost. */
#include "base/turns.h"

#include <errno.h>

#include "harness/harness.h"

#define MAX 6
#define MAX_USER 2

static struct turns turns;

static void begin(void)
{
	turns_init(&turns, MAX, MAX_USER);
}

static void end(void)
{
	CU_ASSERT(!turns.running && LIST_EMPTY(&turns.users));
	turns_free(&turns);
}

/* Starts n turns of the user; returns how many could begin. */
static int start(struct turn *v, int n, uid_t uid, bool favoured)
{
	int i = 0;

	while (i < n && turns_begin(&turns, &v[i], uid, favoured))
		i++;
	return i;
}

static void stop(struct turn *v, int n)
{
	while (n-- > 0)
		CU_ASSERT(!turns_end(&turns, &v[n]));
}

static void each_user_has_few(void)
{
	struct turn a[MAX], b[MAX], c[MAX], d[MAX];

	begin();
	CU_ASSERT(start(a, MAX, 1, false) == MAX_USER);
	CU_ASSERT(start(b, MAX, 2, false) == MAX_USER);
	CU_ASSERT(start(c, MAX, 3, false) == MAX_USER);
	CU_ASSERT(start(d, MAX, 4, false) == 0); /* all are taken */
	stop(a, 1);
	CU_ASSERT(start(d, MAX, 4, false) == 1);
	stop(a + 1, 1);
	stop(b, MAX_USER);
	stop(c, MAX_USER);
	stop(d, 1);
	end();
}

static void favoured_has_all(void)
{
	struct turn a[MAX + 1];

	begin();
	CU_ASSERT(start(a, MAX + 1, 0, true) == MAX);
	stop(a, MAX);
	end();
}

static void waits_for_own_turn(void)
{
	struct turn a[MAX_USER], wait[2] = {0};

	begin();
	CU_ASSERT(start(a, MAX_USER, 1, false) == MAX_USER);
	CU_ASSERT(turns_queue(&turns, &wait[0], 1, false) == 0);
	CU_ASSERT(turns_queue(&turns, &wait[1], 1, false) == 0);
	CU_ASSERT(turns_end(&turns, &a[0]) == &wait[0]);
	CU_ASSERT(!turns_withdraw(&turns, &wait[0])); /* at work */
	CU_ASSERT(turns_end(&turns, &wait[0]) == &wait[1]);
	CU_ASSERT(!turns_end(&turns, &wait[1]));
	CU_ASSERT(!turns_end(&turns, &a[1]));
	end();
}

/* Who has least at work is next, however long the others' queues are. */
static void the_least_is_next(void)
{
	struct turn a[MAX], wait[3] = {0}, late = {0};

	begin();
	CU_ASSERT(start(a, MAX, 0, true) == MAX);
	for (int i = 0; i < 3; i++)
		CU_ASSERT(!turns_queue(&turns, &wait[i], 0, true));
	CU_ASSERT(!turns_queue(&turns, &late, 7, false));
	CU_ASSERT(turns_end(&turns, &a[0]) == &late);
	CU_ASSERT(turns_end(&turns, &late) == &wait[0]);
	CU_ASSERT(turns_end(&turns, &wait[0]) == &wait[1]);
	CU_ASSERT(turns_withdraw(&turns, &wait[2]));
	CU_ASSERT(!turns_withdraw(&turns, &wait[2]));
	CU_ASSERT(!turns_end(&turns, &wait[1]));
	stop(a + 1, MAX - 1);
	end();
}

/* libfuse may tell of an interrupt before the request is queued. */
static void withdrawn_too_early(void)
{
	struct turn a[MAX_USER], wait = {0}, other = {0};

	begin();
	CU_ASSERT(!turns_withdraw(&turns, &other));
	CU_ASSERT(turns_queue(&turns, &other, 1, false) == -EINTR);
	CU_ASSERT(LIST_EMPTY(&turns.users));
	CU_ASSERT(start(a, MAX_USER, 1, false) == MAX_USER);
	CU_ASSERT(!turns_withdraw(&turns, &wait));
	CU_ASSERT(turns_queue(&turns, &wait, 1, false) == -EINTR);
	stop(a, MAX_USER);
	end();
}

static const struct test tests[] = {
	{"each user has few", each_user_has_few},
	{"a favoured user has all", favoured_has_all},
	{"waits for its own turn", waits_for_own_turn},
	{"the least is next", the_least_is_next},
	{"a turn that was withdrawn is not queued", withdrawn_too_early},
};

int main(void)
{
	return run_tests("unit_turns", tests, N_TESTS(tests));
}
