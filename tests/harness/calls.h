/* SPDX-License-Identifier: MIT */
/*
 * What several mount tests call: the ioctls in v1's form beside the harness's
 * v3 ones, and how to look at what came of a call.
 */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Whether a call returned -1 (or MAP_FAILED) with this errno. */
bool fails(long ret, int err);
/* The same of a call that returns a pointer. */
#define MAP_FAILS(call, err) fails((long)(call), err)

/* RFC v3 and v1 (2025); addresses count from 0, not from the region's start */
extern const unsigned long v1_get_size_request, v1_set_size_request;
extern const unsigned long v1_create_request, v1_unmap_request;
int v1_set_size(int fd, uint64_t start, uint64_t size);
int v1_get_size(int fd, uint64_t *start, uint64_t *size);
int v1_add(int fd, uint64_t addr, uint64_t size);
int v1_unmap(int fd, uint64_t addr, uint64_t size);
/* As region_create(), with a start too. */
int v1_create(const char *name, uint64_t start, uint64_t size);

/* Bytes mapped in a region, as st_blocks shows them. */
uint64_t region_mapped(int fd);

/* in_child(), and there even root is held to what mode bits allow. */
int without_privilege(void (*run)(void *arg), void *arg);

/*
 * A mount with other options: in_mount(), mount_daemon and all that uses them
 * are about this one until it is ended, so no fatal assertions in between.
 * daemon_said() stays with it: tests that use it go last in a program.
 */
bool other_mount_start(const char *options);
void other_mount_end(void);

/*
 * For main(), as root: only root may mount with allow_other, unless
 * /etc/fuse.conf allows it. A private mount namespace gets one that does. 0 or
 * -1.
 */
int let_users_allow_other(void);

#endif
