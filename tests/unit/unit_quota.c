/* SPDX-License-Identifier: MIT */
/* Quotas: each user has his own, and what is given back can be had again. */
#include "base/client_limits.h"
#include "base/quota.h"
#include "harness/harness.h"

#include <errno.h>
#include <unistd.h>

/* Neither root nor whoever runs the test. */
#define SOMEBODY 54321
#define ANOTHER 54322

static void a_user_has_so_much(void)
{
	struct user *user = user_get(SOMEBODY);

	CU_ASSERT_FATAL(user != NULL);
	CU_ASSERT(user_charge(user, QUOTA_INODES, 9) == 0);
	CU_ASSERT(user_charge(user, QUOTA_INODES, 2) == -EDQUOT);
	CU_ASSERT(user_charge(user, QUOTA_INODES, 1) == 0);
	CU_ASSERT(user_charge(user, QUOTA_INODES, 1) == -EDQUOT);
	CU_ASSERT(user_charge(user, QUOTA_INODES, UINT64_MAX) == -EDQUOT);
	CU_ASSERT(user_has(user, QUOTA_INODES) == 10);
	user_release(user, QUOTA_INODES, 3);
	CU_ASSERT(user_charge(user, QUOTA_INODES, 3) == 0);
	user_release(user, QUOTA_INODES, 10);
	CU_ASSERT(user_has(user, QUOTA_INODES) == 0);
	user_put(user);
}

static void each_has_his_own(void)
{
	struct user *a = user_get(SOMEBODY), *b = user_get(ANOTHER);

	CU_ASSERT(user_get(SOMEBODY) == a && a != b);
	CU_ASSERT(user_charge(a, QUOTA_INODES, 10) == 0);
	CU_ASSERT(user_charge(a, QUOTA_MAPPINGS, 10) == 0);
	CU_ASSERT(user_charge(b, QUOTA_INODES, 10) == 0);
	CU_ASSERT(user_charge(a, QUOTA_INODES, 1) == -EDQUOT);
	user_put(a);
	/* Another reference is left, and what is charged with it. */
	CU_ASSERT(user_has(user_again(a), QUOTA_INODES) == 10);
	user_release(a, QUOTA_INODES, 10);
	user_release(a, QUOTA_MAPPINGS, 10);
	user_release(b, QUOTA_INODES, 10);
	user_put(a);
	user_put(a);
	user_put(b);
}

static void some_have_none(void)
{
	const uid_t uids[] = {0, geteuid()};

	for (size_t i = 0; i < N_TESTS(uids); i++) {
		struct user *user = user_get(uids[i]);

		CU_ASSERT(user_charge(user, QUOTA_INODES, 1000) == 0);
		user_release(user, QUOTA_INODES, 1000);
		user_put(user);
	}
	CU_ASSERT(user_charge(NULL, QUOTA_INODES, 1000) == 0);
	user_release(NULL, QUOTA_INODES, 1000);
	CU_ASSERT(user_again(NULL) == NULL);
	user_put(NULL);
}

static void each_error(void)
{
	static const struct {
		enum quota quota;
		int err;
	} all[] = {
		{QUOTA_INODES, EDQUOT},	    {QUOTA_XATTRS, EDQUOT},
		{QUOTA_MAPPINGS, ENOMEM},   {QUOTA_DESCRIPTORS, EDQUOT},
		{QUOTA_TICKETS, EAGAIN},    {QUOTA_HOST_AREAS, ENOMEM},
		{QUOTA_HOST_BYTES, ENOMEM},
	};
	struct user *user = user_get(SOMEBODY);

	CU_ASSERT(N_TESTS(all) == QUOTAS);
	for (size_t i = 0; i < N_TESTS(all); i++)
		CU_ASSERT(user_charge(user, all[i].quota,
				      quota_limit(all[i].quota) + 1) ==
			  -all[i].err);
	user_put(user);
}

/* Three users who take all they may leave enough for another. */
static void defaults_leave_enough(void)
{
	CU_ASSERT(3 * quota_limit(QUOTA_HOST_AREAS) <
		  quota_areas() / 4 * 3 + 4);
	CU_ASSERT(3 * quota_limit(QUOTA_HOST_BYTES) < HOST_BYTES);
	CU_ASSERT(quota_limit(QUOTA_MAPPINGS) >= 1000 &&
		  quota_limit(QUOTA_MAPPINGS) <= QUOTA_MAPPINGS_MOST);
	CU_ASSERT(quota_limit(QUOTA_DESCRIPTORS) > 0);
	CU_ASSERT(quota_limit(QUOTA_TICKETS) == QUOTA_TICKETS_DEFAULT);
}

/* Eight users who keep all the processes they may from their work */
static void some_processes_are_left(void)
{
	unsigned int kept = 0;

	CU_ASSERT(crew_share(0) == CREW_PER_USER);
	for (int users = 0; users < 8; users++)
		for (unsigned int own = 0; own < crew_share(kept); own++)
			kept++;
	CU_ASSERT(kept > CREW / 2 && kept < CREW - CREW / 8);
	CU_ASSERT(crew_share(CREW - 1) == 1 && crew_share(CREW) == 1);
}

static const struct test tests[] = {
	{"a user has so much", a_user_has_so_much},
	{"each has his own", each_has_his_own},
	{"some have none", some_have_none},
	{"each error", each_error},
	{"the defaults leave enough", defaults_leave_enough},
	{"some processes are left", some_processes_are_left},
};

int main(void)
{
	static const uint64_t limits[QUOTAS] = {[QUOTA_INODES] = 10};

	quota_init(limits);
	return run_tests("unit_quota", tests, N_TESTS(tests));
}
