/* SPDX-License-Identifier: MIT */
/*
 * mount(2) and umount(2) of type msharefs, for a program that mounts it itself.
 *
 * Where one of ours is mounted already, the program uses that: with the
 * privilege for it, by a second mount of the same over it, so that its umount()
 * takes away just that; without, by being counted, in this process and its
 * children, and umount() counts down. Else the daemon is started.
 */
#ifndef LIB_MOUNT_H
#define LIB_MOUNT_H

#include <stdatomic.h>
#include <stdbool.h>

struct mount_args {
	const char *source;
	const char *target;
	const char *type;
	unsigned long flags;
	const char *data;
};

/*
 * After the kernel refused with error, so that it has read all strings: whether
 * it is for us.
 */
bool mount_is_ours(const struct mount_args *args, int error);
/* 0 or -errno. */
int mount_ours(const struct mount_args *args, int error);

/* Whether umount_ours() must be asked at all. */
extern atomic_bool mount_any;
/* As umount2(); 0 or -errno. */
int umount_ours(const char *target, int flags);

#endif
