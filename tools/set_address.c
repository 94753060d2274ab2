/* SPDX-License-Identifier: MIT */
#define MSHAREFS_API_V1
#include <linux/msharefs.h>

#include "set_address.h"

#include <errno.h>
#include <sys/ioctl.h>

int set_start(int fd, uint64_t start, uint64_t size)
{
	struct mshare_info info = {.start = start, .size = size};

	return ioctl(fd, MSHAREFS_SET_SIZE, &info) ? -errno : 0;
}
