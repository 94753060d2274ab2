/* SPDX-License-Identifier: MIT */
/*
 * Tickets. ioctl(MSHARE_IOC_ATTACH) gives one to a process, which proves with
 * it on the attach socket, once and within TICKET_SECONDS, that it may map a
 * region.
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
	struct user *user; /* the same, charged for it until it is off */
	uint64_t expires;  /* ms, on the caller's clock */
	void *region;	   /* holds a reference */
	uint32_t kind;	   /* enum window_kind: of the window to make */
	uint32_t prot;
};

struct ticket_table {
	pthread_mutex_t lock;		   /* the table lock */
	RB_HEAD(ticket_head, ticket) head; /* table lock */
	TAILQ_HEAD(, ticket) by_age;	   /* table lock; oldest first */
	size_t n;			   /* table lock */
	void (*drop)(void *region);	   /* drops a ticket's reference */
};

void ticket_table_init(struct ticket_table *table, void (*drop)(void *));
void ticket_table_free(struct ticket_table *table);

/*
 * Takes over a reference to region, also on failure. 0, -ENOMEM, -EAGAIN (the
 * user has QUOTA_TICKETS), or -EIO if getrandom() fails.
 */
int ticket_issue(struct ticket_table *table, uint64_t now, uid_t uid,
		 void *region, uint32_t kind, uint32_t prot,
		 unsigned char bits[TICKET_BYTES]);

/*
 * Fills *out and passes its reference to the caller. -ENOENT: no such ticket,
 * or used before; -ETIMEDOUT: expired; -EACCES: another user's ticket, which
 * stays valid.
 */
int ticket_redeem(struct ticket_table *table, uint64_t now, uid_t uid,
		  const unsigned char bits[TICKET_BYTES], struct ticket *out);

/* Drops expired tickets; returns how many are left. */
size_t ticket_expire(struct ticket_table *table, uint64_t now);

#endif
