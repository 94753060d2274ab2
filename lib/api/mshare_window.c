/* SPDX-License-Identifier: MIT */
/* Windows: mshare_attach(), mshare_detach(). */
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
		return because(EINVAL, "there is no such flag");
	if (where == (MSHARE_FIXED | MSHARE_REPLACE))
		return because(EINVAL, "either MSHARE_FIXED or MSHARE_REPLACE");
	if (where && !addr)
		return because(EINVAL, "no address is given for it");
	return 0;
}

static int map_flags(unsigned int flags)
{
	if (flags & MSHARE_REPLACE)
		return MAP_SHARED | MAP_FIXED;
	return MAP_SHARED | (flags & MSHARE_FIXED ? MAP_FIXED_NOREPLACE : 0);
}

/* What the daemon refuses alike, in words. */
static int why_invalid(const struct api_shape *shape, size_t size,
		       const void *addr)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!shape->size)
		return because(EINVAL, "it has no size yet: ftruncate() it");
	if (size > shape->size || shape->size - size >= page)
		return because(EINVAL, "its size is %#llx",
			       (unsigned long long)shape->size);
	if (shape->start && addr && (uintptr_t)addr != shape->start)
		return because(EINVAL, "its address is fixed, %#llx",
			       (unsigned long long)shape->start);
	return because(EINVAL, "the address is not a multiple of the mount's "
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
	struct api_shape shape;
	struct mmap_args args;
	int err = check_flags(flags, addr);

	if (!err)
		err = api_shape(fd, &shape);
	if (!err && offset)
		err = because(EINVAL, "a region is attached whole: offset 0");
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
		return because(EEXIST, "something is mapped there");
	if (err == -EACCES)
		return because(EACCES,
			       "the descriptor is not open for that; "
			       "MSHARE_READ_ONLY needs O_RDONLY or O_RDWR, the "
			       "rest O_RDWR");
	return err;
}

API void *mshare_attach(int fd, off_t offset, size_t size, void *addr,
			unsigned int flags)
{
	void *base = MAP_FAILED;
	int err = attach(fd, offset, size, addr, flags, &base);

	if (report(err, "mshare_attach", "descriptor %d, %#zx bytes at %p", fd,
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
		return because(EINVAL, "no window of a region begins there, or "
				       "it has another size");
	return err;
}

API int mshare_detach(void *addr, size_t size)
{
	return report(detach((uintptr_t)addr, size), "mshare_detach",
		      "%#zx bytes at %p", size, addr);
}
