/* SPDX-License-Identifier: MIT */
/* Registers windows with userfaultfds, and protects them like the others. */
#include "engine/window_guard.h"

#include "common/syscalls.h"
#include "common/uffd.h"
#include "engine/daemon_channel.h"

/*
 * Guards a range with *uffd. If the kernel refuses, as under a seccomp filter,
 * closes it and sets it to -1: the window works without it. 0 or -ENOMEM: short
 * of memory, it must not go without.
 */
static int guard(int *uffd, uintptr_t base, size_t size)
{
	int err;

	if (*uffd < 0)
		return 0;
	err = uffd_register(*uffd, base, size);
	if (!err || err == -ENOMEM)
		return err;
	sys_close(*uffd);
	*uffd = -1;
	return 0;
}

static int do_step(int uffd, uintptr_t base, size_t size,
		   const struct uffd_op *op)
{
	if (op->start >= op->end || op->end > size)
		return -EIO;
	return uffd_do(uffd, base, op);
}

#define STEPS_AT_ONCE 32

static int do_steps(int uffd, uintptr_t base, size_t size, uint32_t n, int file)
{
	struct uffd_op steps[STEPS_AT_ONCE];
	off_t at = 0;
	int err = 0;

	while (n && !err) {
		size_t some = n < STEPS_AT_ONCE ? n : STEPS_AT_ONCE;
		size_t bytes = some * sizeof(steps[0]);

		if (SYS_CALL(SYS_pread64, file, steps, bytes, at) !=
		    (long)bytes)
			return -EIO;
		for (size_t i = 0; i < some && !err; i++)
			err = do_step(uffd, base, size, &steps[i]);
		at += (off_t)bytes;
		n -= (uint32_t)some;
	}
	/*
	 * Fail where a protection could be missed. Other errors mean that the
	 * kernel cannot write-protect.
	 */
	return err == -ENOMEM || err == -EIO ? err : 0;
}

static int send_mapped(int sock, const unsigned char *key, uintptr_t base,
		       int uffd)
{
	struct hello hello = channel_hello(HELLO_MAPPED, key, base);

	if (uffd < 0)
		hello.flags |= HELLO_UNGUARDED;
	return channel_send(sock, &hello, -1);
}

/*
 * Applies the operations that the daemon sent with its answer, so that the
 * window equals the others.
 */
static int do_as_answered(int sock, const struct answer *answer, uintptr_t base,
			  size_t size, int uffd)
{
	struct answer again;
	int file, err;

	if (!answer->n)
		return 0;
	err = channel_receive(sock, &again, &file);
	if (err)
		return err;
	err = do_steps(uffd, base, size, answer->n, file);
	sys_close(file);
	return err;
}

int window_guard_alone(uintptr_t base, size_t size, int prot, int *uffd)
{
	const int err = guard(uffd, base, size);

	return err ? err : sys_mprotect(base, size, prot);
}

int window_guard(int sock, const struct answer *answer, uintptr_t base,
		 size_t size, int prot, int *uffd)
{
	int err = guard(uffd, base, size);

	if (err)
		return err;
	if (*uffd < 0 && answer->flags & ANSWER_MUST_GUARD) {
		send_mapped(sock, answer->key, base, -1); /* for the log */
		return -EPERM;
	}
	if (*uffd >= 0)
		err = do_as_answered(sock, answer, base, size, *uffd);
	if (!err)
		err = sys_mprotect(base, size, prot);
	if (!err)
		err = send_mapped(sock, answer->key, base, *uffd);
	return err;
}
