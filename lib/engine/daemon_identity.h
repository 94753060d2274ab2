/* SPDX-License-Identifier: MIT */
/*
 * Who answers at a socket's name. Names are free for all once the daemon has
 * ended, so the credentials of who answered first are kept with the name, and
 * nothing is sent to anybody else. Async-signal-safe.
 */
#ifndef DAEMON_IDENTITY_H
#define DAEMON_IDENTITY_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether this peer is the daemon of that name, or the first to answer. */
bool daemon_identity_check(const char *name, const struct ucred *peer);
/* Whether the daemon of that name is known to have ended. */
bool daemon_identity_is_gone(const char *name);

#endif
