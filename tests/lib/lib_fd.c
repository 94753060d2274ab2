/* SPDX-License-Identifier: MIT */
/* Tests mshare_fd(), which reviewers proposed in 2022 as an alternative. */
#include "lib/lib_common.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void empty(void)
{
	int fd = mshare_fd(NULL, GIB, 0);
	struct stat st;
	char *at;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(mount_is_empty() && !fstat(fd, &st));
	CU_ASSERT((size_t)st.st_size == GIB && !st.st_nlink);
	CU_ASSERT(!(fcntl(fd, F_GETFD) & FD_CLOEXEC));
	at = mshare_attach(fd, 0, 0, NULL, 0);
	CU_ASSERT_FATAL(at != MAP_FAILED);
	CU_ASSERT(try_read(at).code == SEGV_MAPERR);
	CU_ASSERT(!mshare_map(fd, 0, mount_page(), RW, 0));
	close(fd);
	/* The window keeps the region. */
	CU_ASSERT(!try_write(at, 'x').signal && *at == 'x');
	CU_ASSERT(!mshare_detach(at, 0));
}

/* In a child that inherited the descriptor */
static void attaches(void *arg)
{
	int fd = *(int *)arg;
	uint64_t info[2];
	char *at;

	CHILD_ASSERT(!mshare_detach(HERE, 0));
	CHILD_ASSERT(read(fd, info, sizeof(info)) == sizeof(info));
	CHILD_ASSERT(info[0] == (uintptr_t)HERE && info[1] == GIB);
	at = mshare_attach(fd, 0, 0, NULL, 0);
	CHILD_ASSERT(at == HERE && !strcmp(at, "held before"));
	strcpy(at, "the child");
}

static bool is_free(void *arg)
{
	return memory_held() < *(long *)arg + (long)(GIB / 2048);
}

static void of_memory(void)
{
	long before = memory_held();
	char *at = memory_here();
	int fd;

	CU_ASSERT_FATAL(at != NULL);
	strcpy(at, "held before");
	fd = mshare_fd(at, GIB, MSHARE_CLOEXEC);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(fcntl(fd, F_GETFD) & FD_CLOEXEC && mount_is_empty());
	CU_ASSERT(in_child(attaches, &fd) == 0);
	CU_ASSERT(!strcmp(at, "the child"));
	/* close() and the last reference free everything. */
	close(fd);
	CU_ASSERT(!is_free(&before) && !try_read(at).signal);
	CU_ASSERT(!mshare_detach(at, 0));
	CU_ASSERT(wait_until(is_free, &before));
}

static void wrong(void)
{
	char *at = memory_here();

	CU_ASSERT_FATAL(at != NULL);
	CU_ASSERT(refuses(mshare_fd(NULL, 0, 0), EINVAL, "length"));
	CU_ASSERT(refuses(mshare_fd(NULL, 4096, 0), EINVAL, "1073741824"));
	CU_ASSERT(refuses(mshare_fd(NULL, GIB, 2), EINVAL, "flags"));
	CU_ASSERT(refuses(mshare_fd(at + 4096, GIB, 0), EINVAL, "multiples"));
	CU_ASSERT(refuses(mshare_fd(at, GIB - 1, 0), EINVAL, "multiples"));
	CU_ASSERT(refuses(mshare_fd(at, 2 * GIB, 0), ENOMEM, "is mapped at"));
	CU_ASSERT(refuses(mshare_fd(at, SIZE_MAX, 0), EINVAL, "length"));
	CU_ASSERT(!try_write(at, 'x').signal && mount_is_empty());
	CU_ASSERT(!munmap(at, GIB));
}

static void without_right(void *arg)
{
	(void)arg;
	CHILD_ASSERT(refuses(mshare_fd(NULL, GIB, 0), EACCES, "made"));
	CHILD_ASSERT(refuses(mshare_create(0), EACCES, "made"));
}

static void rights(void)
{
	CU_ASSERT(!chmod(mount_dir, 0555));
	CU_ASSERT(without_privilege(without_right, NULL) == 0);
	CU_ASSERT(!chmod(mount_dir, 0777));
}

/* Running out of descriptors at any step must leave nothing behind. */
static void out_of_descriptors(void *arg)
{
	const struct rlimit limit = {100, 100};
	int fds[100], n = 0, found = 0;
	char *at = memory_here();

	(void)arg;
	CHILD_ASSERT(at != NULL && !setrlimit(RLIMIT_NOFILE, &limit));
	strcpy(at, "kept");
	CHILD_ASSERT(mshare_create(0) >= 0);
	while (n < 100 && (fds[n] = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	CHILD_ASSERT(n > 20 && n < 100);
	CHILD_ASSERT(refuses(mshare_create(0), EMFILE, "ulimit"));
	for (int i = 0; i < 8; i++) {
		int fd = mshare_fd(at, GIB, 0);

		if (fd >= 0)
			break;
		CHILD_ASSERT(errno == EMFILE && says("ulimit"));
		CHILD_ASSERT(!strcmp(at, "kept") && !try_write(at, 'k').signal);
		found++;
		close(fds[--n]);
	}
	CHILD_ASSERT(found > 2 && found < 8 && !strcmp(at, "kept"));
}

static void few_descriptors(void)
{
	CU_ASSERT(in_child(out_of_descriptors, NULL) == 0);
	CU_ASSERT(mount_is_empty());
}

static const struct test tests[] = {
	{"without memory", empty},
	{"with the caller's memory", of_memory},
	{"wrong arguments", wrong},
	{"rights", rights},
	{"few descriptors", few_descriptors},
};

int main(void)
{
	before_tests = use_mount;
	return run_mount_tests("lib_fd", NULL, tests, N_TESTS(tests));
}
