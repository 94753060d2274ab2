/* SPDX-License-Identifier: MIT */
/* Tells the daemon that windows go. */
#ifndef WINDOW_LEAVE_H
#define WINDOW_LEAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The caller of both holds the lock of the window table. */

/*
 * Announces that all windows in the range are about to be unmapped or mapped
 * over. The daemon leaves them alone until window_leave_ended() tells whether
 * they are gone. 0; or -errno: the daemon lives and cannot be told, so they
 * must stay, as a later change would hit what is mapped there next.
 */
int window_leave_begins(uintptr_t addr, size_t len);
void window_leave_ended(uintptr_t addr, size_t len, bool gone);

#endif
