/* SPDX-License-Identifier: MIT */
#ifndef PROCFD_H
#define PROCFD_H

#include <string.h>

#define PROCFD_SIZE 32

/* "/proc/self/fd/N", where nothing of stdio may be called. */
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
