/* SPDX-License-Identifier: MIT */
/* Paths of descriptors in /proc, made without stdio. */
#ifndef PROCFD_H
#define PROCFD_H

#include <string.h>

#define PROCFD_SIZE 32

/* Writes "/proc/self/fd/N". Async-signal-safe. */
static inline void procfd_path(char path[PROCFD_SIZE], int fd)
{
	char digits[12];
	size_t n = 0, at;

	do
		digits[n++] = (char)('0' + fd % 10);
	while (fd /= 10);
	strcpy(path, "/proc/self/fd/");
	at = strlen(path);
	while (n)
		path[at++] = digits[--n];
	path[at] = 0;
}

#endif
