/* SPDX-License-Identifier: MIT */
/*
 * Whether what is on a tmpfs and on our mount is the same: attributes, names,
 * which names are one file, and which times have changed since they were last
 * looked at.
 */
#ifndef FSTWINS_H
#define FSTWINS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define FSTWINS_WHY 600

/* False, and why. To be called for the same moment in the history of both. */
bool fstwins_same(const struct stat *tmpfs, const struct stat *ours,
		  char why[FSTWINS_WHY]);
/* The same of all that is in two directories. */
bool fstwins_same_trees(int tmpfs, int ours, char why[FSTWINS_WHY]);
/* Forgets what was looked at. */
void fstwins_init(void);

#endif
