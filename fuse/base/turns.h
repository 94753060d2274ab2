/* SPDX-License-Identifier: MIT */
/*
 * Who may work now: each user may occupy only a few of the threads that all
 * share, and all users together leave some free. Who has to wait does so in a
 * queue, without a thread; whoever is done takes the next one from it, of the
 * user who has least at work.
 */
#ifndef TURNS_H
#define TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>
#include <bsd/sys/queue.h>

struct turns_user;

/* Some work, until turns_end(); part of what the caller keeps of it. */
struct turn {
	TAILQ_ENTRY(turn) entry; /* turns' lock */
	struct turns_user
		*user;	/* turns' lock; NULL: not queued, not at work */
	bool waits;	/* turns' lock */
	bool withdrawn; /* turns' lock; before it was queued */
};

struct turns {
	pthread_mutex_t lock; /* taken last */
	LIST_HEAD(, turns_user) users;
	unsigned int running;  /* lock */
	unsigned int max;      /* constant: at work at the same time */
	unsigned int max_user; /* constant: of these, one user's */
};

void turns_init(struct turns *turns, unsigned int max, unsigned int max_user);
void turns_free(struct turns *turns);

/*
 * True: the work may begin; the caller calls turns_end(). False: not now (or no
 * memory). favoured: this user may have all turns.
 */
bool turns_begin(struct turns *turns, struct turn *turn, uid_t uid,
		 bool favoured);
/*
 * The same, but queues a turn that cannot begin, until turns_end() returns it
 * or turns_withdraw() takes it back. The turn must be all zero, but
 * turns_withdraw() may have been there first. 1: it may begin; 0: queued;
 * -ENOMEM; -EINTR: it was withdrawn.
 */
int turns_queue(struct turns *turns, struct turn *turn, uid_t uid,
		bool favoured);
/*
 * True: the turn was waiting, and is not any more. False: it has begun, or is
 * not queued yet and will not be.
 */
bool turns_withdraw(struct turns *turns, struct turn *turn);
/* The work is done. Returns a turn that the caller has to do next, or NULL. */
struct turn *turns_end(struct turns *turns, struct turn *turn);

#endif
