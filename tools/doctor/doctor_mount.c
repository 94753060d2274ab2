/* SPDX-License-Identifier: MIT */
/*
 * doctor: is there a mount, does its daemon answer, and what does it report?
 * (doctor.h)
 */
#include "doctor/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "amount.h"
#include "common/daemon_gone.h"
#include "common/default_mount.h"
#include "common/protocol.h"
#include "daemon_status.h"

#define PATIENCE 5 /* seconds to wait for the daemon */

/*
 * Whether the daemon is in another network namespace, where its socket is not
 * visible.
 */
static bool is_apart(pid_t daemon)
{
	char path[64], ours[64], theirs[64];
	ssize_t a, b;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", daemon);
	a = readlink("/proc/self/ns/net", ours, sizeof(ours));
	b = readlink(path, theirs, sizeof(theirs));
	return a > 0 && b > 0 &&
	       (a != b || memcmp(ours, theirs, (size_t)a) != 0);
}

static void mend_by_remount(struct finding *f, const char *dir)
{
	char text[QUOTED_TEXT];

	quoted(dir, text);
	mend(f, "msharectl umount %s && msharectl mount %s", text, text);
}

static void check_status(struct finding *f, const char *dir,
			 const struct mshare_status_mount *m)
{
	char pool[AMOUNT_TEXT];

	if (strncmp(m->release, PACKAGE_VERSION, sizeof(m->release)) != 0) {
		found(f, DOCTOR_DEGRADED,
		      "the daemon of %.200s is release %.32s, but "
		      "msharectl is " PACKAGE_VERSION,
		      dir, m->release);
		mend_by_remount(f, dir);
	} else if (is_apart((pid_t)m->pid)) {
		found(f, DOCTOR_MISSING,
		      "the daemon of %.200s is in another network namespace, "
		      "so that processes here cannot map regions; mount from "
		      "here, or run them there",
		      dir);
		mend_as_root(f, "nsenter --net=/proc/%u/ns/net sh", m->pid);
	} else if (!(m->flags & MSHARE_MOUNT_SHARES)) {
		found(f, DOCTOR_MISSING,
		      "%.200s does not share page tables (backing %.128s); "
		      "mount again once pool and sharing are ok",
		      dir, m->backing);
		mend_by_remount(f, dir);
	} else if (m->fd_limit && m->fds >= m->fd_limit - m->fd_limit / 16) {
		found(f, DOCTOR_DEGRADED,
		      "the daemon of %.200s uses %u of %u descriptors: there "
		      "is room for few more windows",
		      dir, m->fds, m->fd_limit);
	} else {
		found(f, DOCTOR_OK,
		      "%.200s works and shares page tables: %.128s, %s free",
		      dir, m->backing, amount_text(m->pool_free, pool));
	}
}

static void no_daemon(struct finding *f, const char *dir)
{
	char text[QUOTED_TEXT];

	found(f, DOCTOR_MISSING,
	      "the daemon of %.300s has ended without unmounting", dir);
	mend(f, "fusermount3 -u -z %s", quoted(dir, text));
}

static void check_daemon(struct finding *f, const char *dir)
{
	struct mshare_status_mount m;
	char path[PATH_MAX + 16];
	int fd, err;

	snprintf(path, sizeof(path), "%s/mshare_info", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && daemon_is_gone(errno)) {
		no_daemon(f, dir); /* stat() was answered from the cache */
		return;
	}
	if (fd < 0) {
		found(f, DOCTOR_MISSING, "cannot open %.300s: %s", path,
		      strerror(errno));
		return;
	}
	err = daemon_status_mount(fd, &m);
	if (!err) {
		check_status(f, dir, &m);
	} else if (daemon_is_gone(-err)) {
		no_daemon(f, dir);
	} else {
		found(f, DOCTOR_DEGRADED,
		      "%.200s works, but its daemon is from an older release, "
		      "which does not report whether page tables are shared",
		      dir);
		mend_by_remount(f, dir);
	}
	close(fd);
}

static void not_ours(struct finding *f, const char *dir, bool named)
{
	char text[QUOTED_TEXT];

	if (!named) {
		found(f, DOCTOR_OK,
		      "none yet on %.300s, the default; msharectl mount "
		      "creates it",
		      dir);
		return;
	}
	found(f, DOCTOR_MISSING, "msharefs is not mounted on %.300s", dir);
	mend(f, "msharefs %s", quoted(dir, text));
}

static void check_mount(struct finding *f, const char *dir, bool named)
{
	char text[QUOTED_TEXT];
	struct stat st;

	quoted(dir, text);
	if (!stat(dir, &st)) {
		if (MSHARE_INO_IS_OURS(st.st_ino))
			check_daemon(f, dir);
		else
			not_ours(f, dir, named);
	} else if (daemon_is_gone(errno)) {
		no_daemon(f, dir);
	} else if (errno == ENOENT && !named) {
		not_ours(f, dir, named);
	} else {
		found(f, DOCTOR_MISSING, "%.300s: %s%s", dir, strerror(errno),
		      errno == EACCES ? "; it belongs to another user and "
					"lacks -o allow_other"
				      : "");
		if (errno == ENOENT)
			mend(f, "mkdir -p %s && msharefs %s", text, text);
	}
}

/* Finds the mount to check. named: by an argument or a variable. */
static bool find_mount(const char *mount, char *dir, size_t size, bool *named)
{
	static const char kernels[] = "/sys/fs/mshare";
	const char *told = mount ? mount : getenv("MSHAREFS_MOUNT");
	struct stat st;

	*named = told && *told;
	if (*named)
		return (size_t)snprintf(dir, size, "%s", told) < size;
	if (default_mount_path(dir, size))
		return false;
	if (stat(dir, &st) && errno == ENOENT && !stat(kernels, &st))
		snprintf(dir, size, "%s", kernels);
	return true;
}

/*
 * In the child. It keeps no other descriptors open, so that nobody waits for it
 * if it hangs.
 */
static _Noreturn void check_in_child(const char *mount, doctor_check_dir *check,
				     int to)
{
	struct finding f = {.state = DOCTOR_OK};
	char dir[PATH_MAX] = "";
	bool named = false;

	if (dup2(to, STDIN_FILENO) < 0)
		_exit(1);
	close_range(STDIN_FILENO + 1, ~0U, 0);
	if (find_mount(mount, dir, sizeof(dir), &named))
		check(&f, dir, named);
	else
		found(&f, DOCTOR_MISSING, "its path is too long");
	_exit(write(STDIN_FILENO, &f, sizeof(f)) != sizeof(f));
}

int doctor_ask_mount(struct finding *f, const char *mount,
		     doctor_check_dir *check)
{
	struct pollfd answer = {.events = POLLIN};
	int pipes[2], n, err = 0;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0)
		check_in_child(mount, check, pipes[1]);
	close(pipes[1]);
	answer.fd = pipes[0];
	do
		n = pid < 0 ? -1 : poll(&answer, 1, PATIENCE * 1000);
	while (pid > 0 && n < 0 && errno == EINTR);
	if (n == 0) {
		err = -ETIMEDOUT;
		kill(pid, SIGKILL);
	} else if (n < 0 || read(pipes[0], f, sizeof(*f)) != sizeof(*f)) {
		err = -ECHILD;
	}
	close(pipes[0]);
	if (pid > 0)
		waitpid(pid, NULL, n == 0 ? WNOHANG : 0);
	return err;
}

void doctor_mount(struct finding *f, const char *mount)
{
	int err = doctor_ask_mount(f, mount, check_mount);

	if (err == -ETIMEDOUT)
		found(f, DOCTOR_MISSING,
		      "its daemon does not answer within %d seconds", PATIENCE);
	else if (err)
		found(f, DOCTOR_DEGRADED, "cannot check it: %s",
		      err == -ECHILD ? "the child process failed"
				     : strerror(-err));
}
