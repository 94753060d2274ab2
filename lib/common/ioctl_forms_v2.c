/* SPDX-License-Identifier: MIT */
/* Part of ioctl_forms.h: asserts that it equals <linux/msharefs.h>, v2 form. */
#include <linux/msharefs.h>

#include <stddef.h>

#include "common/ioctl_forms.h"
#include "common/protocol.h"

#define SAME(ours, published, field, theirs)                       \
	_Static_assert(offsetof(struct ours, field) ==             \
			       offsetof(struct published, theirs), \
		       #published "." #theirs)

_Static_assert(sizeof(struct ioctl_create) == sizeof(struct mshare_create),
	       "mshare_create");
SAME(ioctl_create, mshare_create, at, region_offset);
SAME(ioctl_create, mshare_create, size, size);
SAME(ioctl_create, mshare_create, offset, offset);
SAME(ioctl_create, mshare_create, prot, prot);
SAME(ioctl_create, mshare_create, flags, flags);
SAME(ioctl_create, mshare_create, fd, fd);

_Static_assert(sizeof(struct ioctl_unmap) == sizeof(struct mshare_unmap),
	       "mshare_unmap");
SAME(ioctl_unmap, mshare_unmap, at, region_offset);
SAME(ioctl_unmap, mshare_unmap, size, size);

_Static_assert(V2_CREATE_MAPPING == MSHAREFS_CREATE_MAPPING, "CREATE_MAPPING");
_Static_assert(V2_UNMAP == MSHAREFS_UNMAP, "UNMAP");

_Static_assert(MSHARE_INO_MAGIC == MSHARE_MAGIC, "inode numbers carry it");
