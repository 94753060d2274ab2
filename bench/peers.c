/* SPDX-License-Identifier: MIT */
#include "peers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define RW (PROT_READ | PROT_WRITE)
/* Far from other mappings; each peer has the address space to itself. */
#define HOST_BASE ((char *)0x300000000000)
#define PEER_BASE ((char *)0x200000000000)

/* A different address in each process, as in programs started separately. */
static char *random_place(int index)
{
	return PEER_BASE + (size_t)(index % 511 + 1) * HUGE_PAGE;
}

static char *map_at(const struct memory *memory, char *at)
{
	at = mmap(at, memory->size, RW,
		  MAP_SHARED | (at ? MAP_FIXED_NOREPLACE : 0), memory->fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

static int fill(const struct memory *memory)
{
	return memory->fd >= 0 && !ftruncate(memory->fd, (off_t)memory->size) &&
			       !fallocate(memory->fd, 0, 0, (off_t)memory->size)
		       ? 0
		       : -1;
}

static void close_file(struct memory *memory)
{
	close(memory->fd);
}

/* Nothing */

static int nothing_set_up(struct memory *memory)
{
	(void)memory;
	return 0;
}

static char *nothing_attach(struct memory *memory, int index)
{
	static char byte;

	(void)memory;
	(void)index;
	return &byte;
}

static void nothing_clean_up(struct memory *memory)
{
	(void)memory;
}

/* msharefs */

static void region_clean_up(struct memory *memory)
{
	close(memory->fd);
	if (memory->window_fd >= 0)
		close(memory->window_fd);
	unlink(memory->file);
}

static int region_set_up(struct memory *memory)
{
	struct mshare_create create = {
		.size = memory->size,
		.prot = RW,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = -1,
	};

	memory->fd =
		open(memory->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (memory->fd < 0)
		return -1;
	if (!ftruncate(memory->fd, (off_t)memory->size) &&
	    !ioctl(memory->fd, MSHAREFS_CREATE_MAPPING, &create))
		return 0;
	region_clean_up(memory);
	return -1;
}

/* As a program that was given the name: open, ask for the size, mmap. */
static char *region_attach(struct memory *memory, int index)
{
	int fd = open(memory->file, O_RDWR | O_CLOEXEC);
	struct stat st;
	char *at;

	(void)index;
	memory->window_fd = fd;
	if (fd < 0 || fstat(fd, &st) || (size_t)st.st_size != memory->size)
		return NULL;
	at = mmap(NULL, (size_t)st.st_size, RW, MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

/* The limit: everything done by hand, no daemon */

int peer_guard(char *at, size_t size, uint64_t features)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_SIGBUS |
			    UFFD_FEATURE_MISSING_HUGETLBFS | features,
	};
	struct uffdio_register reg = {
		.range = {(uintptr_t)at, size},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	return fd >= 0 && !ioctl(fd, UFFDIO_API, &api) &&
			       !ioctl(fd, UFFDIO_REGISTER, &reg)
		       ? fd
		       : -1;
}

static int limit_set_up(struct memory *memory)
{
	memory->fd = memfd_create("limit", MFD_HUGETLB | MFD_CLOEXEC);
	if (fill(memory))
		return -1;
	memory->host = map_at(memory, HOST_BASE);
	if (!memory->host || peer_guard(memory->host, memory->size, 0) < 0)
		return -1;
	return madvise(memory->host, memory->size, MADV_POPULATE_WRITE);
}

static char *limit_attach(struct memory *memory, int index)
{
	char *at = map_at(memory, PEER_BASE);

	(void)index;
	return at && peer_guard(at, memory->size, 0) >= 0 ? at : NULL;
}

static void limit_clean_up(struct memory *memory)
{
	munmap(memory->host, memory->size);
	close(memory->fd);
}

/* hugetlbfs mapped by hand, without regard to sharing tables */

static int hugetlbfs_set_up(struct memory *memory)
{
	memory->fd = memfd_create("hugetlbfs", MFD_HUGETLB | MFD_CLOEXEC);
	return fill(memory);
}

static char *map_somewhere(struct memory *memory, int index)
{
	return map_at(memory, random_place(index));
}

/* System V shared memory */

static int sysv_make(struct memory *memory, int flags)
{
	char *at;

	memory->fd =
		shmget(IPC_PRIVATE, memory->size, IPC_CREAT | 0600 | flags);
	if (memory->fd < 0)
		return -1;
	/* So it goes with the last process that has it, whatever happens. */
	at = shmat(memory->fd, PEER_BASE, 0);
	if (at == (char *)-1 || shmctl(memory->fd, IPC_RMID, NULL))
		return -1;
	memory->host = at;
	touch(at, memory->size, HUGE_PAGE);
	return 0;
}

static int sysv_huge_set_up(struct memory *memory)
{
	return sysv_make(memory, SHM_HUGETLB);
}

/* hugectl makes it huge, and is silent when it cannot. */
static int hugectl_set_up(struct memory *memory)
{
	long before = meminfo_kib("HugePages_Total:");

	if (sysv_make(memory, 0))
		return -1;
	if (meminfo_kib("HugePages_Total:") > before)
		return 0;
	errno = EOPNOTSUPP;
	return -1;
}

static char *sysv_attach(struct memory *memory, int index)
{
	char *at;

	/* Inherited by fork(); a separate program would not have it. */
	shmdt(memory->host);
	at = shmat(memory->fd, random_place(index), 0);
	return at == (char *)-1 ? NULL : at;
}

static void sysv_clean_up(struct memory *memory)
{
	shmdt(memory->host);
}

/* Shared memory of 4 KiB pages, and of transparent huge ones */

static int shm_set_up(struct memory *memory)
{
	char name[64];

	snprintf(name, sizeof(name), "/msharefs-bench-%d", (int)getpid());
	memory->fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (memory->fd < 0)
		return -1;
	shm_unlink(name);
	return fill(memory);
}

static int shm_thp_set_up(struct memory *memory)
{
	const char *dir = getenv("BENCH_THP_DIR");

	memory->fd = open(dir ? dir : "", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fill(memory);
}

const struct peer peer_nothing = {"nothing", 0, nothing_set_up, nothing_attach,
				  nothing_clean_up};
const struct peer peer_msharefs = {"msharefs", HUGE_PAGE, region_set_up,
				   region_attach, region_clean_up};
const struct peer peer_limit = {"limit", HUGE_PAGE, limit_set_up, limit_attach,
				limit_clean_up};
const struct peer peer_hugetlbfs = {"hugetlbfs", HUGE_PAGE, hugetlbfs_set_up,
				    map_somewhere, close_file};
const struct peer peer_sysv_huge = {"sysv-huge", HUGE_PAGE, sysv_huge_set_up,
				    sysv_attach, sysv_clean_up};
const struct peer peer_hugectl = {"hugectl", HUGE_PAGE, hugectl_set_up,
				  sysv_attach, sysv_clean_up};
const struct peer peer_shm = {"shm", SMALL_PAGE, shm_set_up, map_somewhere,
			      close_file};
const struct peer peer_shm_thp = {"shm-thp", HUGE_PAGE, shm_thp_set_up,
				  map_somewhere, close_file};

static bool may_use_sysv_huge(void)
{
	int id = shmget(IPC_PRIVATE, HUGE_PAGE, IPC_CREAT | SHM_HUGETLB | 0600);

	return id >= 0 && !shmctl(id, IPC_RMID, NULL);
}

bool peer_is_here(const struct peer *peer)
{
	const char *why = NULL;

	if (peer == &peer_shm_thp && !getenv("BENCH_THP_DIR"))
		why = "BENCH_THP_DIR names no tmpfs with huge=always";
	else if (peer == &peer_hugectl && !getenv("HUGETLB_SHM"))
		why = "not started under hugectl --shm";
	else if (peer == &peer_sysv_huge && !may_use_sysv_huge())
		why = "vm.hugetlb_shm_group does not let this user";
	if (why)
		fprintf(stderr, "%s is left out: %s\n", peer->series, why);
	return !why;
}

void peer_set_up(struct memory *memory, const struct peer *peer,
		 const char *file, size_t size)
{
	*memory = (struct memory){.peer = peer,
				  .file = file,
				  .size = size,
				  .fd = -1,
				  .window_fd = -1};
	if (peer->set_up(memory)) {
		fprintf(stderr, "%s, %zu GiB: ", peer->series, size / GIB);
		die("setting up");
	}
}
