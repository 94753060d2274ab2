/* SPDX-License-Identifier: MIT */
#define FUSE_USE_VERSION 312
#include "hostile/slow_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/harness.h"

#define FILE_INO 2
#define SIZE 4096
#define SECONDS 20 /* more than an attack takes */

static char place[PATH_MAX];

/* The filesystem: a directory with the file "f" */

static struct stat attributes(fuse_ino_t ino)
{
	struct stat st = {
		.st_ino = ino,
		.st_mode = ino == FILE_INO ? S_IFREG | 0600 : S_IFDIR | 0700,
		.st_nlink = 1,
		.st_size = SIZE,
		.st_uid = getuid(),
		.st_gid = getgid(),
	};

	return st;
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct fuse_entry_param entry = {
		.ino = FILE_INO,
		.attr = attributes(FILE_INO),
		.attr_timeout = 1000,
		.entry_timeout = 1000,
	};

	(void)parent;
	if (strcmp(name, "f") != 0)
		fuse_reply_err(req, ENOENT);
	else
		fuse_reply_entry(req, &entry);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *info)
{
	const struct stat st = attributes(ino);

	(void)info;
	fuse_reply_attr(req, &st, 1000);
}

/* Read-only: not cached. mmap() then writes back what others have changed. */
static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	(void)ino;
	info->direct_io = (info->flags & O_ACCMODE) == O_RDONLY;
	info->keep_cache = true;
	fuse_reply_open(req, info);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *info)
{
	static const char zeros[SIZE];

	(void)ino;
	(void)info;
	size = offset >= SIZE ? 0 : size;
	fuse_reply_buf(req, zeros, size > SIZE ? SIZE : size);
}

/* These are never answered. */

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *data,
		     size_t size, off_t offset, struct fuse_file_info *info)
{
	(void)req;
	(void)ino;
	(void)data;
	(void)size;
	(void)offset;
	(void)info;
}

static void do_flush(fuse_req_t req, fuse_ino_t ino,
		     struct fuse_file_info *info)
{
	(void)req;
	(void)ino;
	(void)info;
}

static const struct fuse_lowlevel_ops ops = {
	.lookup = do_lookup,
	.getattr = do_getattr,
	.open = do_open,
	.read = do_read,
	.write = do_write,
	.flush = do_flush,
};

static _Noreturn void serve(struct fuse_session *session)
{
	/* A process that waits for it cannot be ended in any other way. */
	alarm(SECONDS);
	fuse_session_loop(session);
	_exit(1);
}

void slow_mount(void)
{
	static char name[] = "slow";
	char *argv[] = {name, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct fuse_session *session =
		fuse_session_new(&args, &ops, sizeof(ops), NULL);

	CHILD_ASSERT(session && !fuse_session_mount(session, place));
	if (!fork())
		serve(session);
	close(fuse_session_fd(session));
}

bool slow_place_make(uid_t uid)
{
	return new_dir(place, "slow") && !chown(place, uid, uid);
}

void slow_place_remove(void)
{
	const char *argv[] = {"fusermount3", "-u", "-z", "-q", place, NULL};

	CU_ASSERT(!run_program(argv));
	CU_ASSERT(!rmdir(place));
}

int slow_open(bool cached)
{
	char path[PATH_MAX + 2];

	snprintf(path, sizeof(path), "%s/f", place);
	return open(path, (cached ? O_RDWR : O_RDONLY) | O_CLOEXEC);
}

/* Memory maps */

void hold_memory_map(void)
{
	int cached = slow_open(true), direct = slow_open(false);
	char *at =
		mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, cached, 0);

	CHILD_ASSERT(cached >= 0 && direct >= 0 && at != MAP_FAILED);
	*(volatile char *)at = 1;
	/* The kernel writes the file's page back first, under the lock. */
	syscall(SYS_mmap, NULL, SIZE, PROT_READ, MAP_PRIVATE, direct, 0);
}

/* Whether the process sleeps where only the server wakes it. */
static bool holds(void *arg)
{
	const pid_t pid = *(pid_t *)arg;

	return process_state(pid, pid) == 'D';
}

bool memory_map_is_held(pid_t pid)
{
	return wait_until(holds, &pid);
}
