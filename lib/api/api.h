/* SPDX-License-Identifier: MIT */
/* What the calls of libmshare have in common. */
#ifndef API_H
#define API_H

#include "common/ioctl_forms.h"
#include "engine/engine.h"

/* On each exported call. */
#define API __attribute__((visibility("default")))

/* 0, -EBADF, or -EINVAL: it is no region. */
int api_check_region(int fd);
/* The same; *shape: start and size of the region, 0 while they are not set. */
int api_shape(int fd, struct ioctl_info *shape);

/* The process's engine, or NULL and -ELIBBAD in *err. */
const struct engine *api_engine(int *err);

/* Descriptors are made close-on-exec; that is undone for who wants it so. */
void api_keep_over_exec(int fd);

#endif
