/* SPDX-License-Identifier: MIT */
/* Arrays that grow. */
#ifndef ARRAY_H
#define ARRAY_H

#include <stddef.h>
#include <stdlib.h>

/* v, or where it is now, with room for one more than n; NULL: as it was. */
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
