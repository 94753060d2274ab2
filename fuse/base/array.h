/* SPDX-License-Identifier: MIT */
/* Arrays that grow. */
#ifndef ARRAY_H
#define ARRAY_H

#include <stddef.h>
#include <stdlib.h>

/*
 * Makes room for one element more than n. Returns the array, which may have
 * moved; or NULL, and v is as before.
 */
static inline void *array_grow(void *v, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 8;

	if (n < *room)
		return v;
	v = reallocarray(v, more, size);
	if (v)
		*room = more;
	return v;
}

#endif
