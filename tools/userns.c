/* SPDX-License-Identifier: MIT */
/* Finds the setting that forbids user namespaces. */
#include "userns.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static bool setting_is(const char *path, const char *value)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 && !strncmp(text, value, strlen(value));
}

const char *userns_mend(void)
{
	if (setting_is("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		return "sysctl kernel.unprivileged_userns_clone=1";
	if (setting_is("/proc/sys/user/max_user_namespaces", "0\n"))
		return "sysctl user.max_user_namespaces=10000";
	if (setting_is("/proc/sys/kernel/"
		       "apparmor_restrict_unprivileged_userns",
		       "1"))
		return "sysctl kernel.apparmor_restrict_unprivileged_userns=0";
	return NULL;
}
