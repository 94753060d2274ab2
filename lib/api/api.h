/* SPDX-License-Identifier: MIT */
/* What the calls of libmshare have in common. */
#ifndef API_H
#define API_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/ioctl.h>

#include "engine/engine.h"

/* On each exported call. */
#define API __attribute__((visibility("default")))

/* Start and size of a region; zeros before they are set (v1's GET_SIZE). */
struct api_shape {
	uint64_t start;
	uint64_t size;
};

#define API_GET_SIZE _IOR('x', 0, struct api_shape)

/* 0, -EBADF, or -EINVAL: it is no region. */
int api_check_region(int fd);
/* The same, and where it is. */
int api_shape(int fd, struct api_shape *shape);

/* The process's engine, or NULL and -ELIBBAD in *err. */
const struct engine *api_engine(int *err);

/* Descriptors are made close-on-exec; that is undone for who wants it so. */
void api_keep_over_exec(int fd);

#endif
