/* SPDX-License-Identifier: MIT */
/* The ioctls of <mshare_ioctl.h> that only query. */
#ifndef IOCTL_STATUS_H
#define IOCTL_STATUS_H

#include <stdbool.h>

#include "ops/server.h"

/* Answers the call. False, without an answer, if cmd is another ioctl. */
bool ioctl_status(struct call *call, unsigned int cmd, size_t in_size);

#endif
