/* SPDX-License-Identifier: MIT */
/* Sends and receives packets with a descriptor; for both ends of the socket. */
#ifndef FDPASS_H
#define FDPASS_H

#include <stddef.h>

/* fd: -1 sends no descriptor. flags: as for sendmsg(). 0 or -errno. */
int fdpass_send(int sock, const void *data, size_t size, int fd, int flags);

/*
 * Returns the length of the packet (0: the peer hung up) or -errno. *fd: the
 * descriptor that came with it, close-on-exec, or -1. -EMFILE: the process has
 * no room for the descriptor.
 */
long fdpass_receive(int sock, void *data, size_t size, int *fd, int flags);

#endif
