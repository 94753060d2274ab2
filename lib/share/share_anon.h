/* SPDX-License-Identifier: MIT */
/* Redirects shared anonymous memory to huge pages. */
#ifndef SHARE_ANON_H
#define SHARE_ANON_H

#include "engine/attach_client.h"

/*
 * mmap() of shared anonymous memory of at least share_options.min bytes. The
 * address, or -errno: then the call is to be the kernel's, unless the user
 * requires redirected memory. Everything is reserved when it returns.
 */
long share_anon_map(const struct mmap_args *args);

#endif
