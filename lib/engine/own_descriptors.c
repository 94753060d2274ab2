/* SPDX-License-Identifier: MIT */
/*
 * The caller sleeps until the thread has ended (CLONE_VFORK), so both may use
 * its thread-local storage. The thread must not use what libc keeps about
 * threads.
 */
#include "engine/own_descriptors.h"

#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>

#include "common/syscalls.h"

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2U
#endif

#define STACK ((size_t)64 << 10)
/* A thread of this process, which begins with the descriptors of all. */
#define LIKE_A_THREAD                                                       \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
	 CLONE_SYSVSEM | CLONE_VFORK)

#define NOT_SANITIZED __attribute__((no_sanitize("address", "undefined")))

struct job {
	int (*run)(void *);
	void *arg;
	int ret;
};

/*
 * Closing all of them while the table is unshared copies none: a copy that is
 * closed would be a close() of the program's files, which some files notice.
 */
NOT_SANITIZED static int in_thread(void *arg)
{
	struct job *job = arg;

	if (!SYS_CALL(SYS_close_range, 0U, ~0U, CLOSE_RANGE_UNSHARE))
		job->ret = job->run(job->arg);
	return 0;
}

NOT_SANITIZED int own_descriptors_run(int (*run)(void *), void *arg)
{
	struct job job = {.run = run, .arg = arg, .ret = -EMFILE};
	const uint64_t all = ~(uint64_t)0;
	long at = sys_mmap(0, STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int saved = errno;
	uint64_t old;

	if (sys_failed(at))
		return -EMFILE;
	/* No signal of the program may arrive in this thread. */
	SYS_CALL(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all));
	clone(in_thread, (char *)at + STACK, LIKE_A_THREAD, &job);
	errno = saved;
	SYS_CALL(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
	sys_munmap((uintptr_t)at, STACK);
	return job.ret;
}
