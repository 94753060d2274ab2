/* SPDX-License-Identifier: MIT */
/*
 * The attach socket, and the one thread that serves it: trades tickets for
 * backing descriptors, takes in the userfaultfds of windows, and forgets
 * windows that are gone. What is said there is in client.h.
 */
#ifndef ATTACH_SERVER_H
#define ATTACH_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/protocol.h"
#include "attach/ticket.h"

struct region;

struct attach_server;

/*
 * Binds and listens at once, so that failures are seen at start-up; the thread
 * is started by attach_server_start(), in the process that will serve.
 * must_guard: no window whose holes cannot be guarded. 0 or -errno.
 */
int attach_server_open(struct attach_server **attach, bool must_guard);
int attach_server_start(struct attach_server *attach);
void attach_server_close(struct attach_server *attach);

/* What MSHARE_IOC_ATTACH answers. Takes over a reference to region. */
int attach_server_ticket(struct attach_server *attach, uid_t uid,
			 struct region *region, uint32_t prot,
			 struct mshare_attach *answer);

#endif
