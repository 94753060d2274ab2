/* SPDX-License-Identifier: MIT */
/*
 * Tickets: what ioctl(ATTACH) hands to a process so that it can prove on the
 * attach socket, once and within seconds, that it may have a region.
 */
#ifndef TICKET_H
#define TICKET_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>
#include <bsd/sys/queue.h>
#include "base/tree.h"

#define TICKET_BYTES 16
#define TICKET_SECONDS 5

struct ticket {
	RB_ENTRY(ticket) entry;
	TAILQ_ENTRY(ticket) age;
	unsigned char bits[TICKET_BYTES];
	uid_t uid;
	uint64_t expires; /* ms, the caller's clock */
	void *region;	  /* a reference of the ticket's own */
	uint32_t kind;	  /* enum window_kind: what it may be used for */
	uint32_t prot;
};

struct ticket_table {
	pthread_mutex_t lock;
	RB_HEAD(ticket_head, ticket) head; /* lock */
	TAILQ_HEAD(, ticket) by_age;	   /* lock; the oldest is first */
	size_t n;			   /* lock */
	void (*drop)(void *region);	   /* ends a ticket's reference */
};

void ticket_table_init(struct ticket_table *table, void (*drop)(void *));
void ticket_table_free(struct ticket_table *table);

/*
 * Takes over a reference to region, also when it fails (-ENOMEM, -EIO when no
 * random bits can be had).
 */
int ticket_issue(struct ticket_table *table, uint64_t now, uid_t uid,
		 void *region, uint32_t kind, uint32_t prot,
		 unsigned char bits[TICKET_BYTES]);

/*
 * Fills *out, the reference now being the caller's. -ENOENT: made up or used
 * before; -ETIMEDOUT: too late; -EACCES: another user's (it stays valid).
 */
int ticket_redeem(struct ticket_table *table, uint64_t now, uid_t uid,
		  const unsigned char bits[TICKET_BYTES], struct ticket *out);

/* Ends the tickets whose time is over; returns how many are left. */
size_t ticket_expire(struct ticket_table *table, uint64_t now);

#endif
