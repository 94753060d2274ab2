/* SPDX-License-Identifier: MIT */
/*
 * Wrappers of statfs(), of open() for the lists of mounts, and of mount().
 *
 * All of them make the real call first and then look at its result, so that the
 * kernel judges the arguments: a bad pointer is EFAULT as without the preload.
 *
 * Build this file without _FILE_OFFSET_BITS, which renames open(), and without
 * _FORTIFY_SOURCE, which defines an open() of its own.
 */
#if defined(_FILE_OFFSET_BITS) || defined(_TIME_BITS)
#error "build wrap_fs.c without _FILE_OFFSET_BITS"
#endif
#undef _FORTIFY_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "preload/mount_emulation.h"
#include "preload/mount_refs.h"
#include "common/msharefs_file.h"
#include "wrap/libc_real.h"
#include "wrap/wrap.h"
#include <linux/msharefs.h>
#include "preload/fstype_view.h"

/* statfs(): FUSE reports the same magic number for all its filesystems. */

EXPORT int statfs(const char *path, struct statfs *fs)
{
	int ret = real.statfs(path, fs);

	if (UNLIKELY(!ret && fs->f_type == FUSE_SUPER_MAGIC) &&
	    is_msharefs_file(AT_FDCWD, path, 0))
		fs->f_type = MSHARE_MAGIC;
	return ret;
}

EXPORT int statfs64(const char *path, struct statfs64 *fs)
{
	return statfs(path, (struct statfs *)fs);
}

EXPORT int fstatfs(int fd, struct statfs *fs)
{
	int ret = real.fstatfs(fd, fs);

	if (UNLIKELY(!ret && fs->f_type == FUSE_SUPER_MAGIC) &&
	    is_msharefs_file(fd, "", AT_EMPTY_PATH))
		fs->f_type = MSHARE_MAGIC;
	return ret;
}

EXPORT int fstatfs64(int fd, struct statfs64 *fs)
{
	return fstatfs(fd, (struct statfs *)fs);
}

_Static_assert(sizeof(struct statfs) == sizeof(struct statfs64),
	       "both are the same on 64-bit systems");

/* The lists of mounts and filesystems */

static inline int shown(int fd, const char *path)
{
	if (fd >= 0 && UNLIKELY(fstype_view_applies(path)))
		fstype_view_show(fd, path);
	return fd;
}

/*
 * Streams read by themselves, without read(): one of ours stands before the
 * one that libc opened.
 */

static ssize_t stream_read(void *behind, char *to, size_t n)
{
	int fd = fileno(behind);
	ssize_t ret;

	if (!fstype_view_read(fd, to, n, -1, &ret))
		return real.read(fd, to, n);
	if (ret < 0)
		errno = (int)-ret;
	return ret < 0 ? -1 : ret;
}

static int stream_seek(void *behind, off64_t *at, int whence)
{
	off64_t to = lseek64(fileno(behind), *at, whence);

	if (to < 0)
		return -1;
	*at = to;
	return 0;
}

static int stream_close(void *behind)
{
	return fclose(behind);
}

static FILE *before_stream(FILE *behind)
{
	const cookie_io_functions_t functions = {
		.read = stream_read,
		.seek = stream_seek,
		.close = stream_close,
	};
	FILE *file = fopencookie(behind, "r", functions);

	if (!file)
		return behind;
	file->_fileno = fileno(behind); /* for programs that wait for it */
	return file;
}

/* Nothing was read from the stream yet. */
static inline FILE *stream_shown(FILE *file, const char *path)
{
	int saved = errno;

	if (file && UNLIKELY(fstype_view_applies(path)) &&
	    fstype_view_show(fileno(file), path))
		file = before_stream(file);
	errno = saved;
	return file;
}

/* The mode is an argument only if the call may create a file. */
#define MODE_OF(flags)                                                     \
	({                                                                 \
		mode_t mode_ = 0;                                          \
		if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) { \
			va_list args_;                                     \
			va_start(args_, flags);                            \
			mode_ = va_arg(args_, mode_t);                     \
			va_end(args_);                                     \
		}                                                          \
		mode_;                                                     \
	})

EXPORT int open(const char *path, int flags, ...)
{
	return shown(real.open(path, flags, MODE_OF(flags)), path);
}

EXPORT int open64(const char *path, int flags, ...)
{
	return shown(real.open(path, flags, MODE_OF(flags)), path);
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	return shown(real.openat(dir, path, flags, MODE_OF(flags)), path);
}

EXPORT int openat64(int dir, const char *path, int flags, ...)
{
	return shown(real.openat(dir, path, flags, MODE_OF(flags)), path);
}

/* Programs built with _FORTIFY_SOURCE call these if they pass no mode. */
EXPORT int __open_2(const char *path, int flags);
EXPORT int __open64_2(const char *path, int flags);
EXPORT int __openat_2(int dir, const char *path, int flags);
EXPORT int __openat64_2(int dir, const char *path, int flags);

EXPORT int __open_2(const char *path, int flags)
{
	NEED(open_2);
	return shown(real.open_2(path, flags), path);
}

EXPORT int __open64_2(const char *path, int flags)
{
	return __open_2(path, flags);
}

EXPORT int __openat_2(int dir, const char *path, int flags)
{
	NEED(openat_2);
	return shown(real.openat_2(dir, path, flags), path);
}

EXPORT int __openat64_2(int dir, const char *path, int flags)
{
	return __openat_2(dir, path, flags);
}

EXPORT FILE *fopen(const char *restrict path, const char *restrict mode)
{
	NEED(fopen);
	return stream_shown(real.fopen(path, mode), path);
}

EXPORT FILE *fopen64(const char *restrict path, const char *restrict mode)
{
	return fopen(path, mode);
}

EXPORT FILE *setmntent(const char *path, const char *mode)
{
	NEED(setmntent);
	return stream_shown(real.setmntent(path, mode), path);
}

/* mount() of type msharefs */

EXPORT int mount(const char *source, const char *target, const char *type,
		 unsigned long flags, const void *data)
{
	const struct mount_args args = {source, target, type, flags, data};
	int saved = errno;
	int err, ret = real.mount(source, target, type, flags, data);

	if (!ret || !mount_emulation_applies(&args, errno))
		return ret;
	err = mount_emulation_mount(&args, errno);
	errno = err ? -err : saved;
	return err ? -1 : 0;
}

EXPORT int umount2(const char *target, int flags)
{
	int err;

	if (LIKELY(!atomic_load(&mount_refs_any)))
		return real.umount2(target, flags);
	err = mount_emulation_umount(target, flags);
	if (err)
		errno = -err;
	return err ? -1 : 0;
}

EXPORT int umount(const char *target)
{
	return umount2(target, 0);
}
