/* SPDX-License-Identifier: MIT */
/* Part of mshare.h: mshare_attach() and mshare_detach(). */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/api.h"
#include "api/last_error.h"
#include <mshare.h>

static int check_flags(unsigned int flags, const void *addr)
{
	const unsigned int known =
		MSHARE_READ_ONLY | MSHARE_EXEC | MSHARE_FIXED | MSHARE_REPLACE;
	const unsigned int where = flags & (MSHARE_FIXED | MSHARE_REPLACE);

	if (flags & ~known)
		return set_reason(EINVAL, "an unknown flag is set");
	if (where == (MSHARE_FIXED | MSHARE_REPLACE))
		return set_reason(EINVAL,
				  "give either MSHARE_FIXED or MSHARE_REPLACE");
	if (where && !addr)
		return set_reason(
			EINVAL,
			"MSHARE_FIXED and MSHARE_REPLACE need an address");
	return 0;
}

static int map_flags(unsigned int flags)
{
	if (flags & MSHARE_REPLACE)
		return MAP_SHARED | MAP_FIXED;
	return MAP_SHARED | (flags & MSHARE_FIXED ? MAP_FIXED_NOREPLACE : 0);
}

/* Finds the reason for which the daemon returned EINVAL. */
static int why_invalid(const struct ioctl_info *shape, size_t size,
		       const void *addr)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!shape->size)
		return set_reason(EINVAL, "it has no size yet: ftruncate() it");
	if (size > shape->size || shape->size - size >= page)
		return set_reason(EINVAL, "the size of the region is %#llx",
				  (unsigned long long)shape->size);
	if (shape->start && addr && (uintptr_t)addr != shape->start)
		return set_reason(EINVAL,
				  "the region has a fixed address, %#llx",
				  (unsigned long long)shape->start);
	return set_reason(EINVAL,
			  "the address is not a multiple of the mount's "
			  "unit (mshare_info), or the region has ended "
			  "with its owner");
}

static int attach(int fd, off_t offset, size_t size, void *addr,
		  unsigned int flags, void **base)
{
	const int prot = PROT_READ |
			 (flags & MSHARE_READ_ONLY ? 0 : PROT_WRITE) |
			 (flags & MSHARE_EXEC ? PROT_EXEC : 0);
	const struct engine *engine;
	struct ioctl_info shape;
	struct mmap_args args;
	int err = check_flags(flags, addr);

	if (!err)
		err = api_shape(fd, &shape);
	if (!err && offset)
		err = set_reason(EINVAL,
				 "a region is attached whole: offset 0");
	if (err)
		return err;
	engine = api_engine(&err);
	if (!engine)
		return err;
	args = (struct mmap_args){
		.addr = addr,
		.length = size ? size : shape.size,
		.prot = prot,
		.flags = map_flags(flags),
		.fd = fd,
	};
	err = engine->map(&args, base);
	if (err == -EINVAL)
		return why_invalid(&shape, args.length, addr);
	if (err == -EEXIST)
		return set_reason(EEXIST, "something is mapped there");
	if (err == -EACCES)
		return set_reason(
			EACCES,
			"the descriptor does not permit it; MSHARE_READ_ONLY needs O_RDONLY or O_RDWR, everything else O_RDWR");
	return err;
}

EXPORT void *mshare_attach(int fd, off_t offset, size_t size, void *addr,
			   unsigned int flags)
{
	void *base = MAP_FAILED;
	int err = attach(fd, offset, size, addr, flags, &base);

	if (fail(err, "mshare_attach", "descriptor %d, %#zx bytes at %p", fd,
		 size, addr))
		return MAP_FAILED;
	return base;
}

static int detach(uintptr_t addr, size_t size)
{
	int err = 0;
	const struct engine *engine = api_engine(&err);

	if (!engine)
		return err;
	err = engine->unmap(addr, size);
	if (err == -EINVAL)
		return set_reason(
			EINVAL,
			"no window begins there, or it has another size");
	if (err == -EAGAIN)
		return set_reason(
			EAGAIN,
			"the daemon of the mount cannot be told: it does not answer, or is out of this process's reach; the window stays");
	return err;
}

EXPORT int mshare_detach(void *addr, size_t size)
{
	return fail(detach((uintptr_t)addr, size), "mshare_detach",
		    "%#zx bytes at %p", size, addr);
}
