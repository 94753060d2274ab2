/* SPDX-License-Identifier: MIT */
#include "lib.h"

#include <dirent.h>

bool mount_is_empty(void)
{
	DIR *dir = opendir(mount_dir);
	struct dirent *d;
	int others = 0;

	while (dir && (d = readdir(dir)))
		others += strcmp(d->d_name, ".") && strcmp(d->d_name, "..") &&
			  strcmp(d->d_name, "mshare_info");
	if (dir)
		closedir(dir);
	return dir && !others;
}
