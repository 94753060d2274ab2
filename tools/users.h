/* SPDX-License-Identifier: MIT */
/* Which processes keep a mount from being taken away. */
#ifndef USERS_H
#define USERS_H

#include <sys/types.h>

/*
 * On stderr: those that have files of it open, or are in it. dev: of its files.
 * Of other users' processes only root can know.
 */
void users_print(dev_t dev);

#endif
