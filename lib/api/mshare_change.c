/* SPDX-License-Identifier: MIT */
/* Part of mshare.h: the calls that change the mappings in a region. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "api/api.h"
#include "api/last_error.h"
#include <mshare.h>
#include <mshare_ioctl.h>
#include "common/syscalls.h"
#include <linux/msharefs.h>

#define ALL_PROT (PROT_READ | PROT_WRITE | PROT_EXEC)

static int check_prot(int prot)
{
	return prot & ~ALL_PROT ? set_reason(EINVAL, "protection is PROT_READ, "
						     "PROT_WRITE and PROT_EXEC")
				: 0;
}

/* Checks that all of these calls need. */
static int check_region(int fd, off_t offset, size_t size)
{
	struct stat st;
	int err = api_check_region(fd);

	if (err)
		return err;
	if (offset < 0 || !size)
		return set_reason(EINVAL,
				  "the offset is negative, or the size is 0");
	/* Before the size is set, MSHAREFS_UNMAP means v1's SET_SIZE. */
	if (!fstat(fd, &st) && !st.st_size)
		return set_reason(EINVAL, "it has no size yet: ftruncate() it");
	return 0;
}

static int change(int fd, unsigned long request, void *what)
{
	int err = sys_ioctl(fd, request, what);

	switch (err) {
	case -EACCES:
		return set_reason(EACCES, "the descriptor is not open for "
					  "writing");
	case -EINVAL:
		return set_reason(
			EINVAL,
			"the offset is not a multiple of the page size, a part of the range is outside of the region, or the region has ended with its owner");
	case -EBUSY:
		return set_reason(EBUSY,
				  "a process keeps its window from being "
				  "changed, and the mount's log names it; "
				  "nothing has changed");
	case -EIO:
		return set_reason(EIO, "the mappings have changed, but some "
				       "window has missed a part of it: see "
				       "msharectl windows -o +MISSED");
	case -ENOTTY:
		return set_reason(EINVAL,
				  "it is no region, but mshare_info or a "
				  "directory");
	default:
		return err;
	}
}

static int map(int fd, off_t offset, size_t size, int prot, unsigned int flags)
{
	struct mshare_create create = {
		.region_offset = (uint64_t)offset,
		.size = size,
		.prot = (uint32_t)prot,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = (uint32_t)-1,
	};
	int err = check_prot(prot);

	if (!err && flags & ~MSHARE_LAZY)
		err = set_reason(EINVAL, "flags are 0 or MSHARE_LAZY");
	if (!err)
		err = check_region(fd, offset, size);
	if (err)
		return err;
	if (flags & MSHARE_LAZY)
		create.flags |= MAP_NORESERVE;
	return change(fd, MSHAREFS_CREATE_MAPPING, &create);
}

EXPORT int mshare_map(int fd, off_t offset, size_t size, int prot,
		      unsigned int flags)
{
	return fail(map(fd, offset, size, prot, flags), "mshare_map",
		    "descriptor %d, %#zx bytes at offset %#llx", fd, size,
		    (long long)offset);
}

static int unmap(int fd, off_t offset, size_t size)
{
	struct mshare_unmap unmap = {
		.region_offset = (uint64_t)offset,
		.size = size,
	};
	int err = check_region(fd, offset, size);

	return err ? err : change(fd, MSHAREFS_UNMAP, &unmap);
}

EXPORT int mshare_unmap(int fd, off_t offset, size_t size)
{
	return fail(unmap(fd, offset, size), "mshare_unmap",
		    "descriptor %d, %#zx bytes at offset %#llx", fd, size,
		    (long long)offset);
}

/* ENOMEM means a hole, as for madvise() and mprotect(), or lack of memory. */
static int change_mapped(int fd, unsigned long request, off_t offset,
			 size_t size, int what)
{
	struct mshare_change asked = {
		.offset = (uint64_t)offset,
		.size = size,
		.what = (uint32_t)what,
	};
	int err = check_region(fd, offset, size);

	if (!err)
		err = change(fd, request, &asked);
	if (err == -ENOMEM)
		return set_reason(
			ENOMEM,
			"a part of the range is not mapped in the region, or huge pages or mappings (vm.max_map_count) are used up");
	return err;
}

EXPORT int mshare_protect(int fd, off_t offset, size_t size, int prot)
{
	int err = check_prot(prot);

	if (!err)
		err = change_mapped(fd, MSHARE_IOC_PROTECT, offset, size, prot);
	return fail(err, "mshare_protect",
		    "descriptor %d, %#zx bytes at offset %#llx", fd, size,
		    (long long)offset);
}

EXPORT int mshare_advise(int fd, off_t offset, size_t size, int advice)
{
	int err = 0;

	if (advice != MADV_DONTNEED && advice != MADV_POPULATE_WRITE)
		err = set_reason(EINVAL, "advice is MADV_DONTNEED or "
					 "MADV_POPULATE_WRITE");
	if (!err)
		err = change_mapped(fd, MSHARE_IOC_ADVISE, offset, size,
				    advice);
	return fail(err, "mshare_advise",
		    "descriptor %d, %#zx bytes at offset %#llx", fd, size,
		    (long long)offset);
}
