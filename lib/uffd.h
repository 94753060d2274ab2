/* SPDX-License-Identifier: MIT */
/*
 * userfaultfd, as windows use it: an access to a page that is not in the
 * backing file is a fault (SIGBUS; EFAULT from a system call) instead of a new
 * page. Needs no privilege.
 */
#ifndef UFFD_H
#define UFFD_H

#include <stddef.h>
#include <stdint.h>

/* A descriptor (close-on-exec) or -errno. */
int uffd_open(void);
int uffd_register(int uffd, uintptr_t base, size_t size);

#endif
