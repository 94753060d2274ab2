/* SPDX-License-Identifier: MIT */
/*
 * The ioctls of msharefs that the kernel series does not have: what libmshare's
 * calls of 2022 and 2026 stand on, and what the daemon alone knows.
 *
 * Programs call libmshare (<mshare.h>) instead of the first three. The others
 * are how msharectl knows what it shows, and how anybody else can: the layout
 * of version 1 stays; fields may come to be used that are 0 now.
 *
 * All structs are native, in bytes unless said otherwise, without hidden
 * padding. Reserved fields must be 0 in what is asked, and are 0 in answers.
 */
#ifndef MSHARE_IOCTL_H
#define MSHARE_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes, on a descriptor of a region that is open for writing */

/**
 * struct mshare_change - a change of what is mapped in a part of a region
 * @offset: from the beginning of the region; page-aligned
 * @size: not 0; rounded up to a page
 * @what: PROT_* or MADV_*, as of the request
 * @reserved: 0
 */
struct mshare_change {
	__u64 offset;
	__u64 size;
	__u32 what;
	__u32 reserved;
};

/* mprotect() inside the region, for every process: mshare_protect(3). */
#define MSHARE_IOC_PROTECT _IOW('x', 0x81, struct mshare_change)
/* madvise() inside the region, for every process: mshare_advise(3). */
#define MSHARE_IOC_ADVISE _IOW('x', 0x82, struct mshare_change)

/*
 * The region ends with the process that asks, or when that has closed its last
 * descriptor of it; that is noticed of descriptors that were opened afterwards.
 */
#define MSHARE_KIND_OWNED 1U
/* read() gives start and size, as in 2022 (two 64-bit numbers). */
#define MSHARE_KIND_READABLE 2U

/**
 * struct mshare_kind - what kind of region it is to be
 * @start: address of the region in every process; 0 for an owned one
 * @size: likewise in bytes; 0 for an owned one, which ftruncate() sets
 * @flags: one of MSHARE_KIND_*
 * @reserved: 0
 */
struct mshare_kind {
	__u64 start;
	__u64 size;
	__u32 flags;
	__u32 reserved;
};

/* Once, before anything else is said of the region: else EINVAL. */
#define MSHARE_IOC_KIND _IOW('x', 0x83, struct mshare_kind)

/*
 * A flag of mmap() that only libmshare uses: a window of a region with a start
 * that goes anywhere else, to fill it.
 */
#define MSHARE_MAP_AWAY 0x40000000

/*
 * What is: on any descriptor of a region that can be read or written, so that
 * the file's mode says who may know; MSHARE_IOC_MOUNT on one of mshare_info.
 * EINVAL if @version is not one that the daemon knows.
 */
#define MSHARE_STATUS_VERSION 1

#define MSHARE_MOUNT_OWNERSHIP 1U   /* -o ownership */
#define MSHARE_MOUNT_MUST_GUARD 2U  /* -o require=guard */
#define MSHARE_MOUNT_ALLOW_OTHER 4U /* -o allow_other */
#define MSHARE_MOUNT_SHARES 8U	    /* page tables are shared */

/**
 * struct mshare_status_mount - a mount, and what it stands on
 * @version: MSHARE_STATUS_VERSION, also in what is asked
 * @flags: MSHARE_MOUNT_*
 * @align: unit of a region's start and size
 * @max_size: largest size of a region; all bits set: no limit
 * @page: size of a page of the backing
 * @unit: memory that one page table of the level that is shared maps; 0: none
 * @pool_total: memory the backing could ever have
 * @pool_free: memory it could have now
 * @regions: that are not gone yet, with a name or without
 * @windows: in all processes
 * @mapped: sum of all mappings
 * @present: memory in use
 * @attached: windows made since the mount began
 * @refused: windows that could not be made, likewise
 * @changes: of mappings, likewise
 * @uptime: of the daemon, in nanoseconds
 * @pid: the daemon's, in its own PID namespace
 * @uid: the daemon's
 * @fds: descriptors that the daemon has open
 * @fd_limit: how many it may have
 * @backing: "memfd", "hugetlbfs:DIR" or "shmem"; ends with a NUL
 * @release: of the daemon; ends with a NUL
 */
struct mshare_status_mount {
	__u32 version;
	__u32 flags;
	__u64 align;
	__u64 max_size;
	__u64 page;
	__u64 unit;
	__u64 pool_total;
	__u64 pool_free;
	__u64 regions;
	__u64 windows;
	__u64 mapped;
	__u64 present;
	__u64 attached;
	__u64 refused;
	__u64 changes;
	__u64 uptime;
	__u32 pid;
	__u32 uid;
	__u32 fds;
	__u32 fd_limit;
	char backing[128];
	char release[32];
};

#define MSHARE_IOC_MOUNT _IOWR('x', 0x84, struct mshare_status_mount)

#define MSHARE_REGION_ENDED 1U	  /* its owner is gone */
#define MSHARE_REGION_OWNED 2U	  /* it ends with its owner */
#define MSHARE_REGION_READABLE 4U /* it was made by mshare(3) */

/**
 * struct mshare_status_region - a region
 * @version: MSHARE_STATUS_VERSION, also in what is asked
 * @flags: MSHARE_REGION_*
 * @start: address in every process; 0: none is fixed
 * @size: 0: not set yet
 * @mapped: sum of its mappings
 * @promised: memory that is set aside for mappings that are not lazy
 * @present: memory in use
 * @changes: of its mappings, since it was made
 * @owner: pid of its owner, in the daemon's PID namespace; 0: nobody
 * @windows: in all processes
 * @sharing: of these, those whose page tables are shared where they can be
 * @reserved: 0
 */
struct mshare_status_region {
	__u32 version;
	__u32 flags;
	__u64 start;
	__u64 size;
	__u64 mapped;
	__u64 promised;
	__u64 present;
	__u64 changes;
	__u32 owner;
	__u32 windows;
	__u32 sharing;
	__u32 reserved;
};

#define MSHARE_IOC_REGION _IOWR('x', 0x85, struct mshare_status_region)

#define MSHARE_MAPPING_LAZY 1U /* takes memory when it is touched */
#define MSHARE_MAPPING_KEPT 2U /* no access now; what it held comes back */

/**
 * struct mshare_status_mapping - a mapping of a region
 * @start: from the beginning of the region
 * @end: likewise, exclusive
 * @present: memory in use, in whole pages of the backing that it lies in
 * @prot: PROT_*
 * @flags: MSHARE_MAPPING_*
 */
struct mshare_status_mapping {
	__u64 start;
	__u64 end;
	__u64 present;
	__u32 prot;
	__u32 flags;
};

#define MSHARE_STATUS_MAPPINGS 64

/**
 * struct mshare_status_maps - mappings of a region, in order
 * @version: MSHARE_STATUS_VERSION, also in what is asked
 * @n: how many are answered; fewer than MSHARE_STATUS_MAPPINGS: the last ones
 * @from: asked: those that end behind this offset (next time: the last @end)
 * @mapping: they
 */
struct mshare_status_maps {
	__u32 version;
	__u32 n;
	__u64 from;
	struct mshare_status_mapping mapping[MSHARE_STATUS_MAPPINGS];
};

#define MSHARE_IOC_MAPS _IOWR('x', 0x86, struct mshare_status_maps)

#define MSHARE_WINDOW_GUARDED 1U /* its holes are holes */
#define MSHARE_WINDOW_REACHED 2U /* the daemon can change its protection */
#define MSHARE_WINDOW_MISSED 4U	 /* it was out of reach of a change */

/* Why a window's page tables are its own. */
enum mshare_not_shared {
	MSHARE_SHARES = 0,
	/* The backing is ordinary memory: no huge pages could be had. */
	MSHARE_NOT_BACKING = 1,
	/* The file was opened read-only. */
	MSHARE_NOT_READ_ONLY_FILE = 2,
	/* Some units are protected, or were while it existed (@own_units). */
	MSHARE_NOT_PROTECTED = 3,
	/* It is not at an address that shares: -o align is below the unit. */
	MSHARE_NOT_ALIGNED = 4,
	/* The kernel was built without sharing, or on another machine. */
	MSHARE_NOT_KERNEL = 5,
};

/**
 * struct mshare_status_window - the region in one process
 * @id: of this window, ascending in the order in which they were made
 * @addr: its address in the process; 0: it is another user's
 * @pid: in the daemon's PID namespace
 * @prot: PROT_* that it was mapped with
 * @flags: MSHARE_WINDOW_*
 * @why: enum mshare_not_shared
 * @own_units: units whose page tables are its own
 * @units: that it has (see @unit of struct mshare_status_mount)
 */
struct mshare_status_window {
	__u64 id;
	__u64 addr;
	__u32 pid;
	__u32 prot;
	__u32 flags;
	__u32 why;
	__u32 own_units;
	__u32 units;
};

#define MSHARE_STATUS_WINDOWS 128

/**
 * struct mshare_status_windows - windows of a region, by id
 * @version: MSHARE_STATUS_VERSION, also in what is asked
 * @n: how many are answered; fewer than MSHARE_STATUS_WINDOWS: the last ones
 * @after: asked: those with a larger id (first 0, then the last @id)
 * @window: they
 */
struct mshare_status_windows {
	__u32 version;
	__u32 n;
	__u64 after;
	struct mshare_status_window window[MSHARE_STATUS_WINDOWS];
};

#define MSHARE_IOC_WINDOWS _IOWR('x', 0x87, struct mshare_status_windows)

#ifdef __cplusplus
}
#endif

#endif
