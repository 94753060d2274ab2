/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "messages.h"

/* Of a shell: no such program. */
#define NOT_FOUND 127

const char *daemon_path(void)
{
	const char *named = getenv("MSHAREFS");

	return named && *named ? named : MSHAREFS_PATH;
}

int daemon_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static _Noreturn void become_daemon(const char *dir, const char *options)
{
	const char *program = daemon_path();
	char *list = NULL;

	/* It is no user of msharefs. */
	unsetenv("LD_PRELOAD");
	if (asprintf(&list, "exit_errno%s%s", options ? "," : "",
		     options ? options : "") < 0)
		_exit(ENOMEM);
	execl(program, "msharefs", "-o", list, "--", dir, (char *)NULL);
	say("%s: %s; is msharefs installed whole? ($MSHAREFS names another "
	    "place)",
	    program, strerror(errno));
	_exit(NOT_FOUND);
}

int daemon_start(const char *dir, const char *options)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		become_daemon(dir, options);
	status = daemon_wait(pid);
	if (status < 0 || !WIFEXITED(status))
		return -ECHILD;
	return WEXITSTATUS(status) == NOT_FOUND ? -ENOEXEC
						: -WEXITSTATUS(status);
}

static _Noreturn void become_fusermount(const char *dir, bool lazy, int said)
{
	const char *how = lazy ? "-uz" : "-u";

	setenv("LC_ALL", "C", 1);
	if (dup2(said, STDERR_FILENO) < 0)
		_exit(NOT_FOUND);
	execl(FUSERMOUNT_PATH, "fusermount3", how, "--", dir, (char *)NULL);
	execlp("fusermount3", "fusermount3", how, "--", dir, (char *)NULL);
	dprintf(STDERR_FILENO, "fusermount3: %s; install fuse3\n",
		strerror(errno));
	_exit(NOT_FOUND);
}

void daemon_read_said(int fd, char *text, size_t size)
{
	char rest[256];
	size_t used = 0;
	ssize_t n;

	do {
		n = used < size - 1 ? read(fd, text + used, size - 1 - used)
				    : read(fd, rest, sizeof(rest));
		if (n > 0 && used < size - 1)
			used += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	text[used] = 0;
}

/* What umount(2) refuses an ordinary user, fusermount3 does for him. */
static int fusermount(const char *dir, bool lazy)
{
	int said[2], status;
	char text[512];
	pid_t pid;

	if (pipe2(said, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0)
		become_fusermount(dir, lazy, said[1]);
	close(said[1]);
	daemon_read_said(said[0], text, sizeof(text));
	text[strcspn(text, "\n")] = 0;
	close(said[0]);
	status = pid < 0 ? -1 : daemon_wait(pid);
	if (status == 0)
		return 0;
	if (strstr(text, "busy"))
		return -EBUSY;
	say("%s: %s", dir, *text ? text : "fusermount3 failed");
	return -EPERM;
}

int daemon_unmount(const char *dir, bool lazy)
{
	if (!umount2(dir, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)))
		return 0;
	return errno == EPERM ? fusermount(dir, lazy) : -errno;
}
