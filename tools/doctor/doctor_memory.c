/* SPDX-License-Identifier: MIT */
/*
 * doctor: are there huge pages, and does the kernel share their page tables?
 * (doctor.h)
 */
#include "doctor/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <unistd.h>

#include "amount.h"
#include "memory/backing.h"
#include "memory/hugepage_command.h"

/* The size of the pages whose tables the kernel shares. */
static uint64_t shared_page(void)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return page / sizeof(uint64_t) * page;
}

/* The number of such pages that one shared table maps. */
static uint64_t table_pages(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE) / sizeof(uint64_t);
}

/* The pool */

/* Suggests half of the free memory, in addition to huge pages now in use. */
static void mend_pool(struct finding *f)
{
	char path[128], command[HUGEPAGES_COMMAND];
	uint64_t page = shared_page(), surplus = 0;
	struct hugepage_pool memory;

	hugepage_pool_read((uint64_t)sysconf(_SC_PAGESIZE), &memory);
	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-%" PRIu64
		 "kB/surplus_hugepages",
		 page / 1024);
	if (!read_number(path, &surplus))
		surplus = 0;
	if (memory.free / 2 >= page)
		mend_as_root(f, "%s",
			     hugepages_command(page,
					       surplus + memory.free / 2 / page,
					       command));
}

void doctor_pool(struct finding *f, const char *mount)
{
	char page[AMOUNT_TEXT], available[AMOUNT_TEXT], total[AMOUNT_TEXT];
	struct hugepage_pool pool;

	(void)mount;
	amount_exact(shared_page(), page);
	hugepage_pool_read(shared_page(), &pool);
	amount_text(pool.free, available);
	amount_text(pool.total, total);
	if (pool.free >= table_pages() * shared_page()) {
		found(f, DOCTOR_OK, "%s available in pages of %s, of %s",
		      available, page, total);
		return;
	}
	if (!pool.total)
		found(f, DOCTOR_MISSING,
		      "no pages of %s are reserved, nor allowed on demand",
		      page);
	else if (!pool.free)
		found(f, DOCTOR_MISSING, "all pages of %s (%s) are in use",
		      page, total);
	else
		found(f, DOCTOR_DEGRADED,
		      "only %s available in pages of %s, of %s", available,
		      page, total);
	mend_pool(f);
}

/* hugetlbfs */

/* Whether this user may create unnamed files there. */
static bool can_use(const char *dir, uint64_t *page)
{
	struct statfs fs;
	int fd;

	if (statfs(dir, &fs) || fs.f_type != HUGETLBFS_MAGIC)
		return false;
	*page = (uint64_t)fs.f_bsize;
	fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/*
 * Lists the usable mounts as "DIR (2M), ..."; returns the number of all mounts.
 */
static int list_mounts(char *text, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char page_text[AMOUNT_TEXT];
	size_t used = 0;
	struct mntent *m;
	uint64_t page;
	int n = 0;

	*text = 0;
	while (mounts && (m = getmntent(mounts))) {
		if (strcmp(m->mnt_type, "hugetlbfs") != 0)
			continue;
		n++;
		if (used < size && can_use(m->mnt_dir, &page))
			used += (size_t)snprintf(text + used, size - used,
						 "%s%s (%s)", used ? ", " : "",
						 m->mnt_dir,
						 amount_exact(page, page_text));
	}
	if (mounts)
		endmntent(mounts);
	return n;
}

static bool have_memfd(void)
{
	int fd = memfd_create("msharectl", MFD_CLOEXEC | MFD_HUGETLB);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

void doctor_hugetlbfs(struct finding *f, const char *mount)
{
	char list[DOCTOR_TEXT - 64];
	int n = list_mounts(list, sizeof(list));

	(void)mount;
	if (*list)
		found(f, DOCTOR_OK, "this user can use %s", list);
	else if (have_memfd())
		found(f, DOCTOR_OK,
		      "%s; not needed, because the backing memfd works",
		      n ? "this user can use none" : "none is mounted");
	else if (!access("/sys/kernel/mm/hugepages", F_OK)) {
		found(f, DOCTOR_MISSING,
		      "memfd_create(MFD_HUGETLB) does not work, and there is "
		      "no usable hugetlbfs mount");
		mend_as_root(f, "mkdir -p /mnt/huge && mount -t hugetlbfs -o "
				"mode=1777 none /mnt/huge");
	} else {
		found(f, DOCTOR_MISSING,
		      "this kernel has no huge pages; it needs "
		      "CONFIG_HUGETLBFS");
	}
}

/* Sharing, tried as the daemon does when it starts */

static void not_shared(struct finding *f, const struct backing *b)
{
	struct hugepage_pool pool;

	hugepage_pool_read(shared_page(), &pool);
	if (b->trial == TRIAL_NOT_SHARED)
		found(f, DOCTOR_MISSING, "%s", b->why_not);
	else if (!pool.free)
		found(f, DOCTOR_MISSING,
		      "cannot try it without huge pages: see pool");
	else if (b->trial == TRIAL_NO_PAGES)
		found(f, DOCTOR_MISSING,
		      "the pool has huge pages, but they cannot be allocated: "
		      "see cgroup");
	else
		found(f, DOCTOR_MISSING,
		      "cannot try it: see hugetlbfs and limits");
}

void doctor_sharing(struct finding *f, const char *mount)
{
	const struct backing_spec any = {.kind = BACKING_AUTO};
	char message[BACKING_MESSAGE], page[AMOUNT_TEXT];
	struct sigaction old, ignore = {.sa_handler = SIG_IGN};
	struct backing b;

	(void)mount;
	/* A file-size limit must become an error, not a signal. */
	sigaction(SIGXFSZ, &ignore, &old);
	if (backing_open(&b, &any, message)) {
		found(f, DOCTOR_MISSING, "%s", message);
	} else {
		if (b.shares)
			found(f, DOCTOR_OK,
			      "tried: two windows share a page table (%s, "
			      "pages of %s)",
			      b.name, amount_exact(b.page, page));
		else
			not_shared(f, &b);
		backing_close(&b);
	}
	sigaction(SIGXFSZ, &old, NULL);
}
