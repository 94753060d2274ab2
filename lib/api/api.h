/* SPDX-License-Identifier: MIT */
/* Checks and helpers that the calls of libmshare share. */
#ifndef API_H
#define API_H

#include "common/export.h"
#include "common/ioctl_forms.h"
#include "engine/engine.h"

/* 0; -EBADF; or -EINVAL: fd is no region. */
int api_check_region(int fd);
/* The same; *shape: start and size of the region, 0 while they are not set. */
int api_shape(int fd, struct ioctl_info *shape);

/* The engine of the process; or NULL, and *err is -ELIBBAD. */
const struct engine *api_engine(int *err);

/* Clears close-on-exec, which all new descriptors have. */
void api_keep_over_exec(int fd);

#endif
