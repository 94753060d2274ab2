/* SPDX-License-Identifier: MIT */
/*
 * The ioctls of both published forms, for code that must know both at once.
 *
 * A file can include <linux/msharefs.h> in one form only, so that header cannot
 * serve the daemon. The structs of the two forms have the same layout; only
 * what @at counts from differs: v1 gives an address, v2 and v3 an offset from
 * the beginning of the region. ioctl_forms_v1.c and ioctl_forms_v2.c assert
 * that everything here equals the published header.
 */
#ifndef IOCTL_FORMS_H
#define IOCTL_FORMS_H

#include <stdint.h>
#include <linux/ioctl.h>

struct ioctl_info {
	uint64_t start, size;
};

struct ioctl_create {
	uint64_t at, size, offset;
	uint32_t prot, flags, fd;
};

struct ioctl_unmap {
	uint64_t at, size;
};

#define V1_GET_SIZE _IOR('x', 0, struct ioctl_info)
#define V1_SET_SIZE _IOW('x', 1, struct ioctl_info) /* equals V2_UNMAP */
#define V1_CREATE_MAPPING _IOW('x', 2, struct ioctl_create)
#define V1_UNMAP _IOW('x', 3, struct ioctl_unmap)
#define V2_CREATE_MAPPING _IOW('x', 0, struct ioctl_create)
#define V2_UNMAP _IOW('x', 1, struct ioctl_unmap)

_Static_assert(V1_SET_SIZE == V2_UNMAP, "one number has two meanings");

#endif
