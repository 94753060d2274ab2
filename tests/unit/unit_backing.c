/* SPDX-License-Identifier: MIT */
/* What holds memory: files that cannot be cut, and the count of what is held.*/
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/backing.h"

#define PAGES 8

static struct backing backing;
static char message[BACKING_MESSAGE];
static uint64_t page;

static void set_up(void)
{
	static const struct backing_spec shmem = {.kind = BACKING_SHMEM};

	CU_ASSERT_FATAL(backing_open(&backing, &shmem, message) == 0);
	page = backing.page;
}

static void test_spec(void)
{
	struct backing_spec spec;

	CU_ASSERT(!backing_spec_parse("auto", &spec));
	CU_ASSERT(spec.kind == BACKING_AUTO);
	CU_ASSERT(!backing_spec_parse("memfd", &spec));
	CU_ASSERT(spec.kind == BACKING_MEMFD);
	CU_ASSERT(!backing_spec_parse("shmem", &spec));
	CU_ASSERT(spec.kind == BACKING_SHMEM);
	CU_ASSERT_PTR_NULL(spec.dir);
	CU_ASSERT(!backing_spec_parse("hugetlbfs:/", &spec));
	CU_ASSERT(spec.kind == BACKING_HUGETLBFS);
	CU_ASSERT_STRING_EQUAL(spec.dir, "/");
	CU_ASSERT(!backing_spec_parse("hugetlbfs:/a:b", &spec));
	CU_ASSERT_STRING_EQUAL(spec.dir, "/a:b");
}

static void test_spec_malformed(void)
{
	static const char *const bad[] = {
		"",
		"Auto",
		"auto ",
		" auto",
		"memfd2",
		"shm",
		"shmem:",
		"shmem:/dir",
		"memfd:/dir",
		"auto:",
		"hugetlbfs",
		"hugetlbfs:",
		"hugetlbfs:dir",
		"/dir",
		"HUGETLBFS:/",
		"hugetlbfs/dir",
		"hugetlbfs:./dir",
	};
	struct backing_spec spec;

	for (size_t i = 0; i < N_TESTS(bad); i++)
		CU_ASSERT(backing_spec_parse(bad[i], &spec) == -EINVAL);
}

static void test_open_shmem(void)
{
	set_up();
	CU_ASSERT(backing.kind == BACKING_SHMEM);
	CU_ASSERT(backing.page == (uint64_t)sysconf(_SC_PAGESIZE));
	CU_ASSERT(backing.max_size == UINT64_MAX);
	CU_ASSERT(backing.held == 0);
	CU_ASSERT(backing.dir_fd == -1);
	CU_ASSERT_STRING_EQUAL(backing.name, "shmem");
	CU_ASSERT(!backing.shares);
	CU_ASSERT(backing.why_not[0] != 0);
	backing_close(&backing);
}

static void test_open_auto(void)
{
	static const struct backing_spec spec = {.kind = BACKING_AUTO};

	CU_ASSERT(backing_open(&backing, &spec, message) == 0);
	CU_ASSERT(backing.kind != BACKING_AUTO); /* there is always one */
	CU_ASSERT(backing.page >= (uint64_t)sysconf(_SC_PAGESIZE));
	CU_ASSERT(backing.name[0] != 0);
	CU_ASSERT(backing.shares == (backing.why_not[0] == 0));
	CU_ASSERT(backing.held == 0); /* the trial is no user */
	backing_close(&backing);
	CU_ASSERT(backing.dir_fd == -1);
}

static void test_open_wrong_dir(void)
{
	struct backing_spec spec = {BACKING_HUGETLBFS, "/proc"};

	CU_ASSERT(backing_open(&backing, &spec, message) == -ENODEV);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "backing=hugetlbfs:/proc:"));
	CU_ASSERT_PTR_NOT_NULL(strstr(message, "mount -t hugetlbfs"));
	CU_ASSERT(backing.dir_fd == -1);
	spec.dir = "/proc/no/such/dir";
	CU_ASSERT(backing_open(&backing, &spec, message) == -ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, spec.dir));
	spec.dir = "/proc/version"; /* a file */
	CU_ASSERT(backing_open(&backing, &spec, message) == -ENOTDIR);
	CU_ASSERT_PTR_NOT_NULL(strstr(message, spec.dir));
}

static void test_unit(void)
{
	uint64_t base = (uint64_t)sysconf(_SC_PAGESIZE);
	struct backing b = {.page = base};

	/* Two levels of tables: 1 GiB, where base pages are 4 KiB. */
	CU_ASSERT(backing_unit(&b) == base * (base / 8) * (base / 8));
	b.page = base * (base / 8);
	CU_ASSERT(backing_unit(&b) == b.page * (base / 8));
	b.page *= base / 8;
	CU_ASSERT(backing_unit(&b) == b.page);
	b.page *= 16; /* a region is whole pages, however large */
	CU_ASSERT(backing_unit(&b) == b.page);
}

static void test_take(void)
{
	set_up();
	backing.max_size = 10;
	CU_ASSERT(backing_take(&backing, 11) == -ENOMEM);
	CU_ASSERT(backing_take(&backing, UINT64_MAX) == -ENOMEM);
	CU_ASSERT(backing.held == 0);
	CU_ASSERT(backing_take(&backing, 0) == 0);
	CU_ASSERT(backing_take(&backing, 7) == 0);
	CU_ASSERT(backing_take(&backing, 4) == -ENOMEM);
	CU_ASSERT(backing.held == 7);
	/* 7 and this would be 6 */
	CU_ASSERT(backing_take(&backing, UINT64_MAX) == -ENOMEM);
	CU_ASSERT(backing_take(&backing, 3) == 0);
	CU_ASSERT(backing_take(&backing, 1) == -ENOMEM);
	CU_ASSERT(backing.held == 10);
	backing_give(&backing, 4);
	CU_ASSERT(backing.held == 6);
	CU_ASSERT(backing_take(&backing, 5) == -ENOMEM);
	CU_ASSERT(backing_take(&backing, 4) == 0);
	backing_give(&backing, 10);
	CU_ASSERT(backing.held == 0);
	backing_close(&backing);
}

static void test_take_without_limit(void)
{
	set_up();
	CU_ASSERT(backing_take(&backing, UINT64_MAX - 5) == 0);
	CU_ASSERT(backing_take(&backing, 6) == -ENOMEM);
	CU_ASSERT(backing_take(&backing, 5) == 0);
	CU_ASSERT(backing.held == UINT64_MAX);
	CU_ASSERT(backing_take(&backing, 1) == -ENOMEM);
	backing_give(&backing, UINT64_MAX);
	CU_ASSERT(backing.held == 0);
	backing_close(&backing);
}

static void *take_many(void *arg)
{
	uintptr_t taken = 0;

	(void)arg;
	for (int i = 0; i < 10000; i++)
		taken += !backing_take(&backing, 1);
	return (void *)taken;
}

static void test_take_threads(void)
{
	pthread_t threads[4];
	uintptr_t taken = 0;

	set_up();
	backing.max_size = 12345;
	for (int i = 0; i < 4; i++)
		CU_ASSERT_FATAL(
			!pthread_create(&threads[i], NULL, take_many, NULL));
	for (int i = 0; i < 4; i++) {
		void *n = NULL;

		pthread_join(threads[i], &n);
		taken += (uintptr_t)n;
	}
	CU_ASSERT(taken == 12345);
	CU_ASSERT(backing.held == 12345);
	backing_close(&backing);
}

/* Files */

static int fd, ro_fd;

static void open_file(void)
{
	set_up();
	CU_ASSERT_FATAL(!backing_file(&backing, PAGES * page, &fd, &ro_fd));
}

static void close_file(void)
{
	close(fd);
	close(ro_fd);
	backing_close(&backing);
}

static void test_file(void)
{
	struct stat st, ro_st;

	open_file();
	CU_ASSERT(fstat(fd, &st) == 0);
	CU_ASSERT((uint64_t)st.st_size == PAGES * page);
	CU_ASSERT(st.st_blocks == 0); /* nothing is taken yet */
	CU_ASSERT(S_ISREG(st.st_mode));
	CU_ASSERT((st.st_mode & 07777) == 0600);
	CU_ASSERT(st.st_nlink == 0); /* nameless */
	CU_ASSERT(fstat(ro_fd, &ro_st) == 0);
	CU_ASSERT(st.st_dev == ro_st.st_dev && st.st_ino == ro_st.st_ino);
	CU_ASSERT((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
	CU_ASSERT((fcntl(ro_fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	CU_ASSERT(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CU_ASSERT(fcntl(ro_fd, F_GETFD) == FD_CLOEXEC);
	close_file();
}

static bool refuses(int result, int err)
{
	return result == -1 && errno == err;
}

static void test_sealed(void)
{
	struct stat st;

	open_file();
	CU_ASSERT(refuses(ftruncate(fd, 0), EPERM));
	CU_ASSERT(refuses(ftruncate(fd, (off_t)(PAGES - 1) * (off_t)page),
			  EPERM));
	CU_ASSERT(refuses(ftruncate(fd, (off_t)(PAGES + 1) * (off_t)page),
			  EPERM));
	CU_ASSERT(refuses(fallocate(fd, 0, 0, (off_t)(PAGES + 1) * (off_t)page),
			  EPERM));
	CU_ASSERT(pwrite(fd, "x", 1, (off_t)(PAGES * page)) == -1);
	/* Nobody can forbid writing to the others either. */
	CU_ASSERT(refuses(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM));
	CU_ASSERT(refuses(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), EPERM));
	CU_ASSERT(fstat(fd, &st) == 0);
	CU_ASSERT((uint64_t)st.st_size == PAGES * page);
	close_file();
}

static void test_read_only(void)
{
	void *at;

	open_file();
	CU_ASSERT(pwrite(fd, "x", 1, 0) == 1);
	CU_ASSERT(refuses((int)pwrite(ro_fd, "y", 1, 0), EBADF));
	CU_ASSERT(refuses(ftruncate(ro_fd, 0), EINVAL));
	CU_ASSERT(backing_punch(ro_fd, 0, page) == -EBADF);
	at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, ro_fd, 0);
	CU_ASSERT(at == MAP_FAILED && errno == EACCES);
	at = mmap(NULL, page, PROT_READ, MAP_SHARED, ro_fd, 0);
	CU_ASSERT_FATAL(at != MAP_FAILED);
	CU_ASSERT(*(char *)at == 'x');
	CU_ASSERT(refuses(mprotect(at, page, PROT_READ | PROT_WRITE), EACCES));
	munmap(at, page);
	close_file();
}

static void test_file_too_large(void)
{
	set_up();
	fd = ro_fd = 99;
	CU_ASSERT(backing_file(&backing, 1ULL << 63, &fd, &ro_fd) < 0);
	CU_ASSERT(fd == -1 && ro_fd == -1);
	backing_close(&backing);
}

static bool all(const char *at, char byte)
{
	return *at == byte && !memcmp(at, at + 1, page - 1);
}

static void test_punch(void)
{
	struct stat st;
	char *at;

	open_file();
	at = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		  0);
	CU_ASSERT_FATAL(at != MAP_FAILED);
	memset(at, 'a', PAGES * page);
	fstat(fd, &st);
	CU_ASSERT((uint64_t)st.st_blocks * 512 >= PAGES * page);
	CU_ASSERT(backing_punch(fd, 2 * page, 4 * page) == 0);
	/* seen by a mapping that was there before */
	CU_ASSERT(all(at + page, 'a') && all(at + 4 * page, 'a'));
	CU_ASSERT(all(at + 2 * page, 0) && all(at + 3 * page, 0));
	CU_ASSERT(backing_punch(fd, 0, PAGES * page) == 0);
	fstat(fd, &st);
	CU_ASSERT(st.st_blocks == 0);
	CU_ASSERT((uint64_t)st.st_size == PAGES * page);
	/* A hole once more is no error. */
	CU_ASSERT(backing_punch(fd, 0, PAGES * page) == 0);
	munmap(at, PAGES * page);
	close_file();
}

static void test_pool(void)
{
	struct hugepage_pool pool;

	set_up();
	backing_pool(&backing, &pool);
	CU_ASSERT(pool.free > 0);
	CU_ASSERT(pool.free <= (uint64_t)meminfo("MemTotal") * 1024);
	/* Ordinary memory: what others use counts as if it did not exist. */
	CU_ASSERT(pool.total == pool.free);
	CU_ASSERT(backing_take(&backing, 5 * page) == 0);
	backing_pool(&backing, &pool);
	CU_ASSERT(pool.total == pool.free + 5 * page);
	backing_give(&backing, 5 * page);
	backing_close(&backing);
}

static void test_pool_max_size(void)
{
	struct hugepage_pool pool;

	set_up();
	backing.max_size = 10 * page;
	backing_pool(&backing, &pool);
	CU_ASSERT(pool.total == 10 * page);
	CU_ASSERT(pool.free == 10 * page);
	CU_ASSERT(backing_take(&backing, 3 * page) == 0);
	backing_pool(&backing, &pool);
	CU_ASSERT(pool.total == 10 * page);
	CU_ASSERT(pool.free == 7 * page);
	CU_ASSERT(backing_take(&backing, 7 * page) == 0);
	backing_pool(&backing, &pool);
	CU_ASSERT(pool.total == 10 * page);
	CU_ASSERT(pool.free == 0);
	/* More than the machine has makes it no larger. */
	backing.max_size = UINT64_MAX - 1;
	backing_pool(&backing, &pool);
	CU_ASSERT(pool.free <= (uint64_t)meminfo("MemTotal") * 1024);
	CU_ASSERT(pool.total == pool.free + 10 * page);
	backing_close(&backing);
}

static const struct test tests[] = {
	{"spec", test_spec},
	{"malformed spec", test_spec_malformed},
	{"open shmem", test_open_shmem},
	{"open auto", test_open_auto},
	{"open a wrong directory", test_open_wrong_dir},
	{"unit of sharing", test_unit},
	{"take and give", test_take},
	{"take without limit", test_take_without_limit},
	{"take from many threads", test_take_threads},
	{"file", test_file},
	{"file is sealed", test_sealed},
	{"file read-only", test_read_only},
	{"file too large", test_file_too_large},
	{"punch", test_punch},
	{"pool", test_pool},
	{"pool and max_size", test_pool_max_size},
};

int main(void)
{
	return run_tests("unit_backing", tests, N_TESTS(tests));
}
