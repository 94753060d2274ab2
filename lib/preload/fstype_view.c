/* SPDX-License-Identifier: MIT */
/* Copies lists of mounts with the type "msharefs". */
#include "preload/fstype_view.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

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

static void replace(int fd, const struct text *t, int flags)
{
	int own = (int)SYS_CALL(SYS_fcntl, fd, F_GETFD);
	int copy = open_copy(t, flags);

	if (copy < 0)
		return;
	if (own >= 0)
		SYS_CALL(SYS_dup3, copy, fd, own & FD_CLOEXEC ? O_CLOEXEC : 0);
	sys_close(copy);
}

void fstype_view_show(int fd, const char *path)
{
	enum fstype_view_kind kind = fstype_view_kind(path);
	int flags = (int)SYS_CALL(SYS_fcntl, fd, F_GETFL);
	struct text t = {0};

	if (flags < 0 || flags & O_PATH || (flags & O_ACCMODE) != O_RDONLY)
		return;
	if (!read_all(fd, &t) &&
	    (kind == FSTYPE_VIEW_FILESYSTEMS ? add_filesystem(&t)
					     : change_types(&t, kind)))
		replace(fd, &t, flags);
	if (t.room)
		sys_munmap((uintptr_t)t.data, t.room);
}
