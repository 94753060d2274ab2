/* SPDX-License-Identifier: MIT */
/* Packets with a descriptor, for both ends of the attach socket. */
#ifndef FDPASS_H
#define FDPASS_H

#include <stddef.h>

/* fd: -1 sends none. flags as of sendmsg(). 0 or -errno. */
int fdpass_send(int sock, const void *data, size_t size, int fd, int flags);

/*
 * The length of the packet (0: hung up) or -errno. *fd is what came with it,
 * close-on-exec, or -1; -EMFILE if there was no room for it.
 */
long fdpass_receive(int sock, void *data, size_t size, int *fd, int flags);

#endif
