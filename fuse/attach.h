/* SPDX-License-Identifier: MIT */
/*
 * The attach socket: one thread that trades tickets for backing descriptors,
 * takes in the userfaultfds of windows, and forgets windows that are gone. The
 * conversation is written down in lib/proto.h. It never waits for a client.
 */
#ifndef ATTACH_H
#define ATTACH_H

#include <stdint.h>
#include <sys/types.h>

#include "proto.h"
#include "ticket.h"

struct region;

struct attach;

/*
 * Binds and listens at once, so that failures are seen at start-up; the thread
 * is started by attach_start(), in the process that will serve. 0 or -errno.
 */
int attach_open(struct attach **attach);
int attach_start(struct attach *attach);
void attach_close(struct attach *attach);

/* What MSHARE_IOC_ATTACH answers. Takes over a reference to region. */
int attach_ticket(struct attach *attach, uid_t uid, struct region *region,
		  uint32_t prot, struct mshare_attach *answer);

#endif
