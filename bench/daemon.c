/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include <mshare_ioctl.h>

/* Asks the mount, through mshare_info. */
static int pid_of(const char *file)
{
	struct mshare_status_mount status = {.version = MSHARE_STATUS_VERSION};
	char copy[PATH_MAX], path[PATH_MAX + 16];
	int fd;

	if (strlen(file) >= sizeof(copy)) {
		errno = ENAMETOOLONG;
		die(file);
	}
	strcpy(copy, file);
	snprintf(path, sizeof(path), "%s/mshare_info", dirname(copy));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, MSHARE_IOC_MOUNT, &status))
		die(path);
	close(fd);
	return (int)status.pid;
}

struct daemon daemon_of(const char *file)
{
	struct daemon daemon = {.pid = pid_of(file)};
	int err = clock_getcpuclockid(daemon.pid, &daemon.cpu);

	if (err) {
		errno = err;
		die("CPU time of the daemon");
	}
	return daemon;
}

double daemon_cpu_us(const struct daemon *daemon)
{
	struct timespec ts;

	if (clock_gettime(daemon->cpu, &ts))
		die("CPU time of the daemon");
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec * 1e-3;
}

double daemon_private_kib(const struct daemon *daemon)
{
	char path[64], line[128];
	long kib, sum = 0;
	int lines = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", daemon->pid);
	file = fopen(path, "r");
	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Private_Clean: %ld", &kib) == 1 ||
		    sscanf(line, "Private_Dirty: %ld", &kib) == 1) {
			sum += kib;
			lines++;
		}
	fclose(file);
	if (lines != 2) {
		errno = EIO;
		die(path);
	}
	return (double)sum;
}

int daemon_descriptors(const struct daemon *daemon)
{
	const struct dirent *entry;
	char path[64];
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", daemon->pid);
	dir = opendir(path);
	if (!dir)
		die(path);
	while ((entry = readdir(dir)))
		n += *entry->d_name != '.';
	closedir(dir);
	return n;
}
