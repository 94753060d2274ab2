/* SPDX-License-Identifier: MIT */
/* Judges the descriptors that clients hand over as userfaultfds. */
#ifndef HANDED_UFFD_H
#define HANDED_UFFD_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether fd is a userfaultfd. Asks no daemon of another filesystem. */
bool handed_uffd_is_one(int fd);

/*
 * Whether this daemon may have a userfaultfd of that process, which gives power
 * over it: only if the daemon has this power anyway.
 */
bool handed_uffd_is_allowed(const struct ucred *peer);

#endif
