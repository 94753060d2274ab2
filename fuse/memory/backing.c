/* SPDX-License-Identifier: MIT */
/* Opens a backing, tries out whether it shares page tables, makes files. */
#include "memory/backing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/size.h"
#include "common/address_reserve.h"
#include "common/uffd.h"

#define PREFIX_HUGETLBFS "hugetlbfs:"

int backing_spec_parse(const char *text, struct backing_spec *spec)
{
	*spec = (struct backing_spec){.kind = BACKING_AUTO};
	if (!strcmp(text, "auto"))
		return 0;
	if (!strcmp(text, "memfd")) {
		spec->kind = BACKING_MEMFD;
	} else if (!strcmp(text, "shmem")) {
		spec->kind = BACKING_SHMEM;
	} else if (!strncmp(text, PREFIX_HUGETLBFS, strlen(PREFIX_HUGETLBFS))) {
		spec->kind = BACKING_HUGETLBFS;
		spec->dir = text + strlen(PREFIX_HUGETLBFS);
		if (spec->dir[0] != '/')
			return -EINVAL;
	} else {
		return -EINVAL;
	}
	return 0;
}

static uint64_t base_page(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/*
 * The kernel shares tables of PMD entries. One entry maps a huge page of
 * shared_page() bytes (2 MiB on x86-64), one table a unit of sharing_unit()
 * bytes (1 GiB).
 */
static uint64_t shared_page(void)
{
	return base_page() / sizeof(uint64_t) * base_page();
}

static uint64_t sharing_unit(void)
{
	return base_page() / sizeof(uint64_t) * shared_page();
}

uint64_t backing_unit(const struct backing *backing)
{
	uint64_t unit = sharing_unit();

	return backing->page > unit ? backing->page : unit;
}

/* hugetlbfs files cannot be sealed: a process can truncate the one it gets. */
static int new_file(const struct backing *b)
{
	int fd;

	switch (b->kind) {
	case BACKING_HUGETLBFS:
		fd = openat(b->dir_fd, ".",
			    O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
		break;
	case BACKING_MEMFD:
		fd = memfd_create("msharefs", MFD_CLOEXEC | MFD_HUGETLB |
						      MFD_ALLOW_SEALING);
		break;
	default:
		fd = memfd_create("msharefs", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		break;
	}
	return fd < 0 ? -errno : fd;
}

int backing_file(const struct backing *backing, uint64_t size, int *fd,
		 int *ro_fd)
{
	char path[32];
	int err;

	*ro_fd = -1;
	*fd = new_file(backing);
	if (*fd < 0)
		return *fd;
	/*
	 * A new memfd has mode 0777: a process that gets it read-only could
	 * reopen it for writing.
	 */
	if (ftruncate(*fd, (off_t)size) || fchmod(*fd, 0600))
		goto fail;
	/* A process that gets the file must not be able to truncate it. */
	if (backing->kind != BACKING_HUGETLBFS &&
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto fail;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	*ro_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*ro_fd < 0)
		goto fail;
	return 0;
fail:
	err = -errno;
	close(*fd);
	*fd = -1;
	return err;
}

int backing_punch(int fd, uint64_t start, uint64_t end)
{
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)start, (off_t)(end - start)))
		return -errno;
	return 0;
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt;
}

/*
 * Maps two windows of one file with two pages in it. If page tables are shared,
 * the second window takes one fault, which links the table of the first; else
 * it takes one for each page.
 */
static enum trial try_sharing(const struct backing *b)
{
	struct placement p = {.place = PLACE_ANY,
			      .size = sharing_unit(),
			      .align = sharing_unit()};
	size_t length = 2 * (size_t)b->page;
	enum trial result = TRIAL_FAILED;
	uintptr_t base[2];
	int fd, ro_fd, i, uffd[2] = {-1, -1};
	long faults;

	if (b->page != shared_page())
		return TRIAL_NOT_SHARED;
	if (backing_file(b, p.size, &fd, &ro_fd))
		return TRIAL_FAILED;
	close(ro_fd);
	for (i = 0; i < 2; i++) {
		if (address_reserve_and_map(&p, WINDOW_SHARED, fd, &base[i]))
			goto unmap;
		/*
		 * Sharing needs no userfaultfd, but all windows have one, and
		 * the trial must show what happens to them.
		 */
		uffd[i] = uffd_open();
		if (uffd[i] >= 0)
			uffd_register(uffd[i], base[i], p.size);
		mprotect((void *)base[i], p.size, PROT_READ | PROT_WRITE);
	}
	result = TRIAL_NO_PAGES;
	if (fallocate(fd, 0, 0, (off_t)length) ||
	    madvise((void *)base[0], length, MADV_POPULATE_WRITE))
		goto unmap;
	faults = minor_faults();
	result = madvise((void *)base[1], length, MADV_POPULATE_WRITE)
			 ? TRIAL_FAILED
		 : minor_faults() - faults <= 1 ? TRIAL_SHARED
						: TRIAL_NOT_SHARED;
unmap:
	while (i--) {
		munmap((void *)base[i], p.size);
		if (uffd[i] >= 0)
			close(uffd[i]);
	}
	close(fd);
	return result;
}

static int open_dir(struct backing *b, const char *dir)
{
	struct statfs fs;
	int fd, err;

	b->kind = BACKING_HUGETLBFS;
	b->dir_fd = open(dir, O_DIRECTORY | O_PATH | O_CLOEXEC);
	if (b->dir_fd < 0)
		return -errno;
	err = fstatfs(b->dir_fd, &fs) ? -errno : 0;
	if (!err && fs.f_type != HUGETLBFS_MAGIC)
		err = -ENODEV;
	if (!err) {
		b->page = (uint64_t)fs.f_bsize;
		fd = new_file(b);
		err = fd < 0 ? fd : 0;
	}
	if (err) {
		close(b->dir_fd);
		b->dir_fd = -1;
		return err;
	}
	close(fd);
	snprintf(b->name, sizeof(b->name), PREFIX_HUGETLBFS "%s", dir);
	return 0;
}

static int open_memfd(struct backing *b)
{
	struct statfs fs;
	int fd, err;

	b->kind = BACKING_MEMFD;
	fd = new_file(b);
	if (fd < 0)
		return fd;
	err = fstatfs(fd, &fs) ? -errno : 0;
	close(fd);
	b->page = (uint64_t)fs.f_bsize;
	snprintf(b->name, sizeof(b->name), "memfd");
	return err;
}

static void open_shmem(struct backing *b)
{
	b->kind = BACKING_SHMEM;
	b->page = base_page();
	snprintf(b->name, sizeof(b->name), "shmem");
}

/* Stores the outcome of the trial: why nothing is shared and what to do. */
static void explain(struct backing *b, enum trial trial)
{
	struct hugepage_pool memory;
	char text[SIZE_TEXT];

	b->trial = trial;
	b->shares = trial == TRIAL_SHARED;
	switch (trial) {
	case TRIAL_SHARED:
		break;
	case TRIAL_NO_PAGES:
		hugepage_pool_read(base_page(), &memory);
		snprintf(b->why_not, sizeof(b->why_not),
			 "no huge page is free; as root: sysctl "
			 "vm.nr_overcommit_hugepages=%" PRIu64
			 ", then mount again",
			 memory.total / 2 / shared_page());
		break;
	case TRIAL_NOT_SHARED:
		snprintf(b->why_not, sizeof(b->why_not),
			 b->page == shared_page()
				 ? "this kernel does not share them (it needs "
				   "CONFIG_HUGETLB_PMD_PAGE_TABLE_SHARING)"
				 : "only pages of %s share them; mount with "
				   "-o backing=auto",
			 size_text(shared_page(), text));
		break;
	case TRIAL_FAILED:
		snprintf(b->why_not, sizeof(b->why_not),
			 "the trial failed; to see why, run msharefs -f -d");
		break;
	}
}

/* Opens any hugetlbfs mount with shareable pages that the daemon may use. */
static int open_any_dir(struct backing *b)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int err = -ENOENT;

	if (!mounts)
		return -errno;
	while (err && (m = getmntent(mounts))) {
		if (strcmp(m->mnt_type, "hugetlbfs") != 0)
			continue;
		err = open_dir(b, m->mnt_dir);
		if (!err && b->page != shared_page()) {
			backing_close(b);
			err = -ENOENT;
		}
	}
	endmntent(mounts);
	return err;
}

/* memfd first: it can be sealed against truncation. */
static void open_auto(struct backing *b)
{
	enum trial trial;

	if (!open_memfd(b)) {
		trial = try_sharing(b);
		explain(b, trial);
		if (trial == TRIAL_SHARED)
			return;
	}
	/* A mount can hold a reserve of its own when the pool is empty. */
	if (!open_any_dir(b)) {
		trial = try_sharing(b);
		if (trial == TRIAL_SHARED) {
			explain(b, trial);
			return;
		}
		backing_close(b);
	}
	open_shmem(b);
}

int backing_open(struct backing *b, const struct backing_spec *spec,
		 char message[BACKING_MESSAGE])
{
	int err = 0;

	*b = (struct backing){
		.dir_fd = -1,
		.max_size = UINT64_MAX,
		.trial = TRIAL_FAILED,
	};
	hugepage_pool_init();
	switch (spec->kind) {
	case BACKING_AUTO:
		open_auto(b);
		return 0;
	case BACKING_HUGETLBFS:
		err = open_dir(b, spec->dir);
		if (err)
			snprintf(message, BACKING_MESSAGE,
				 "backing=hugetlbfs:%s: %s", spec->dir,
				 err == -ENODEV
					 ? "not a hugetlbfs mount; as root: "
					   "mount -t hugetlbfs none DIR"
					 : strerror(-err));
		break;
	case BACKING_MEMFD:
		err = open_memfd(b);
		if (err)
			snprintf(message, BACKING_MESSAGE,
				 "backing=memfd: %s: this kernel has no "
				 "memfd_create(MFD_HUGETLB)",
				 strerror(-err));
		break;
	case BACKING_SHMEM:
		open_shmem(b);
		break;
	}
	if (!err)
		explain(b, try_sharing(b));
	return err;
}

void backing_close(struct backing *b)
{
	if (b->dir_fd >= 0)
		close(b->dir_fd);
	b->dir_fd = -1;
}

int backing_take(struct backing *b, uint64_t bytes)
{
	unsigned long held = atomic_load(&b->held);

	do {
		if (held > b->max_size || bytes > b->max_size - held)
			return -ENOMEM;
	} while (!atomic_compare_exchange_weak(&b->held, &held, held + bytes));
	return 0;
}

void backing_give(struct backing *b, uint64_t bytes)
{
	atomic_fetch_sub(&b->held, bytes);
}
