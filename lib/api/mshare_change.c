/* SPDX-License-Identifier: MIT */
/* What a region consists of: the changes that every process sees. */
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
	return prot & ~ALL_PROT ? because(EINVAL, "protection is PROT_READ, "
						  "PROT_WRITE and PROT_EXEC")
				: 0;
}

/* What goes for all of them. */
static int check_region(int fd, off_t offset, size_t size)
{
	struct stat st;
	int err = api_check_region(fd);

	if (err)
		return err;
	if (offset < 0 || !size)
		return because(EINVAL,
			       "an offset is not negative, a size not 0");
	/* The number that unmaps sets the size of a region that has none. */
	if (!fstat(fd, &st) && !st.st_size)
		return because(EINVAL, "it has no size yet: ftruncate() it");
	return 0;
}

static int change(int fd, unsigned long request, void *what)
{
	int err = sys_ioctl(fd, request, what);

	switch (err) {
	case -EACCES:
		return because(EACCES, "the descriptor is not open for "
				       "writing");
	case -EINVAL:
		return because(EINVAL,
			       "the offset is not of a page, a part is outside "
			       "of the region, or it has ended with its owner");
	case -ENOTTY:
		return because(EINVAL, "it is no region, but mshare_info or a "
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
		err = because(EINVAL, "flags are 0 or MSHARE_LAZY");
	if (!err)
		err = check_region(fd, offset, size);
	if (err)
		return err;
	if (flags & MSHARE_LAZY)
		create.flags |= MAP_NORESERVE;
	return change(fd, MSHAREFS_CREATE_MAPPING, &create);
}

API int mshare_map(int fd, off_t offset, size_t size, int prot,
		   unsigned int flags)
{
	return report(map(fd, offset, size, prot, flags), "mshare_map",
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

API int mshare_unmap(int fd, off_t offset, size_t size)
{
	return report(unmap(fd, offset, size), "mshare_unmap",
		      "descriptor %d, %#zx bytes at offset %#llx", fd, size,
		      (long long)offset);
}

/* What madvise() and mprotect() say of a hole. */
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
		return because(ENOMEM,
			       "a part of it is not mapped in the region, or "
			       "huge pages or mappings (vm.max_map_count) are "
			       "used up");
	return err;
}

API int mshare_protect(int fd, off_t offset, size_t size, int prot)
{
	int err = check_prot(prot);

	if (!err)
		err = change_mapped(fd, MSHARE_IOC_PROTECT, offset, size, prot);
	return report(err, "mshare_protect",
		      "descriptor %d, %#zx bytes at offset %#llx", fd, size,
		      (long long)offset);
}

API int mshare_advise(int fd, off_t offset, size_t size, int advice)
{
	int err = 0;

	if (advice != MADV_DONTNEED && advice != MADV_POPULATE_WRITE)
		err = because(EINVAL, "advice is MADV_DONTNEED or "
				      "MADV_POPULATE_WRITE");
	if (!err)
		err = change_mapped(fd, MSHARE_IOC_ADVISE, offset, size,
				    advice);
	return report(err, "mshare_advise",
		      "descriptor %d, %#zx bytes at offset %#llx", fd, size,
		      (long long)offset);
}
