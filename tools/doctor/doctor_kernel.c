/* SPDX-License-Identifier: MIT */
/* doctor: does the kernel let this process have userfaultfds and namespaces? */
#include "doctor/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/uffd.h"
#include "userns.h"

/* What headers of 5.14 have not. */
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif

/* userfaultfd */

/* All features that the kernel has; -errno: none can be had. */
static int read_features(uint64_t *features)
{
	struct uffdio_api api = {.api = UFFD_API};
	int err, fd = (int)syscall(SYS_userfaultfd,
				   O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0)
		return -errno;
	err = ioctl(fd, UFFDIO_API, &api) ? -errno : 0;
	close(fd);
	*features = api.features;
	return err;
}

/* Whether a hole that is guarded is one to a system call. */
static int try_guard(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = uffd_open();
	int pipes[2] = {-1, -1};
	int err = fd < 0 ? fd : 0;
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!err && (p == MAP_FAILED || pipe2(pipes, O_CLOEXEC)))
		err = -errno;
	if (!err)
		err = uffd_register(fd, (uintptr_t)p, page);
	if (!err && (write(pipes[1], p, 1) >= 0 || errno != EFAULT))
		err = -EIO;
	if (p != MAP_FAILED)
		munmap(p, page);
	for (int i = 0; i < 2; i++)
		if (pipes[i] >= 0)
			close(pipes[i]);
	if (fd >= 0)
		close(fd);
	return err;
}

static void refused(struct finding *f, int err)
{
	char seccomp[16];

	read_status("Seccomp", seccomp, sizeof(seccomp));
	if (err == -ENOSYS || err == -EINVAL) {
		found(f, DOCTOR_DEGRADED,
		      "this kernel has none for users (Linux 5.11, "
		      "CONFIG_USERFAULTFD): holes do not fault");
	} else if (strcmp(seccomp, "0") != 0) {
		found(f, DOCTOR_DEGRADED,
		      "a seccomp filter refuses it (%s): holes do not fault, "
		      "protection does not hold; start the container, or "
		      "service, without",
		      strerror(-err));
		if (in_container())
			mend(f, "docker run --security-opt seccomp=unconfined "
				"IMAGE");
	} else {
		found(f, DOCTOR_DEGRADED,
		      "refused (%s): holes do not fault, protection does not "
		      "hold; a security module may do that",
		      strerror(-err));
	}
}

void doctor_userfaultfd(struct finding *f, const char *mount)
{
	const uint64_t needed = UFFD_FEATURE_SIGBUS |
				UFFD_FEATURE_MISSING_HUGETLBFS |
				UFFD_FEATURE_MISSING_SHMEM;
	uint64_t features = 0;
	int err = read_features(&features);

	(void)mount;
	if (err) {
		refused(f, err);
		return;
	}
	if ((features & needed) != needed) {
		found(f, DOCTOR_DEGRADED,
		      "this kernel's lacks what is needed (Linux 4.14): holes "
		      "do not fault");
		return;
	}
	err = try_guard();
	if (err == -EIO)
		found(f, DOCTOR_DEGRADED, "tried: a hole does not fault");
	else if (err)
		refused(f, err);
	else if (!(features & UFFD_FEATURE_WP_HUGETLBFS_SHMEM))
		found(f, DOCTOR_DEGRADED,
		      "holes fault, but this kernel cannot protect huge pages "
		      "(Linux 5.19)");
	else
		found(f, DOCTOR_OK, "tried: holes fault; can protect");
}

/* Namespaces, of which "msharectl run --at" makes some */

static _Noreturn void try_namespaces(void)
{
	if (!unshare(CLONE_NEWNS) || !unshare(CLONE_NEWUSER | CLONE_NEWNS))
		_exit(0);
	_exit(errno < 125 ? errno : EPERM);
}

void doctor_namespaces(struct finding *f, const char *mount)
{
	const char *command = userns_mend();
	int status = 0;
	pid_t pid = fork();

	(void)mount;
	if (pid == 0)
		try_namespaces();
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		found(f, DOCTOR_DEGRADED, "not tried: %s", strerror(errno));
	} else if (WIFEXITED(status) && !WEXITSTATUS(status)) {
		found(f, DOCTOR_OK, "msharectl run --at can make them");
	} else {
		found(f, DOCTOR_DEGRADED,
		      "msharectl run --at cannot make them: %s%s",
		      strerror(WIFEXITED(status) ? WEXITSTATUS(status) : EPERM),
		      command ? ""
			      : "; a container or a security module forbids it");
		if (command)
			mend_as_root(f, "%s", command);
	}
}
