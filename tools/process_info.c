/* SPDX-License-Identifier: MIT */
#include "process_info.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool process_command(pid_t pid, char name[PROCESS_NAME])
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, name, PROCESS_NAME - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	name[n] = 0;
	if (name[n - 1] == '\n')
		name[n - 1] = 0;
	return true;
}

bool process_user(pid_t pid, uid_t *uid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &st))
		return false;
	*uid = st.st_uid;
	return true;
}

const char *process_user_name(uid_t uid, char name[PROCESS_NAME])
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		snprintf(name, PROCESS_NAME, "%s", pw->pw_name);
	else
		snprintf(name, PROCESS_NAME, "%u", (unsigned int)uid);
	return name;
}

bool process_same_namespace(pid_t daemon)
{
	char name[PROCESS_NAME];

	return process_command(daemon, name) &&
	       !strncmp(name, "msharefs", strlen("msharefs"));
}
