/* SPDX-License-Identifier: MIT */
/* Operations on userfaultfds. */
#include "common/uffd.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <linux/userfaultfd.h>

#include "common/syscalls.h"

#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif

static int ask(int fd, uint64_t features)
{
	struct uffdio_api api = {.api = UFFD_API, .features = features};

	return sys_ioctl(fd, UFFDIO_API, &api);
}

int uffd_open(void)
{
	const uint64_t needed = UFFD_FEATURE_SIGBUS |
				UFFD_FEATURE_MISSING_HUGETLBFS |
				UFFD_FEATURE_MISSING_SHMEM;
	int err, fd = (int)SYS_CALL(SYS_userfaultfd,
				    O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0)
		return fd;
	/* Windows work without write protection, which came with Linux 5.19. */
	err = ask(fd, needed | UFFD_FEATURE_WP_HUGETLBFS_SHMEM);
	if (err == -EINVAL)
		err = ask(fd, needed);
	if (!err)
		return fd;
	sys_close(fd);
	return err;
}

static int do_register(int uffd, uintptr_t base, size_t size, uint64_t mode)
{
	struct uffdio_register reg = {
		.range = {.start = base, .len = size},
		.mode = mode,
	};

	return sys_ioctl(uffd, UFFDIO_REGISTER, &reg);
}

int uffd_register(int uffd, uintptr_t base, size_t size)
{
	return do_register(uffd, base, size, UFFDIO_REGISTER_MODE_MISSING);
}

static int do_unregister(int uffd, uintptr_t base, size_t size)
{
	struct uffdio_range range = {.start = base, .len = size};

	return sys_ioctl(uffd, UFFDIO_UNREGISTER, &range);
}

static int do_protect(int uffd, uintptr_t base, size_t size, uint64_t mode)
{
	struct uffdio_writeprotect wp = {
		.range = {.start = base, .len = size},
		.mode = mode,
	};

	return sys_ioctl(uffd, UFFDIO_WRITEPROTECT, &wp);
}

/* Whether the process that opened uffd has exited or called execve(). */
static bool is_dead(int uffd)
{
	const struct uffd_op nothing = UFFD_NOTHING;

	return do_protect(uffd, nothing.start, nothing.end - nothing.start,
			  0) == -ESRCH;
}

int uffd_do(int uffd, uintptr_t base, const struct uffd_op *op)
{
	const uintptr_t at = base + op->start;
	const size_t size = op->end - op->start;
	int err;

	/*
	 * Registration sets exactly the given modes, with one exception: if all
	 * of them are set already, it does not clear the others.
	 */
	switch (op->action) {
	case UFFD_OPEN:
		err = do_unregister(uffd, at, size);
		break;
	case UFFD_OPEN_WP:
		err = do_unregister(uffd, at, size);
		if (!err)
			err = do_register(uffd, at, size,
					  UFFDIO_REGISTER_MODE_WP);
		break;
	case UFFD_GUARD:
		err = do_register(uffd, at, size, UFFDIO_REGISTER_MODE_MISSING);
		break;
	case UFFD_GUARD_WP:
		err = do_register(uffd, at, size,
				  UFFDIO_REGISTER_MODE_MISSING |
					  UFFDIO_REGISTER_MODE_WP);
		break;
	case UFFD_PROTECT:
		err = do_protect(uffd, at, size, UFFDIO_WRITEPROTECT_MODE_WP);
		break;
	case UFFD_UNPROTECT:
		err = do_protect(uffd, at, size, 0);
		break;
	default:
		err = -EINVAL;
	}
	/* (Un)registering returns ENOMEM when the process is gone. */
	if (err == -ENOMEM && is_dead(uffd))
		err = -ESRCH;
	return err;
}

/* How often a step is tried that fails for want of memory. */
#define TRIES 3

/* 0 or -errno, as uffd_do(). */
static int try_part(int uffd, uintptr_t base, const struct uffd_op *part)
{
	int err = -ENOMEM;

	/* The kernel may be short of memory for a moment. */
	for (int tries = 0; tries < TRIES && err == -ENOMEM; tries++)
		err = uffd_do(uffd, base, part);
	/* Undo also covers pages that were never protected. */
	return err == -ENOENT && part->action == UFFD_UNPROTECT ? 0 : err;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int uffd_steps(int uffd, uintptr_t base, const struct uffd_op *v, size_t n,
	       bool (*go_on)(void *arg), void *arg)
{
	int ret = 0;

	for (size_t i = 0; i < n; i++) {
		struct uffd_op part = v[i];

		for (; part.start < v[i].end; part.start = part.end) {
			int err;

			part.end = smaller(part.start + UFFD_PART, v[i].end);
			if (!go_on(arg))
				return -ECANCELED;
			err = try_part(uffd, base, &part);
			if (err == -ESRCH)
				return err;
			if (err && ret != -ENOMEM)
				ret = err;
		}
	}
	return ret;
}
