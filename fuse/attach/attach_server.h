/* SPDX-License-Identifier: MIT */
/*
 * The attach socket and the one thread that serves it. Processes trade tickets
 * for descriptors of backing files there and hand over the userfaultfds of
 * their windows; the thread also forgets windows that are gone. The
 * conversations themselves are in attach_session.h.
 */
#ifndef ATTACH_SERVER_H
#define ATTACH_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/protocol.h"

struct region;

struct attach_server;

/*
 * attach_server_open() binds and listens, so that errors show before the daemon
 * forks; attach_server_start() starts the thread, in the process that serves.
 * must_guard: refuse windows whose holes cannot be guarded. 0 or -errno.
 */
int attach_server_open(struct attach_server **attach, bool must_guard);
int attach_server_start(struct attach_server *attach);
void attach_server_close(struct attach_server *attach);

/*
 * Fills in the ticket and the socket of the answer to MSHARE_IOC_ATTACH. Takes
 * over a reference to region, also on failure. 0 or -errno.
 */
int attach_server_ticket(struct attach_server *attach, uid_t uid,
			 struct region *region, uint32_t prot,
			 struct mshare_attach *answer);

#endif
