/* SPDX-License-Identifier: MIT */
#include "preload/mount_emulation.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "preload/mount_refs.h"
#include "preload/procfd.h"
#include "common/protocol.h"
#include "preload/spawn_helper.h"
#include "common/syscalls.h"

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000U
#endif

#define TYPE "msharefs"
/* How long umount() waits for the daemon's end; others may hold it up. */
#define END_SECONDS 2
/* The kernel takes no more than that of mount()'s data. */
#define DATA_MAX 4096

/* Not for the stack of a thread. */
struct scratch {
	char target[PATH_MAX];
	char options[DATA_MAX + 256];
};

static const struct {
	unsigned long flag;
	const char *option;
} flag_options[] = {
	{MS_RDONLY, ",ro"},	  {MS_NOSUID, ",nosuid"},
	{MS_NODEV, ",nodev"},	  {MS_NOEXEC, ",noexec"},
	{MS_NOATIME, ",noatime"}, {MS_SYNCHRONOUS, ",sync"},
	{MS_DIRSYNC, ",dirsync"},
};

/* What a bind mount can have by itself. */
#define BIND_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)

/* Old programs put a magic number into the upper half. */
static unsigned long plain_flags(unsigned long flags)
{
	return (flags & MS_MGC_MSK) == MS_MGC_VAL ? flags & ~MS_MGC_MSK : flags;
}

bool mount_is_ours(const struct mount_args *args, int error)
{
	const unsigned long no_new = MS_REMOUNT | MS_BIND | MS_MOVE |
				     MS_SHARED | MS_PRIVATE | MS_SLAVE |
				     MS_UNBINDABLE;

	/* It knows no such type; we are nobody; /sys/fs/mshare is missing. */
	if (error != ENODEV && error != EPERM && error != ENOENT)
		return false;
	return args->type && !(plain_flags(args->flags) & no_new) &&
	       !strcmp(args->type, TYPE);
}

/* Looking */

static int look(int dir, const char *path, int flags, struct statx *stx)
{
	return (int)SYS_CALL(
		SYS_statx, dir, path, flags | AT_NO_AUTOMOUNT,
		STATX_BASIC_STATS | STATX_MNT_ID | STATX_MNT_ID_UNIQUE, stx);
}

static struct asked_key key_of(const struct statx *stx)
{
	return (struct asked_key){
		.mount = stx->stx_mnt_id,
		.device =
			(uint64_t)stx->stx_dev_major << 32 | stx->stx_dev_minor,
	};
}

static bool is_ours(const struct statx *stx)
{
	return stx->stx_attributes & STATX_ATTR_MOUNT_ROOT &&
	       stx->stx_dev_major == 0 && MSHARE_INO_IS_OURS(stx->stx_ino);
}

/* The path from the root; at most PATH_MAX with its NUL. */
static int whole_path(const char *path, char *whole)
{
	char link[PROCFD_SIZE];
	long n, fd = SYS_CALL(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return (int)fd;
	procfd_path(link, (int)fd);
	n = SYS_CALL(SYS_readlinkat, AT_FDCWD, link, whole, PATH_MAX - 1);
	sys_close((int)fd);
	if (n < 0)
		return (int)n;
	whole[n] = 0;
	return 0;
}

/* Starting the daemon */

static void append(char *to, const char *text)
{
	to += strlen(to);
	memccpy(to, text, 0, DATA_MAX);
}

static void write_options(char *options, const struct mount_args *args)
{
	const size_t n = sizeof(flag_options) / sizeof(flag_options[0]);
	unsigned long flags = plain_flags(args->flags);

	strcpy(options, "exit_errno");
	/* As with mount -t msharefs: a mount of root's is for all. */
	if (SYS_CALL(SYS_geteuid) == 0)
		append(options, ",allow_other");
	for (size_t i = 0; i < n; i++)
		if (flags & flag_options[i].flag)
			append(options, flag_options[i].option);
	if (args->data && *args->data) {
		append(options, ",");
		append(options, args->data);
		options[sizeof(((struct scratch *)0)->options) - 1] = 0;
	}
}

/* What mount(2) says of it. */
static int daemon_error(int status)
{
	if (status == -ENOENT || status == -EACCES)
		return -ENODEV; /* there is no daemon */
	if (status > 0)
		return status < 128 ? -status : -EIO;
	return status;
}

/* alive is hung up when the daemon ends. */
static int run_daemon(const struct mount_args *args, struct scratch *s,
		      int alive)
{
	const char *named = secure_getenv("MSHAREFS");
	const char *paths[] = {named && *named ? named : MSHAREFS_PATH, NULL};
	const char *source =
		args->source && *args->source ? args->source : "none";
	const char *argv[] = {"msharefs", "-o",	     s->options, "--",
			      source,	  s->target, NULL};
	const struct spawn spawn = {
		.paths = paths,
		.argv = (char *const *)argv,
		.keep = alive,
	};

	write_options(s->options, args);
	return daemon_error(spawn_wait(&spawn));
}

static int start(const struct mount_args *args, struct scratch *s)
{
	struct statx stx;
	int err, ends[2] = {-1, -1};

	if (!asked_room())
		return -ENOSPC;
	err = (int)SYS_CALL(SYS_pipe2, ends, O_CLOEXEC);
	if (err)
		return err;
	err = run_daemon(args, s, ends[1]);
	sys_close(ends[1]);
	if (!err)
		err = look(AT_FDCWD, s->target, 0, &stx);
	if (!err) {
		struct asked_key key = key_of(&stx);

		return asked_made(&key, s->target, ends[0]);
	}
	sys_close(ends[0]);
	return err;
}

/* Using what is there */

static int use(const struct mount_args *args, const struct statx *stx,
	       const char *target)
{
	unsigned long flags = plain_flags(args->flags) & BIND_FLAGS;
	struct asked_key key = key_of(stx);
	int err = (int)SYS_CALL(SYS_mount, target, target, NULL, MS_BIND, NULL);

	if (err)
		return asked_use(&key);
	if (flags)
		err = (int)SYS_CALL(SYS_mount, NULL, target, NULL,
				    MS_REMOUNT | MS_BIND | flags, NULL);
	if (err)
		SYS_CALL(SYS_umount2, target, 0);
	return err;
}

/* The daemon can make room for a directory in sysfs, and nowhere else. */
static bool can_be_made(const char *target, char *parent)
{
	const char *slash = strrchr(target, '/');
	struct statfs fs;

	if (target[0] != '/' || slash == target || strlen(target) >= PATH_MAX)
		return false;
	memcpy(parent, target, (size_t)(slash - target));
	parent[slash - target] = 0;
	return !SYS_CALL(SYS_statfs, parent, &fs) && fs.f_type == SYSFS_MAGIC;
}

static int mount_at(const struct mount_args *args, int error, struct scratch *s)
{
	struct statx stx;
	int err = look(AT_FDCWD, args->target, 0, &stx);

	if (err == -ENOENT && can_be_made(args->target, s->target)) {
		strcpy(s->target, args->target);
		return start(args, s);
	}
	if (err || error == ENOENT)
		return err ? err : -ENOENT;
	if (!S_ISDIR(stx.stx_mode))
		return -ENOTDIR;
	err = whole_path(args->target, s->target);
	if (err)
		return err;
	return is_ours(&stx) ? use(args, &stx, s->target) : start(args, s);
}

static void block_signals(uint64_t *old)
{
	const uint64_t all = ~0ULL;

	SYS_CALL(SYS_rt_sigprocmask, SIG_SETMASK, &all, old, sizeof(all));
}

static void unblock_signals(const uint64_t *old)
{
	SYS_CALL(SYS_rt_sigprocmask, SIG_SETMASK, old, NULL, sizeof(*old));
}

int mount_ours(const struct mount_args *args, int error)
{
	long at = sys_mmap(0, sizeof(struct scratch), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t mask;
	int err;

	if (at < 0)
		return (int)at;
	block_signals(&mask);
	err = mount_at(args, error, (struct scratch *)at);
	unblock_signals(&mask);
	sys_munmap((uintptr_t)at, sizeof(struct scratch));
	return err;
}

/* Taking down */

static int64_t now_ms(void)
{
	struct timespec t;

	SYS_CALL(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/*
 * Until the daemon has given back what it had: its memory, the cover of
 * /sys/fs. It goes on if the filesystem is mounted elsewhere too.
 */
static void wait_for_end(int alive)
{
	struct pollfd end = {.fd = alive};
	int64_t left, until = now_ms() + END_SECONDS * 1000;

	while ((left = until - now_ms()) > 0) {
		struct timespec t = {left / 1000, left % 1000 * 1000000};
		long ret = SYS_CALL(SYS_ppoll, &end, 1, &t, NULL, 0);

		if (ret != -EINTR)
			return;
	}
}

static bool is_there(const char *target, const struct asked_key *key)
{
	struct asked_key now;
	struct statx stx;

	if (look(AT_FDCWD, target, AT_STATX_DONT_SYNC, &stx))
		return false;
	now = key_of(&stx);
	return asked_same(&now, key);
}

/* What umount(2) refuses an ordinary user, fusermount3 does for him. */
static int umount_as_user(int flags, const struct asked_key *key)
{
	static const char *const paths[] = {FUSERMOUNT_PATH,
					    "/usr/bin/fusermount3",
					    "/bin/fusermount3", NULL};
	char path[PATH_MAX];
	const char *argv[] = {"fusermount3",
			      flags & MNT_DETACH ? "-uqz" : "-uq", "--", path,
			      NULL};
	const struct spawn spawn = {
		.paths = paths,
		.argv = (char *const *)argv,
		.keep = -1,
	};
	int err;

	/* Not found out anew: a descriptor for it would make it busy. */
	asked_path(key, path);
	err = spawn_wait(&spawn);
	if (err <= 0)
		return err == -ENOENT ? -EPERM : err;
	return is_there(path, key) ? -EBUSY : -EINVAL;
}

static int take_down(const char *target, int flags, const struct asked_key *key)
{
	const int users = MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW;
	int alive, err = (int)SYS_CALL(SYS_umount2, target, flags);

	if (err == -EPERM && !(flags & ~users))
		err = umount_as_user(flags, key);
	if (err)
		return err;
	alive = asked_forget(key);
	if (alive < 0)
		return 0;
	if (!(flags & MNT_DETACH)) /* that one does not wait for anybody */
		wait_for_end(alive);
	sys_close(alive);
	return 0;
}

static int umount_asked(const char *target, int flags)
{
	const int known = MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW;
	int no_follow = flags & UMOUNT_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
	struct asked_key key;
	struct statx stx;

	if (flags & ~known ||
	    look(AT_FDCWD, target, AT_STATX_DONT_SYNC | no_follow, &stx) ||
	    !(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return (int)SYS_CALL(SYS_umount2, target, flags);
	key = key_of(&stx);
	switch (asked_release(&key)) {
	case ASKED_STAYS:
		return 0;
	case ASKED_LET_GO:
		return -EINVAL;
	case ASKED_LAST:
		return take_down(target, flags, &key);
	default:
		return (int)SYS_CALL(SYS_umount2, target, flags);
	}
}

int umount_ours(const char *target, int flags)
{
	uint64_t mask;
	int err;

	block_signals(&mask);
	err = umount_asked(target, flags);
	unblock_signals(&mask);
	return err;
}
