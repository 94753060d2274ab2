/* SPDX-License-Identifier: MIT */
/*
 * The memory calls on redirected memory, by the rules of ordinary memory as far
 * as huge pages can keep them; the manual page msharectl-run(1) lists where
 * they end. wrap/redirect.h says what each returns.
 */
#ifndef SHARE_CALLS_H
#define SHARE_CALLS_H

#include <stdbool.h>
#include <stddef.h>

struct mmap_args;

bool share_unmap(void *addr, size_t len, int *err);
bool share_protect(void *addr, size_t len, int prot, int key, int *err);
bool share_remap(void *addr, size_t old_len, size_t len, int flags, void **ret,
		 int *err);
bool share_advise(void *addr, size_t len, int advice, int *err);
int share_make_room(const struct mmap_args *args);

/* A fork handler. */
void share_after_fork_in_child(void);

#endif
