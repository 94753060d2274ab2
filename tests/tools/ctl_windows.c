/* SPDX-License-Identifier: MIT */
/*
 * Not a test: a process with windows, for those of msharectl to look at.
 *
 * ctl_windows FILE rw|ro|ro-file N CHILDREN UP: maps FILE N times, has so many
 * children, makes the file UP and waits to be ended; the children end with it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* What a table must not be upset by. */
#define STRANGE_NAME "w \"\n1"

int main(int argc, char **argv)
{
	int read_only, fd, prot, ready[2];
	char byte;
	struct stat st;

	if (argc != 6)
		return 2;
	read_only = !strcmp(argv[2], "ro-file");
	fd = open(argv[1], read_only ? O_RDONLY : O_RDWR);
	check(fd >= 0 && !fstat(fd, &st), argv[1]);
	prot = strcmp(argv[2], "rw") ? PROT_READ : PROT_READ | PROT_WRITE;
	for (int i = atoi(argv[3]); i > 0; i--)
		check(mmap(NULL, (size_t)st.st_size, prot, MAP_SHARED, fd, 0) !=
			      MAP_FAILED,
		      "mmap");
	/* A window needs no file; and so the mount is not in use. */
	close(fd);
	prctl(PR_SET_NAME, STRANGE_NAME);
	check(!pipe(ready), "pipe");
	for (int i = atoi(argv[4]); i > 0; i--) {
		pid_t pid = fork();

		check(pid >= 0, "fork");
		if (pid)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		check(write(ready[1], "", 1) == 1, "write");
		for (;;)
			pause();
	}
	/* A child's windows are its own once its fork() has returned. */
	for (int i = atoi(argv[4]); i > 0; i--)
		check(read(ready[0], &byte, 1) == 1, "read");
	fd = open(argv[5], O_WRONLY | O_CREAT, 0600);
	check(fd >= 0, argv[5]);
	close(fd);
	for (;;)
		pause();
}
