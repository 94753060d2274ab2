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

struct attach;

/*
 * Binds and listens at once, so that failures are seen at start-up; the thread
 * is started by attach_start(), in the process that will serve. must_guard: no
 * window whose holes cannot be guarded. 0 or -errno.
 */
int attach_open(struct attach **attach, bool must_guard);
int attach_start(struct attach *attach);
void attach_close(struct attach *attach);

/* What MSHARE_IOC_ATTACH answers. Takes over a reference to region. */
int attach_ticket(struct attach *attach, uid_t uid, struct region *region,
		  uint32_t prot, struct mshare_attach *answer);

#endif
