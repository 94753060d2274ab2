/* SPDX-License-Identifier: MIT */
/*
 * mount(2) and umount(2) of type msharefs, for programs that mount it
 * themselves.
 *
 * If the target already is a mount of msharefs, the program uses that mount. A
 * privileged program gets a bind mount over it, which its umount() removes. For
 * others, this process and its children count the uses, and umount() counts
 * down. If the target is no mount of msharefs, mount() starts the daemon.
 */
#ifndef MOUNT_EMULATION_H
#define MOUNT_EMULATION_H

#include <stdbool.h>

struct mount_args {
	const char *source;
	const char *target;
	const char *type;
	unsigned long flags;
	const char *data;
};

/*
 * Whether to emulate a call that the kernel refused with this error. The kernel
 * has read the strings, so they are readable.
 */
bool mount_emulation_applies(const struct mount_args *args, int error);
/* 0 or -errno. */
int mount_emulation_mount(const struct mount_args *args, int error);

/* umount2(), to call if mount_refs_any is set. 0 or -errno. */
int mount_emulation_umount(const char *target, int flags);

#endif
