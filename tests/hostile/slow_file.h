/* SPDX-License-Identifier: MIT */
/*
 * A file of a FUSE filesystem that an ordinary user mounts and serves himself,
 * and what he can do with it: whoever waits for its server waits as long as he
 * likes, and so does whoever wants the memory map of a process that waits.
 */
#ifndef SLOW_FILE_H
#define SLOW_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* By root, before and after: the place where the user mounts. */
bool slow_place_make(uid_t uid);
void slow_place_remove(void);

/*
 * In the user's process: mounts, and starts a server, which ends with this
 * process group. It opens and reads at once, but never answers a write, nor a
 * close.
 */
void slow_mount(void);
/* A descriptor of the file. cached: its pages can be mapped shared. */
int slow_open(bool cached);

/*
 * Takes the lock of this process's memory map for writing, and keeps it until
 * the server ends. Others ask whether it has it. (Not by ps(1), which waits for
 * it, too.)
 */
void hold_memory_map(void);
bool memory_map_is_held(pid_t pid);

#endif
