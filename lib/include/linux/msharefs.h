/* SPDX-License-Identifier: MIT */
/*
 * The ioctls of msharefs, as the kernel series of 2025 numbers them.
 *
 * A program says #include <linux/msharefs.h> and gets one of two forms:
 *
 *   default           v2 (2025-04-03) and v3 (2025-08-19): the size is set with
 *                     ftruncate() or fallocate() and read with fstat(); ioctls
 *                     count from the beginning of the region.
 *   MSHAREFS_API_V1   defined before the first #include: RFC v3 (2024-09-03)
 *                     and v1 (2025-01-24): the size is set and read with ioctls
 *                     and every address is the one the region has in memory.
 *
 * The forms cannot be mixed up silently: the fields that changed their meaning
 * have different names, the requests that one form lacks are not defined in it,
 * and including both in one file is an error.
 */
#if defined(_LINUX_MSHAREFS_H)
#if defined(MSHAREFS_API_V1) != _LINUX_MSHAREFS_H
#error "<linux/msharefs.h> was included before in its other form: define MSHAREFS_API_V1 before the first #include, or nowhere"
#endif
#else
#if defined(MSHAREFS_API_V1)
#define _LINUX_MSHAREFS_H 1
#else
#define _LINUX_MSHAREFS_H 0
#endif

#include <linux/ioctl.h>
#include <linux/types.h>

/* What the kernel series reports as f_type of statfs(2). */
#define MSHARE_MAGIC 0x4d534852

#ifdef MSHAREFS_API_V1

/**
 * struct mshare_info - where a region lies and how large it is (v1)
 * @start: address of the region in every process, in bytes; a multiple of the
 *	number in the file mshare_info, not 0
 * @size: size of the region in bytes; a multiple of the same number, not 0
 */
struct mshare_info {
	__u64 start;
	__u64 size;
};

/**
 * struct mshare_create - memory to place in a region (v1)
 * @addr: address of the new mapping, in bytes; page-aligned, in the region
 * @size: size in bytes, not 0; rounded up to a page
 * @offset: page-aligned; of no effect on anonymous memory
 * @prot: PROT_READ, PROT_WRITE, PROT_EXEC or PROT_NONE
 * @flags: MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS
 * @fd: -1
 */
struct mshare_create {
	__u64 addr;
	__u64 size;
	__u64 offset;
	__u32 prot;
	__u32 flags;
	__u32 fd;
};

/**
 * struct mshare_unmap - a part of a region to empty (v1)
 * @addr: address in bytes; page-aligned, in the region
 * @size: size in bytes, not 0; rounded up to a page
 */
struct mshare_unmap {
	__u64 addr;
	__u64 size;
};

/* Where the region is; zeros as long as SET_SIZE was not called. */
#define MSHAREFS_GET_SIZE _IOR('x', 0, struct mshare_info)
/* Fix start and size, once. EACCES, EFAULT, EINVAL. */
#define MSHAREFS_SET_SIZE _IOW('x', 1, struct mshare_info)
/* mmap() inside the region. EACCES, EFAULT, EINTR, EINVAL, ENOMEM. */
#define MSHAREFS_CREATE_MAPPING _IOW('x', 2, struct mshare_create)
/* munmap() inside the region. EACCES, EFAULT, EINVAL, ENOMEM. */
#define MSHAREFS_UNMAP _IOW('x', 3, struct mshare_unmap)

#else /* v2, v3 */

/**
 * struct mshare_create - memory to place in a region (v2, v3)
 * @region_offset: where in the region, in bytes from its beginning;
 *	page-aligned
 * @size: size in bytes, not 0; rounded up to a page
 * @offset: page-aligned; of no effect on anonymous memory
 * @prot: PROT_READ, PROT_WRITE, PROT_EXEC or PROT_NONE
 * @flags: MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS
 * @fd: -1
 */
struct mshare_create {
	__u64 region_offset;
	__u64 size;
	__u64 offset;
	__u32 prot;
	__u32 flags;
	__u32 fd;
};

/**
 * struct mshare_unmap - a part of a region to empty (v2, v3)
 * @region_offset: in bytes from the beginning of the region; page-aligned
 * @size: size in bytes, not 0; rounded up to a page
 */
struct mshare_unmap {
	__u64 region_offset;
	__u64 size;
};

/* mmap() inside the region. EACCES, EFAULT, EINTR, EINVAL, ENOMEM. */
#define MSHAREFS_CREATE_MAPPING _IOW('x', 0, struct mshare_create)
/* munmap() inside the region. EACCES, EFAULT, EINVAL, ENOMEM. */
#define MSHAREFS_UNMAP _IOW('x', 1, struct mshare_unmap)

#endif

#endif /* _LINUX_MSHAREFS_H */
