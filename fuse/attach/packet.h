/* SPDX-License-Identifier: MIT */
/*
 * Receives what clients send, and hangs up on them, without waiting for
 * anybody. What a client sends may be anything. If the kernel drops the last
 * reference to a descriptor in this thread, it may wait here for as long as
 * somebody else likes (base/closer.h): so every packet is looked at first, at
 * most two of its descriptors are taken, and a packet that has surplus ones
 * stays in the socket, for the closer.
 */
#ifndef PACKET_H
#define PACKET_H

#include <stddef.h>
#include <sys/types.h>

/* The socket, and those accepted from it, are for packet_receive(). 0/-errno */
int packet_prepare(int listening);

/*
 * Receives a packet of exactly this size. *fd: the descriptor that came with
 * it, or -1. 0; -EAGAIN: there is none yet; -ECONNRESET: the client hung up;
 * -EMFILE: no room for the descriptor; or -EPROTO. uid: the client's, for
 * closer_close().
 */
int packet_receive(int sock, uid_t uid, void *data, size_t size, int *fd);

/* Closes a socket that nobody watches, and in which packets may be left. */
void packet_hang_up(int sock, uid_t uid);

#endif
