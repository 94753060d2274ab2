/* SPDX-License-Identifier: MIT */
/* Sets the fixed address of a region. It needs v1 of the interface alone. */
#define MSHAREFS_API_V1
#include <linux/msharefs.h>

#include "set_address.h"

#include <errno.h>
#include <sys/ioctl.h>

int set_address(int fd, uint64_t start, uint64_t size)
{
	struct mshare_info info = {.start = start, .size = size};

	return ioctl(fd, MSHAREFS_SET_SIZE, &info) ? -errno : 0;
}
