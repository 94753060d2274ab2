/* SPDX-License-Identifier: MIT */
/*
 * Shows lists of mounts with the type "msharefs". The descriptor stays that of
 * the kernel's list, so that a program can wait for changes of it (POLLERR and
 * POLLPRI); what is read from it is rewritten. Its position counts bytes of the
 * rewritten text.
 */
#include "preload/fstype_view.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "preload/procfd.h"
#include "common/syscalls.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

#define KERNELS_TYPE "fuse.msharefs "
#define FILESYSTEM "nodev\tmsharefs\n"
#define FIRST_SIZE ((size_t)1 << 16)

static const struct {
	const char *path;
	enum fstype_view_kind kind;
} lists[] = {
	{"/proc/mounts", FSTYPE_VIEW_MOUNTS},
	{"/proc/self/mounts", FSTYPE_VIEW_MOUNTS},
	{"/proc/thread-self/mounts", FSTYPE_VIEW_MOUNTS},
	{"/etc/mtab", FSTYPE_VIEW_MOUNTS},
	{"/proc/self/mountinfo", FSTYPE_VIEW_MOUNTINFO},
	{"/proc/thread-self/mountinfo", FSTYPE_VIEW_MOUNTINFO},
	{"/proc/filesystems", FSTYPE_VIEW_FILESYSTEMS},
};

enum fstype_view_kind fstype_view_kind(const char *path)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (!strcmp(path, lists[i].path))
			return lists[i].kind;
	return FSTYPE_VIEW_NONE;
}

/* Uses no malloc(), as open() may be called in a signal handler. */
struct text {
	char *data;
	size_t length;
	size_t room;
};

static int make_room(struct text *t)
{
	size_t room = t->room ? t->room * 2 : FIRST_SIZE;
	long at = t->room ? SYS_CALL(SYS_mremap, t->data, t->room, room,
				     MREMAP_MAYMOVE)
			  : sys_mmap(0, room, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at < 0 && at > -4096)
		return (int)at;
	t->data = (char *)at;
	t->room = room;
	return 0;
}

/* Reads the whole file and leaves the position of fd at its beginning. */
static int read_all(int fd, struct text *t)
{
	for (;;) {
		long n;

		if (t->room - t->length < sizeof(FILESYSTEM) ||
		    t->room - t->length < 4096) {
			int err = make_room(t);

			if (err)
				return err;
		}
		n = SYS_CALL(SYS_pread64, fd, t->data + t->length,
			     t->room - t->length - sizeof(FILESYSTEM),
			     t->length);
		if (n <= 0)
			return (int)n;
		t->length += (size_t)n;
	}
}

/* Finds the type in a line: the third word, or the one after " - ". */
static const char *type_in(const char *line, const char *end,
			   enum fstype_view_kind kind)
{
	int words = 1;

	for (const char *c = line; c < end; c++) {
		if (*c != ' ')
			continue;
		words++;
		if (kind == FSTYPE_VIEW_MOUNTS
			    ? words == 3
			    : c - line >= 2 && c[-1] == '-' && c[-2] == ' ')
			return c + 1;
	}
	return end;
}

/* Removes "fuse." from the type of our mounts. Whether there was any. */
static bool change_types(struct text *t, enum fstype_view_kind kind)
{
	const size_t known = sizeof(KERNELS_TYPE) - 1,
		     fuse = sizeof("fuse.") - 1;
	const char *end = t->data + t->length, *next;
	char *to = t->data;

	for (const char *line = t->data; line < end; line = next) {
		const char *type, *rest;

		next = memchr(line, '\n', (size_t)(end - line));
		next = next ? next + 1 : end;
		type = rest = type_in(line, next, kind);
		if ((size_t)(next - type) >= known &&
		    !memcmp(type, KERNELS_TYPE, known))
			rest += fuse;
		memmove(to, line, (size_t)(type - line));
		to += type - line;
		memmove(to, rest, (size_t)(next - rest));
		to += next - rest;
	}
	t->length = (size_t)(to - t->data);
	return to != end;
}

/* Adds msharefs, unless the kernel lists it. Whether it was added. */
static bool add_filesystem(struct text *t)
{
	const size_t n = sizeof(FILESYSTEM) - 1;

	if (memmem(t->data, t->length, "\tmsharefs\n", n - strlen("nodev")))
		return false;
	memcpy(t->data + t->length, FILESYSTEM, n);
	t->length += n;
	return true;
}

static int write_all(int fd, const struct text *t)
{
	size_t done = 0;

	while (done < t->length) {
		long n = SYS_CALL(SYS_write, fd, t->data + done,
				  t->length - done);

		if (n < 0 && n != -EINTR)
			return (int)n;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

/* An anonymous file with this text, open for reading only. */
static int open_copy(const struct text *t, int flags)
{
	char path[PROCFD_SIZE];
	int err, copy = -1;
	int fd = (int)SYS_CALL(SYS_memfd_create, "msharefs",
			       MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd == -EINVAL) /* before Linux 6.3 */
		fd = (int)SYS_CALL(SYS_memfd_create, "msharefs", MFD_CLOEXEC);
	if (fd < 0)
		return fd;
	err = write_all(fd, t);
	if (!err) {
		SYS_CALL(SYS_fchmod, fd, 0444);
		procfd_path(path, fd);
		err = copy = (int)SYS_CALL(SYS_openat, AT_FDCWD, path,
					   O_RDONLY | O_CLOEXEC |
						   (flags & O_NONBLOCK));
	}
	sys_close(fd);
	return err < 0 ? err : copy;
}

/* Reads the list and rewrites it. False: there is nothing to rewrite. */
static bool rewritten(int fd, enum fstype_view_kind kind, struct text *t)
{
	return !read_all(fd, t) &&
	       (kind == FSTYPE_VIEW_FILESYSTEMS ? add_filesystem(t)
						: change_types(t, kind));
}

static void release(struct text *t)
{
	if (t->room)
		sys_munmap((uintptr_t)t->data, t->room);
}

/* The descriptors of lists that have to be rewritten */

#define VIEWS 8

/* The program may close a descriptor, and the number may become another's. */
static struct view {
	atomic_int fd; /* plus 1; 0: free */
	enum fstype_view_kind kind;
	uint64_t ino;
} views[VIEWS];

atomic_bool fstype_view_any;

static uint64_t number_of(int fd)
{
	struct statx stx;

	return SYS_CALL(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
			STATX_INO, &stx)
		       ? 0
		       : stx.stx_ino;
}

static struct view *view_of(int fd)
{
	for (int i = 0; i < VIEWS; i++)
		if (atomic_load(&views[i].fd) == fd + 1)
			return number_of(fd) == views[i].ino ? &views[i] : NULL;
	return NULL;
}

static bool is_stale(const struct view *v)
{
	int fd = atomic_load(&v->fd) - 1;

	return fd < 0 || number_of(fd) != v->ino;
}

/* If there are too many, the program sees the kernel's text. */
static void add_view(int fd, enum fstype_view_kind kind)
{
	struct view *v = NULL;

	for (int i = 0; i < VIEWS && !v; i++)
		if (atomic_load(&views[i].fd) == fd + 1)
			v = &views[i];
	for (int i = 0; i < VIEWS && !v; i++)
		if (is_stale(&views[i]))
			v = &views[i];
	if (!v)
		return;
	v->kind = kind;
	v->ino = number_of(fd);
	atomic_store(&v->fd, fd + 1);
	atomic_store(&fstype_view_any, true);
}

bool fstype_view_show(int fd, const char *path)
{
	enum fstype_view_kind kind = fstype_view_kind(path);
	int flags = (int)SYS_CALL(SYS_fcntl, fd, F_GETFL);
	struct text t = {0};
	bool show;

	if (flags < 0 || flags & O_PATH || (flags & O_ACCMODE) != O_RDONLY)
		return false;
	show = rewritten(fd, kind, &t);
	if (show)
		add_view(fd, kind);
	release(&t);
	return show;
}

/* Like the kernel's read(): a bad address is EFAULT. */
static long copy_out(void *to, const char *from, size_t n)
{
	struct iovec here = {to, n}, there = {(void *)from, n};
	const long self = SYS_CALL(SYS_getpid);
	long ret = n ? SYS_CALL(SYS_process_vm_readv, self, &here, 1UL, &there,
				1UL, 0UL)
		     : 0;

	if (ret == -EPERM || ret == -ENOSYS) {
		memcpy(to, from, n);
		return (long)n;
	}
	return ret;
}

bool fstype_view_read(int fd, void *to, size_t n, off_t at, ssize_t *ret)
{
	struct view *v = view_of(fd);
	struct text t = {0};
	off_t from = at;
	bool mine;

	mine = v && rewritten(fd, v->kind, &t);
	if (mine && at < 0)
		from = (off_t)SYS_CALL(SYS_lseek, fd, 0L, SEEK_CUR);
	mine = mine && from >= 0;
	if (mine) {
		size_t left =
			(size_t)from < t.length ? t.length - (size_t)from : 0;

		*ret = copy_out(to, t.data + from, n < left ? n : left);
		if (at < 0 && *ret > 0)
			SYS_CALL(SYS_lseek, fd, from + *ret, SEEK_SET);
	}
	release(&t);
	return mine;
}

/*
 * Puts a copy of the list into the descriptor to, which was just duplicated
 * from from: programs do that for other programs, which read it without us.
 */
void fstype_view_copy(int from, int to)
{
	struct view *v = view_of(from);
	int own = (int)SYS_CALL(SYS_fcntl, to, F_GETFD);
	struct text t = {0};
	int copy = -1;
	long at;

	if (v && from != to && rewritten(from, v->kind, &t))
		copy = open_copy(&t, 0);
	if (copy >= 0) {
		at = SYS_CALL(SYS_lseek, from, 0L, SEEK_CUR);
		SYS_CALL(SYS_lseek, copy, at, SEEK_SET);
		SYS_CALL(SYS_dup3, copy, to, own & FD_CLOEXEC ? O_CLOEXEC : 0);
		sys_close(copy);
	}
	release(&t);
}
