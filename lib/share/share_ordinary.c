/* SPDX-License-Identifier: MIT */
/* Copies an object to a file of ordinary memory and maps that in its place. */
#include "share/share_ordinary.h"

#include <errno.h>
#include <stdbool.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/syscalls.h"
#include "share/share_message.h"
#include "share/share_table.h"

/* Threads of this process; 0: unknown. */
static unsigned int threads(void)
{
	struct stat st;

	return SYS_CALL(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &st, 0) ||
			       st.st_nlink < 3
		       ? 0
		       : (unsigned int)st.st_nlink - 2;
}

/* Why the object cannot be moved, or NULL. */
static const char *obstacle(const struct part *p)
{
	struct rlimit most;

	if (!witness_is_alone(&p->witness))
		return "another process has that memory, too";
	if (threads() != 1)
		return "another thread may be using that memory";
	/* The kernel would kill the process. */
	if (SYS_CALL(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &most) ||
	    most.rlim_cur < p->offset + p->length)
		return "the limit of the size of files is too low";
	return NULL;
}

static bool is_zero(const uint64_t *page)
{
	for (size_t i = 0; i < share_page / sizeof(*page); i++)
		if (page[i])
			return false;
	return true;
}

/* Pages of zeros stay holes. */
static int copy_part(int fd, const struct part *p)
{
	uintptr_t at = p->start;

	for (; at < p->end && p->offset + (at - p->start) < p->length;
	     at += share_page) {
		if (is_zero((const uint64_t *)at))
			continue;
		if (SYS_CALL(SYS_pwrite64, fd, at, share_page,
			     p->offset + (at - p->start)) != (long)share_page)
			return -ENOMEM;
	}
	return 0;
}

static int copy(int fd, uint64_t object)
{
	const struct part *p;
	int err = 0;

	for (size_t i = 0; !err && (p = share_table_at(i)); i++) {
		const uintptr_t start = cover_start(p);
		const size_t size = round_up(p->end, share_huge) - start;

		if (p->object != object)
			continue;
		if (p->prot & PROT_READ) {
			err = copy_part(fd, p);
			continue;
		}
		err = sys_mprotect(start, size, PROT_READ);
		if (!err)
			err = copy_part(fd, p);
		sys_mprotect(start, size, p->prot);
	}
	return err;
}

/* Whole huge pages first: the kernel divides none. */
static int replace(int fd, const struct part *p)
{
	const uintptr_t start = cover_start(p);
	const uintptr_t end = round_up(p->end, share_huge);
	const off_t offset = (off_t)(p->offset - (p->start - start));
	long at = sys_mmap(start, end - start, p->prot, MAP_SHARED | MAP_FIXED,
			   fd, offset);

	if (sys_failed(at))
		return (int)at;
	if (cover_end(p) > end)
		sys_munmap(end, cover_end(p) - end);
	if (p->stays_behind)
		SYS_CALL(SYS_madvise, start, end - start, MADV_DONTFORK);
	return 0;
}

/*
 * Parts in the same huge page: the file comes into the place of both at once,
 * so what is left between them goes only when no part is.
 */
static void unmap_between(uintptr_t start, uintptr_t end)
{
	uintptr_t at = start;
	const struct part *p;
	size_t i = share_table_find(start);

	for (; (p = share_table_at(i)) && p->start < end; i++) {
		if (p->start > at)
			sys_munmap(at, p->start - at);
		at = p->end;
	}
	if (at < end)
		sys_munmap(at, end - at);
}

/* Sets *end to where the parts end that were replaced. */
static int replace_all(int fd, uint64_t object, uintptr_t *end)
{
	const struct part *p;
	int err = 0;

	*end = 0;
	for (size_t i = 0; !err && (p = share_table_at(i)); i++) {
		if (p->object != object)
			continue;
		err = replace(fd, p);
		if (!err)
			*end = p->end;
	}
	return err;
}

/*
 * Forgets the parts of the object up to end, and unmaps what the program does
 * not have of them.
 */
static void forget(uint64_t object, uintptr_t end)
{
	const struct part *p;

	for (size_t i = 0; (p = share_table_at(i)) && p->end <= end; i++)
		if (p->object == object)
			unmap_between(cover_start(p),
				      round_up(p->end, share_huge));
	for (size_t i = 0; (p = share_table_at(i)) && p->end <= end;) {
		if (p->object == object)
			share_table_remove(i);
		else
			i++;
	}
}

static int move(const struct part *p)
{
	const uint64_t object = p->object;
	const uint64_t size = round_up(p->length, share_page);
	int fd =
		(int)SYS_CALL(SYS_memfd_create, "mshare:ordinary", MFD_CLOEXEC);
	uintptr_t end;
	int err;

	if (fd < 0)
		return fd;
	err = (int)SYS_CALL(SYS_ftruncate, fd, size);
	if (!err)
		err = copy(fd, object);
	if (!err) {
		err = replace_all(fd, object, &end);
		forget(object, end);
	}
	sys_close(fd);
	return err;
}

int share_make_ordinary(uintptr_t start, uintptr_t end, const char *call)
{
	const char *why = NULL;
	struct part *p;

	start = round_down(start, share_huge);
	end = round_up(end, share_huge);
	for (size_t i = share_table_find(start);
	     (p = share_table_at(i)) && cover_start(p) < end;
	     i = share_table_find(start)) {
		why = obstacle(p);
		if (!why && move(p))
			why = "no ordinary memory is left";
		if (why) {
			share_say(
				"%s is refused at %#lx: it concerns a part "
				"of a huge page of redirected memory, and %s; "
				"to keep this program's memory as it is: "
				"--share-only, or --share-min above %lu\n",
				call, (unsigned long)start, why,
				(unsigned long)p->length);
			return -EINVAL;
		}
	}
	return 0;
}
