/* SPDX-License-Identifier: MIT */
/*
 * The ioctls of msharefs that the kernel series does not have.
 *
 * The first three change a region. libmshare uses them for the calls of 2022
 * and 2026; programs call libmshare (<mshare.h>) instead. The others report the
 * state of a mount, a region, its mappings and its windows. msharectl uses
 * them, and any program may. The layout of version 1 does not change; fields
 * that are 0 now may get a meaning.
 *
 * All structs are in native byte order and have no hidden padding. Sizes and
 * offsets are in bytes unless noted otherwise. Reserved fields must be 0 in
 * requests, and are 0 in answers.
 */
#ifndef MSHARE_IOCTL_H
#define MSHARE_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes: on a descriptor of a region, open for writing */

/**
 * struct mshare_change - new protection of, or advice for, a range of a region
 * @offset: offset of the range in the region; page-aligned
 * @size: size of the range, not 0; rounded up to a page
 * @what: PROT_* (MSHARE_IOC_PROTECT) or MADV_* (MSHARE_IOC_ADVISE)
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
 * The region ends when the calling process exits or closes its last descriptor
 * of it. Only descriptors opened after this request count.
 */
#define MSHARE_KIND_OWNED 1U
/* read() returns start and size, as in 2022: two 64-bit numbers. */
#define MSHARE_KIND_READABLE 2U

/**
 * struct mshare_kind - the kind of a new region
 * @start: address of the region in every process; 0 for an owned region
 * @size: size of the region; 0 for an owned region, whose size ftruncate() sets
 * @flags: one of MSHARE_KIND_*
 * @reserved: 0
 */
struct mshare_kind {
	__u64 start;
	__u64 size;
	__u32 flags;
	__u32 reserved;
};

/* Must be the first request on a new region, and the only one of its kind. */
#define MSHARE_IOC_KIND _IOW('x', 0x83, struct mshare_kind)

/*
 * A flag of mmap() for libmshare alone: the window goes to any free address,
 * although the region has a start. libmshare fills the region through it.
 */
#define MSHARE_MAP_AWAY 0x40000000

/*
 * State: on a descriptor of a region that is open for reading or writing, so
 * that the mode of the file decides who may ask. MSHARE_IOC_MOUNT instead takes
 * a descriptor of mshare_info. EINVAL: the daemon does not know @version.
 */
#define MSHARE_STATUS_VERSION 1

#define MSHARE_MOUNT_OWNERSHIP 1U   /* -o ownership */
#define MSHARE_MOUNT_MUST_GUARD 2U  /* -o require=guard */
#define MSHARE_MOUNT_ALLOW_OTHER 4U /* -o allow_other */
#define MSHARE_MOUNT_SHARES 8U	    /* page tables are shared */

/* What leaves regions the least memory. */
enum mshare_limit {
	MSHARE_LIMIT_POOL,     /* the pool of huge pages; ordinary memory */
	MSHARE_LIMIT_MOUNT,    /* size= of the hugetlbfs mount */
	MSHARE_LIMIT_CGROUP,   /* the daemon's cgroup, or one above it */
	MSHARE_LIMIT_MAX_SIZE, /* -o max_size */
};

/**
 * struct mshare_status_mount - state of a mount
 * @version: MSHARE_STATUS_VERSION, also in the request
 * @flags: MSHARE_MOUNT_*
 * @align: alignment of the start and the size of a region
 * @max_size: largest size of a region; all bits set: no limit
 * @page: page size of the backing
 * @unit: memory that one shared page table maps; 0: none is shared
 * @pool_total: memory that the backing can have at most
 * @pool_free: memory that the backing can still get now
 * @regions: number of regions that exist, with or without a name
 * @windows: number of windows in all processes
 * @mapped: sum of the sizes of all mappings
 * @present: memory in use
 * @attached: number of windows made since the mount started
 * @refused: number of windows refused since the mount started
 * @changes: number of changes of mappings since the mount started
 * @uptime: age of the daemon in nanoseconds
 * @pid: PID of the daemon in its own PID namespace
 * @uid: user ID of the daemon
 * @fds: number of descriptors that the daemon has open
 * @fd_limit: number of descriptors that the daemon may have open
 * @backing: "memfd", "hugetlbfs:DIR" or "shmem", terminated by a NUL
 * @release: release of the daemon, terminated by a NUL
 * @limit_total: memory that this limit allows
 * @limit: enum mshare_limit: the limit that leaves @pool_free
 * @reserved: 0
 * @limit_path: the directory of the mount, or the file of the cgroup that holds
 *	the limit, terminated by a NUL; else empty
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
	__u64 limit_total;
	__u32 limit;
	__u32 reserved;
	char limit_path[256];
};

#define MSHARE_IOC_MOUNT _IOWR('x', 0x84, struct mshare_status_mount)

#define MSHARE_REGION_ENDED 1U	  /* its owner has exited */
#define MSHARE_REGION_OWNED 2U	  /* it ends with its owner */
#define MSHARE_REGION_READABLE 4U /* mshare(3) made it */

/**
 * struct mshare_status_region - state of a region
 * @version: MSHARE_STATUS_VERSION, also in the request
 * @flags: MSHARE_REGION_*
 * @start: address in every process; 0: the address is not fixed
 * @size: size of the region; 0: not set yet
 * @mapped: sum of the sizes of its mappings
 * @promised: memory reserved for mappings that are not lazy
 * @present: memory in use
 * @changes: number of changes of its mappings since it was created
 * @owner: PID of its owner in the daemon's PID namespace; 0: it has none
 * @windows: number of its windows in all processes
 * @sharing: number of its windows that share page tables wherever possible
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

#define MSHARE_MAPPING_LAZY 1U /* allocates memory at the first access */
#define MSHARE_MAPPING_KEPT 2U /* PROT_NONE; its contents are kept */
/* Too large to look at each page: @present is the most that it can be. */
#define MSHARE_MAPPING_AT_MOST 4U

/**
 * struct mshare_status_mapping - a mapping in a region
 * @start: offset of its beginning in the region
 * @end: offset of its end in the region, exclusive
 * @present: memory in use, in whole pages of the backing
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
 * struct mshare_status_maps - mappings of a region, by ascending offset
 * @version: MSHARE_STATUS_VERSION, also in the request
 * @n: number of mappings in the answer; fewer than MSHARE_STATUS_MAPPINGS: no
 *	more follow
 * @from: in the request: only mappings that end after this offset; 0, and then
 *	the @end of the last mapping received
 * @mapping: the first @n entries are valid
 */
struct mshare_status_maps {
	__u32 version;
	__u32 n;
	__u64 from;
	struct mshare_status_mapping mapping[MSHARE_STATUS_MAPPINGS];
};

#define MSHARE_IOC_MAPS _IOWR('x', 0x86, struct mshare_status_maps)

#define MSHARE_WINDOW_GUARDED 1U /* accesses to holes raise SIGSEGV */
#define MSHARE_WINDOW_REACHED 2U /* the daemon can change its protection */
#define MSHARE_WINDOW_MISSED 4U	 /* a change did not reach it */

/* Why a window does not share page tables. */
enum mshare_not_shared {
	MSHARE_SHARES = 0,
	/* The backing is ordinary memory, as there are no huge pages. */
	MSHARE_NOT_BACKING = 1,
	/* The file was opened read-only. */
	MSHARE_NOT_READ_ONLY_FILE = 2,
	/* Some units are, or were, protected in parts (@own_units). */
	MSHARE_NOT_PROTECTED = 3,
	/* Its address is not a multiple of the unit: -o align is smaller. */
	MSHARE_NOT_ALIGNED = 4,
	/* The kernel cannot share page tables (configuration, architecture). */
	MSHARE_NOT_KERNEL = 5,
};

/**
 * struct mshare_status_window - a window: a region mapped in one process
 * @id: ID of the window; later windows have larger ones
 * @addr: address in the process; 0 if the process is another user's
 * @pid: PID of the process in the daemon's PID namespace
 * @prot: PROT_* that it was mapped with
 * @flags: MSHARE_WINDOW_*
 * @why: enum mshare_not_shared
 * @own_units: number of units whose page tables it does not share
 * @units: number of units in all (@unit of struct mshare_status_mount)
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
 * struct mshare_status_windows - windows of a region, by ascending ID
 * @version: MSHARE_STATUS_VERSION, also in the request
 * @n: number of windows in the answer; fewer than MSHARE_STATUS_WINDOWS: no
 *	more follow
 * @after: in the request: only windows with a larger ID; 0, and then the @id of
 *	the last window received
 * @window: the first @n entries are valid
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
