/* SPDX-License-Identifier: MIT */
/*
 * fork(). Windows are MADV_DONTFORK: a child gets none by itself, so a child
 * that the daemon does not know of, as after _Fork() or clone(), has no memory
 * in which protection would not hold. The fork handler maps them anew.
 */
#ifndef WINDOW_INHERIT_H
#define WINDOW_INHERIT_H

/*
 * In the child after fork(): maps and guards all windows of the parent. One
 * that the daemon cannot be told of is left out. The caller holds the lock of
 * the window table.
 */
void window_inherit_all(void);

#endif
