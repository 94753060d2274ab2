/* SPDX-License-Identifier: MIT */
/* Redirects shared anonymous memory to huge pages. */
#ifndef SHARE_ANON_H
#define SHARE_ANON_H

#include "engine/attach_client.h"

/*
 * mmap() of shared anonymous memory of at least share_options.min bytes. The
 * address, or -errno; -EEXIST: MAP_FIXED_NOREPLACE, and the program has memory
 * there. Everything is reserved when it returns.
 */
long share_anon_map(const struct mmap_args *args);

/* Tells why it failed, and what mends that. */
void share_anon_say(const struct mmap_args *args, int err);

#endif
