/* SPDX-License-Identifier: MIT */
/* The processes that keep a mount busy. */
#ifndef USERS_H
#define USERS_H

#include <sys/types.h>

/*
 * Prints the processes that have files of the mount open, or are in it, on
 * stderr. dev: the device number of its files. Only root sees processes of
 * other users.
 */
void users_print(dev_t dev);

#endif
