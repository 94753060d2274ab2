/* SPDX-License-Identifier: MIT */
#include "harness/fsops.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

/*
 * What is msharefs's own, done on tmpfs by our rules. Nothing else is.
 *
 * - The size of a region is set once, to a multiple of the alignment:
 *   truncate(), ftruncate(), O_TRUNC.
 * - There are regular files and directories only: symlink(), mkfifo().
 * - A directory can be sought like a file, with SEEK_END and so on.
 */
static bool size_allowed(const struct stat *st, off_t size, off_t align)
{
	return size < 0 || (st->st_size == 0 && size && size % align == 0);
}

static int truncate_by_our_rules(const char *path, off_t size, off_t align)
{
	struct stat st;
	int ret = -1, fd;

	if (size < 0)
		return truncate(path, size);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (!fstat(fd, &st)) {
		errno = EINVAL;
		if (size_allowed(&st, size, align))
			ret = ftruncate(fd, size);
	}
	close(fd);
	return ret;
}

static int ftruncate_by_our_rules(int fd, off_t size, off_t align)
{
	struct stat st;

	if (fcntl(fd, F_GETFL) & O_PATH || fstat(fd, &st) ||
	    !S_ISREG(st.st_mode) || (fcntl(fd, F_GETFL) & O_ACCMODE) == 0 ||
	    size_allowed(&st, size, align))
		return ftruncate(fd, size);
	errno = EINVAL;
	return -1;
}

/* O_TRUNC of what has a size: only whether it may be opened for that. */
static int open_by_our_rules(int dir, const char *path, int flags, mode_t mode)
{
	struct stat st;
	int fd;

	if (!(flags & O_TRUNC) || flags & O_PATH ||
	    fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode) || st.st_size == 0)
		return openat(dir, path, flags, mode);
	if ((flags & O_ACCMODE) == O_RDONLY)
		flags |= O_RDWR;
	fd = openat(dir, path, flags & ~O_TRUNC, mode);
	if (fd < 0)
		return -1;
	close(fd);
	errno = EINVAL;
	return -1;
}

/* Workers have no right to make devices, so EPERM, if nothing else is wrong. */
static int make_other_by_our_rules(int dir, const char *path)
{
	return mknodat(dir, path, S_IFCHR | 0600, 0x103);
}

/* Operations */

static int full_path(const struct fsop_side *side, unsigned int slot,
		     char path[64])
{
	snprintf(path, 64, "/proc/self/fd/%d", side->slot[slot]);
	return side->slot[slot] < 0 ? -1 : 0;
}

static int do_open(const struct fsop *op, struct fsop_side *side, char *seen)
{
	const char *path = op->path[0];
	struct stat st;
	int fd;

	if (side->ours)
		fd = openat(side->cwd, path, op->flags, op->mode);
	else
		fd = open_by_our_rules(side->cwd, path, op->flags, op->mode);
	if (fd < 0 && errno == EINVAL && side->ours)
		/* It is tried there: to close a file gives up locks. */
		fd = open_by_our_rules(side->cwd, path, op->flags, op->mode);
	if (fd < 0)
		return -1;
	if (side->slot[op->slot] >= 0)
		close(side->slot[op->slot]);
	side->slot[op->slot] = fd;
	if (!fstat(fd, &st))
		sprintf(seen, "%o %lu %#x", st.st_mode, st.st_nlink,
			fcntl(fd, F_GETFL));
	return 0;
}

static int do_close(struct fsop_side *side, unsigned int slot)
{
	int ret = close(side->slot[slot]);

	side->slot[slot] = -1;
	return ret;
}

static int do_chdir(const struct fsop *op, struct fsop_side *side)
{
	/* Mostly back to the beginning: where they go tends to be removed. */
	const bool home = op->slot < 4;
	int fd = openat(home ? side->base : side->cwd, home ? "." : op->path[0],
			O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* chdir() wants leave to search it */
	if (fd >= 0 && faccessat(fd, ".", X_OK, AT_EACCESS)) {
		close(fd);
		errno = EACCES;
		return -1;
	}
	if (fd < 0)
		return -1;
	close(side->cwd);
	side->cwd = fd;
	return 0;
}

static int do_link_fd(const struct fsop *op, struct fsop_side *side)
{
	char path[64];

	if (full_path(side, op->slot, path))
		return -2;
	if (op->mode & 1)
		return linkat(AT_FDCWD, path, side->cwd, op->path[1],
			      AT_SYMLINK_FOLLOW);
	return linkat(side->slot[op->slot], "", side->cwd, op->path[1],
		      AT_EMPTY_PATH);
}

static void see_stat(const struct stat *st, char *seen)
{
	sprintf(seen, "%o %lu %u %u %ld", st->st_mode, st->st_nlink, st->st_uid,
		st->st_gid, st->st_size);
}

static int do_stat(const struct fsop *op, struct fsop_side *side, char *seen)
{
	struct stat st;
	int ret = op->kind == FSOP_STAT
			  ? fstatat(side->cwd, op->path[0], &st, 0)
			  : fstat(side->slot[op->slot], &st);

	if (!ret)
		see_stat(&st, seen);
	return ret;
}

static int cmp_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order, as far as there is room: the same on both sides. */
static void see_sorted(char **texts, size_t n, char *seen)
{
	qsort(texts, n, sizeof(texts[0]), cmp_text);
	for (size_t i = 0; i < n && strlen(seen) < 400; i++) {
		strcat(seen, " ");
		strncat(seen, texts[i], 60);
	}
}

static int do_readdir(const struct fsop *op, struct fsop_side *side, char *seen)
{
	int fd = openat(side->cwd, op->path[0],
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[16][32], *texts[16];
	struct dirent *e;
	size_t n = 0;
	DIR *dir;

	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	while (dir && n < 16 && (e = readdir(dir))) {
		snprintf(text[n], sizeof(text[n]), "%d:%.20s", e->d_type,
			 e->d_name);
		texts[n] = text[n];
		n++;
	}
	see_sorted(texts, n, seen);
	return dir ? closedir(dir) : -1;
}

static int do_listxattr(const char *path, char *seen)
{
	char buf[1024], *texts[16];
	ssize_t n = listxattr(path, buf, sizeof(buf));
	size_t count = 0;

	for (char *c = buf; n > 0 && c < buf + n && count < 16;
	     c += strlen(c) + 1)
		texts[count++] = c;
	see_sorted(texts, count, seen);
	return (int)n;
}

/* They have no form with a directory: by way of /proc. */
static long do_xattr(const struct fsop *op, struct fsop_side *side, char *seen)
{
	int fd = openat(side->cwd, op->path[0], O_PATH | O_CLOEXEC);
	char path[64];
	long ret = -1;

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (op->kind == FSOP_SETXATTR)
		ret = setxattr(path, op->xattr, op->value, strlen(op->value),
			       op->flags);
	else if (op->kind == FSOP_REMOVEXATTR)
		ret = removexattr(path, op->xattr);
	else if (op->kind == FSOP_LISTXATTR)
		ret = do_listxattr(path, seen);
	else
		ret = getxattr(path, op->xattr, seen, 100);
	close(fd);
	return ret;
}

static int do_setlk(const struct fsop *op, struct fsop_side *side)
{
	struct flock lock = {
		.l_type = (short)op->flags,
		.l_whence = SEEK_SET,
		.l_start = op->size,
		.l_len = op->mode % 4,
	};

	return fcntl(side->slot[op->slot],
		     op->mode & 64 ? F_OFD_SETLK : F_SETLK, &lock);
}

/* What FUSE makes of other places in a directory: see mount_handles.c. */
static long do_seek(const struct fsop *op, int fd)
{
	struct stat st;

	if (!fstat(fd, &st) && S_ISDIR(st.st_mode) && op->whence > SEEK_CUR)
		return -2;
	return lseek(fd, op->size, op->whence);
}

static long by_handle(const struct fsop *op, struct fsop_side *side,
		      off_t align, char *seen)
{
	int fd = side->slot[op->slot];

	switch (op->kind) {
	case FSOP_CLOSE:
		return do_close(side, op->slot);
	case FSOP_FCHMOD:
		return fchmod(fd, op->mode);
	case FSOP_FCHOWN:
		return fchown(fd, op->uid, op->gid);
	case FSOP_FUTIMES:
		return futimens(fd, op->times);
	case FSOP_FSTAT:
		return do_stat(op, side, seen);
	case FSOP_FSIZE:
		return side->ours ? ftruncate(fd, op->size)
				  : ftruncate_by_our_rules(fd, op->size, align);
	case FSOP_FLOCK:
		return flock(fd, op->flags);
	case FSOP_SETLK:
		return do_setlk(op, side);
	case FSOP_SEEK:
		return do_seek(op, fd);
	case FSOP_SYNC:
		return fsync(fd);
	default:
		return do_link_fd(op, side);
	}
}

static int make(const struct fsop *op, struct fsop_side *side)
{
	const char *path = op->path[0];

	switch (op->kind) {
	case FSOP_MKDIR:
		return mkdirat(side->cwd, path, op->mode);
	case FSOP_MKNOD:
		return mknodat(side->cwd, path, S_IFREG | op->mode, 0);
	case FSOP_SYMLINK:
		if (side->ours)
			return symlinkat("target", side->cwd, path);
		return make_other_by_our_rules(side->cwd, path);
	default:
		if (side->ours)
			return mkfifoat(side->cwd, path, op->mode);
		return make_other_by_our_rules(side->cwd, path);
	}
}

/* As truncate_by_our_rules() does: to close a file gives up locks. */
static void open_and_close(const char *path)
{
	int err = errno, fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	errno = err;
}

static int set_size(const struct fsop *op, struct fsop_side *side, off_t align)
{
	int fd = openat(side->cwd, op->path[0], O_PATH | O_CLOEXEC), ret;
	char path[64];

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (side->ours) {
		ret = truncate(path, op->size);
		if (op->size >= 0)
			open_and_close(path);
	} else {
		ret = truncate_by_our_rules(path, op->size, align);
	}
	close(fd);
	return ret;
}

static long by_path(const struct fsop *op, struct fsop_side *side, off_t align,
		    char *seen)
{
	const char *path = op->path[0];

	switch (op->kind) {
	case FSOP_OPEN:
		return do_open(op, side, seen);
	case FSOP_CHDIR:
		return do_chdir(op, side);
	case FSOP_RMDIR:
		return unlinkat(side->cwd, path, AT_REMOVEDIR);
	case FSOP_UNLINK:
		return unlinkat(side->cwd, path, 0);
	case FSOP_LINK:
		return linkat(side->cwd, path, side->cwd, op->path[1], 0);
	case FSOP_RENAME:
		return renameat2(side->cwd, path, side->cwd, op->path[1],
				 (unsigned int)op->flags);
	case FSOP_CHMOD:
		return fchmodat(side->cwd, path, op->mode, 0);
	case FSOP_CHOWN:
		return fchownat(side->cwd, path, op->uid, op->gid,
				AT_SYMLINK_NOFOLLOW);
	case FSOP_UTIMES:
		return utimensat(side->cwd, path, op->times, 0);
	case FSOP_ACCESS:
		return faccessat(side->cwd, path, (int)op->mode, AT_EACCESS);
	case FSOP_STAT:
		return do_stat(op, side, seen);
	case FSOP_SIZE:
		return set_size(op, side, align);
	case FSOP_READDIR:
		return do_readdir(op, side, seen);
	case FSOP_SETXATTR:
	case FSOP_GETXATTR:
	case FSOP_REMOVEXATTR:
	case FSOP_LISTXATTR:
		return do_xattr(op, side, seen);
	default:
		return make(op, side);
	}
}

static bool takes_handle(enum fsop_kind kind)
{
	static const enum fsop_kind kinds[] = {
		FSOP_CLOSE,   FSOP_LINK_FD, FSOP_FCHMOD, FSOP_FCHOWN,
		FSOP_FUTIMES, FSOP_FSTAT,   FSOP_FSIZE,	 FSOP_FLOCK,
		FSOP_SETLK,   FSOP_SEEK,    FSOP_SYNC};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i] == kind)
			return true;
	return false;
}

static void look(const struct fsop *op, const struct fsop_side *side, int i,
		 struct fsop_outcome *out)
{
	int ret;

	if (i == 0 && takes_handle(op->kind))
		ret = fstat(side->slot[op->slot], &out->st[i]);
	else
		ret = fstatat(side->cwd, op->path[i], &out->st[i], 0);
	out->stat_err[i] = ret ? errno : 0;
}

void fsop_apply(const struct fsop *op, struct fsop_side *side, off_t align,
		struct fsop_outcome *out)
{
	memset(out, 0, sizeof(*out));
	out->ret = takes_handle(op->kind)
			   ? by_handle(op, side, align, out->seen)
			   : by_path(op, side, align, out->seen);
	out->err = out->ret < 0 ? errno : 0;
	if (out->ret == -2) /* there was nothing to do it with */
		out->err = 0;
	for (int i = 0; i < 2; i++)
		look(op, side, i, out);
}
