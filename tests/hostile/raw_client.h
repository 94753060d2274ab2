/* SPDX-License-Identifier: MIT */
/* Talks to a daemon as the library does not. */
#ifndef RAW_CLIENT_H
#define RAW_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/protocol.h"

/* Connects to a daemon's socket, or an impostor's; -1. */
int dial(const char *name, int flags);
/* An abstract socket of a name that somebody may have had before; -1. */
int listen_as(const char *name, int backlog);

/* At most 200 descriptors; as sendmsg() */
ssize_t send_fds(int sock, const void *data, size_t size, const int *fds,
		 size_t n);

/*
 * Asks for a window of the region fd, and sends the descriptor "given" with
 * that (-1: none). The connection, on which the daemon answers, or -1.
 */
int ask_for_window(int fd, int given);
/* The same, and maps nothing, but says that it has. Its key; false: failed. */
bool claim_window(int fd, int given, unsigned char key[MSHARE_KEY_BYTES]);
/* Says that this window goes, and waits for the answer. The connection, or -1.
 */
int begin_to_leave(const char *name, const unsigned char *key);
/* Waits until the daemon hangs up; -1: for nothing. */
void wait_for_end(int sock);
/* Starts n threads that change the first page of the region fd for ever. */
void begin_to_change(int fd, int n);
/* The name of the socket of the daemon that has the region fd, or "". */
const char *socket_of(int fd);

#endif
