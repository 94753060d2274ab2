/* SPDX-License-Identifier: MIT */
/* Which pages of a backing file are present. */
#ifndef PRESENT_PAGES_H
#define PRESENT_PAGES_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/extents.h"

struct backing;

/*
 * Lists the present pages in these whole pages. 0; or -ENOMEM, -EINTR (*stop
 * became true), or -EOPNOTSUPP where the kernel cannot tell, and the list is
 * empty. stop: or NULL.
 *
 * With huge pages this takes 1.6 us for each page of the range, up to the last
 * that is present.
 */
int present_pages(const struct backing *backing, int fd,
		  const struct extents *where, const atomic_bool *stop,
		  struct extents *list);

/* A search that may give up. */
struct present_search {
	uint64_t left;	 /* bytes that may be present, of those not found yet */
	uint64_t looks;	 /* how often it may still ask the kernel */
	uint64_t unseen; /* out: bytes that it did not look at any more */
	const atomic_bool *stop; /* or NULL */
};
/* As present_pages(). One search may go on with another call. */
int present_search(const struct backing *backing, int fd,
		   const struct extents *where, struct present_search *search,
		   struct extents *list);

/* Bytes of memory that the whole file holds. */
uint64_t present_bytes(int fd);

#endif
