/* SPDX-License-Identifier: MIT */
/* Tests what extended attributes hold, and how much they may hold. */
#include "harness/harness.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "namespace/xattr.h"

static struct xattrs list;
static uint64_t used;
static char buf[64];

static int set(const char *name, const char *value, int flags)
{
	return xattr_set(&list, name, value, strlen(value), flags, &used);
}

static bool holds(const char *name, const char *value)
{
	ssize_t n = xattr_get(&list, name, buf, sizeof(buf));

	return n == (ssize_t)strlen(value) && !memcmp(buf, value, (size_t)n);
}

static void tear_down(void)
{
	xattr_free(&list, &used);
	CU_ASSERT(used == 0);
	CU_ASSERT(xattr_names(&list, true, NULL, 0) == 0);
}

static void test_set(void)
{
	CU_ASSERT(set("user.a", "one", 0) == 0 && holds("user.a", "one"));
	CU_ASSERT(set("user.a", "longer", 0) == 0 && holds("user.a", "longer"));
	CU_ASSERT(set("user.b", "", 0) == 0 && holds("user.b", ""));
	CU_ASSERT(set("trusted.a", "t", 0) == 0 && holds("trusted.a", "t"));
	CU_ASSERT(set("security.a", "s", 0) == 0 && holds("security.a", "s"));
	CU_ASSERT(holds("user.a", "longer"));
	tear_down();
}

static void test_flags(void)
{
	CU_ASSERT(set("user.a", "x", XATTR_REPLACE) == -ENODATA);
	CU_ASSERT(set("user.a", "x", XATTR_CREATE | XATTR_REPLACE) == -ENODATA);
	CU_ASSERT(used == 0);
	CU_ASSERT(set("user.a", "x", XATTR_CREATE) == 0);
	CU_ASSERT(set("user.a", "y", XATTR_CREATE) == -EEXIST);
	CU_ASSERT(holds("user.a", "x"));
	CU_ASSERT(set("user.a", "y", XATTR_REPLACE) == 0);
	CU_ASSERT(holds("user.a", "y"));
	tear_down();
}

static void test_names(void)
{
	static const char *const none[] = {
		"system.a",	   "a", "", "user", "User.a", "users.a",
		"system.posix_acl"};

	for (size_t i = 0; i < N_TESTS(none); i++) {
		CU_ASSERT(set(none[i], "x", 0) == -EOPNOTSUPP);
		CU_ASSERT(xattr_get(&list, none[i], buf, 1) == -EOPNOTSUPP);
		CU_ASSERT(xattr_remove(&list, none[i], &used) == -EOPNOTSUPP);
	}
	CU_ASSERT(set("user.", "x", 0) == -EINVAL);
	CU_ASSERT(xattr_get(&list, "trusted.", buf, 1) == -EINVAL);
	CU_ASSERT(xattr_remove(&list, "security.", &used) == -EINVAL);
	tear_down();
}

static void test_get(void)
{
	CU_ASSERT(set("user.a", "four", 0) == 0);
	CU_ASSERT(xattr_get(&list, "user.a", NULL, 0) == 4);
	CU_ASSERT(xattr_get(&list, "user.a", buf, 3) == -ERANGE);
	CU_ASSERT(xattr_get(&list, "user.a", buf, 4) == 4);
	CU_ASSERT(xattr_get(&list, "user.b", buf, 4) == -ENODATA);
	tear_down();
}

static void test_remove(void)
{
	CU_ASSERT(xattr_remove(&list, "user.a", &used) == -ENODATA);
	CU_ASSERT(set("user.a", "a", 0) == 0 && set("user.b", "b", 0) == 0);
	CU_ASSERT(xattr_remove(&list, "user.a", &used) == 0);
	CU_ASSERT(xattr_get(&list, "user.a", buf, 1) == -ENODATA);
	CU_ASSERT(holds("user.b", "b"));
	CU_ASSERT(xattr_remove(&list, "user.b", &used) == 0 && used == 0);
	tear_down();
}

static void test_list(void)
{
	CU_ASSERT(xattr_names(&list, true, buf, sizeof(buf)) == 0);
	CU_ASSERT(set("user.a", "", 0) == 0);
	CU_ASSERT(xattr_names(&list, true, buf, sizeof(buf)) == 7);
	CU_ASSERT(!memcmp(buf, "user.a", 7));
	CU_ASSERT(xattr_names(&list, true, buf, 6) == -ERANGE);
	CU_ASSERT(xattr_names(&list, true, buf, 7) == 7);
	CU_ASSERT(set("trusted.b", "", 0) == 0);
	CU_ASSERT(xattr_names(&list, true, NULL, 0) == 17);
	CU_ASSERT(xattr_names(&list, true, buf, 16) == -ERANGE);
	/* A caller who may not see trusted.* does not learn that one exists. */
	CU_ASSERT(xattr_names(&list, false, NULL, 0) == 7);
	CU_ASSERT(xattr_names(&list, false, buf, 7) == 7);
	tear_down();
}

/* The limit covers the whole mount: a second list counts against it. */
static void test_room(void)
{
	static char big[65536];
	struct xattrs other = {0};
	char name[16];
	int n = 0, err;

	do {
		snprintf(name, sizeof(name), "user.%d", n++);
		err = xattr_set(&list, name, big, sizeof(big), 0, &used);
	} while (!err);
	CU_ASSERT(err == -ENOSPC && used <= XATTR_ROOM);
	CU_ASSERT(XATTR_ROOM - used < sizeof(big) + 100);
	CU_ASSERT(xattr_set(&other, name, big, sizeof(big), 0, &used) ==
		  -ENOSPC);
	/* The space of a replaced value counts as free. */
	CU_ASSERT(xattr_set(&list, "user.0", big, sizeof(big), 0, &used) == 0);
	CU_ASSERT(xattr_set(&list, "user.0", big, 1, 0, &used) == 0);
	CU_ASSERT(xattr_set(&other, name, big, sizeof(big), 0, &used) == 0);
	xattr_free(&other, &used);
	tear_down();
}

/* listxattr(2) returns 64 KiB of names: more would make lists long to search.
 */
static void test_names_limit(void)
{
	char name[32];
	size_t total = 0;
	int n = 0, err = 0;

	while (!err) {
		snprintf(name, sizeof(name), "user.%d", n++);
		err = set(name, "", 0);
		total += err ? 0 : strlen(name) + 1;
	}
	CU_ASSERT(err == -ENOSPC && n < 10000);
	CU_ASSERT(total <= 65536 && total > 65536 - 32);
	CU_ASSERT(xattr_names(&list, true, NULL, 0) == (ssize_t)total);
	/* What is there can be replaced and removed. */
	CU_ASSERT(set("user.0", "longer", 0) == 0);
	CU_ASSERT(xattr_remove(&list, "user.1", &used) == 0);
	CU_ASSERT(set("user.1", "", 0) == 0);
	tear_down();
}

static const struct test tests[] = {
	{"set", test_set},	   {"flags", test_flags},
	{"names", test_names},	   {"get", test_get},
	{"remove", test_remove},   {"list", test_list},
	{"size limit", test_room}, {"limit of names", test_names_limit},
};

int main(void)
{
	return run_tests("unit_xattr", tests, N_TESTS(tests));
}
