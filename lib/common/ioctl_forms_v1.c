/* SPDX-License-Identifier: MIT */
/* Part of ioctl_forms.h: asserts that it equals <linux/msharefs.h>, v1 form. */
#define MSHAREFS_API_V1
#include <linux/msharefs.h>

#include <stddef.h>

#include "common/ioctl_forms.h"

#define SAME(ours, published, field, theirs)                       \
	_Static_assert(offsetof(struct ours, field) ==             \
			       offsetof(struct published, theirs), \
		       #published "." #theirs)

_Static_assert(sizeof(struct ioctl_info) == sizeof(struct mshare_info),
	       "mshare_info");
SAME(ioctl_info, mshare_info, start, start);
SAME(ioctl_info, mshare_info, size, size);

_Static_assert(sizeof(struct ioctl_create) == sizeof(struct mshare_create),
	       "mshare_create");
SAME(ioctl_create, mshare_create, at, addr);
SAME(ioctl_create, mshare_create, size, size);
SAME(ioctl_create, mshare_create, offset, offset);
SAME(ioctl_create, mshare_create, prot, prot);
SAME(ioctl_create, mshare_create, flags, flags);
SAME(ioctl_create, mshare_create, fd, fd);

_Static_assert(sizeof(struct ioctl_unmap) == sizeof(struct mshare_unmap),
	       "mshare_unmap");
SAME(ioctl_unmap, mshare_unmap, at, addr);
SAME(ioctl_unmap, mshare_unmap, size, size);

_Static_assert(V1_GET_SIZE == MSHAREFS_GET_SIZE, "GET_SIZE");
_Static_assert(V1_SET_SIZE == MSHAREFS_SET_SIZE, "SET_SIZE");
_Static_assert(V1_CREATE_MAPPING == MSHAREFS_CREATE_MAPPING, "CREATE_MAPPING");
_Static_assert(V1_UNMAP == MSHAREFS_UNMAP, "UNMAP");
