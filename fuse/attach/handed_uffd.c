/* SPDX-License-Identifier: MIT */
#include "attach/handed_uffd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * No call here can reach another filesystem's daemon: the mode tells files of
 * the kernel's own, and only those get an ioctl. (/proc would be certain, but
 * takes a tenth of the time of an attach.) A client that passes off another
 * file as a userfaultfd only harms itself: later changes miss its window.
 */
bool handed_uffd_is_one(int fd)
{
	struct uffdio_range nothing = {0};
	struct statx stx;

	return !statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE,
		      &stx) &&
	       !(stx.stx_mode & S_IFMT) && ioctl(fd, UFFDIO_WAKE, &nothing) &&
	       errno == EINVAL;
}

/*
 * kcmp() is allowed to whom ptrace() is, and does nothing else here: so the
 * kernel itself judges user, group, capabilities and whether the process is
 * dumpable. The client follows the same rule and hands nothing over otherwise.
 */
bool handed_uffd_is_allowed(const struct ucred *peer)
{
	if (geteuid() == 0)
		return true;
	if (peer->uid != geteuid() || peer->gid != getegid())
		return false;
	return syscall(SYS_kcmp, getpid(), peer->pid, KCMP_FILES, 0, 0) >= 0 ||
	       errno == ENOSYS;
}
