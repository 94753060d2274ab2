/* SPDX-License-Identifier: MIT */
/* Counts turns by user, and picks the next. */
#include "base/turns.h"

#include <errno.h>
#include <stdlib.h>

/* A user with a turn that is at work or waits. */
struct turns_user {
	LIST_ENTRY(turns_user) entry;
	uid_t uid;
	unsigned int running;
	unsigned int max;
	TAILQ_HEAD(, turn) waiting;
};

void turns_init(struct turns *turns, unsigned int max, unsigned int max_user)
{
	*turns = (struct turns){.max = max, .max_user = max_user};
	pthread_mutex_init(&turns->lock, NULL);
	LIST_INIT(&turns->users);
}

void turns_free(struct turns *turns)
{
	pthread_mutex_destroy(&turns->lock);
}

/* Lock held, as in all static functions. */
static struct turns_user *find(struct turns *turns, uid_t uid)
{
	struct turns_user *user;

	LIST_FOREACH (user, &turns->users, entry)
		if (user->uid == uid)
			return user;
	return NULL;
}

static struct turns_user *add(struct turns *turns, uid_t uid, bool favoured)
{
	struct turns_user *user = malloc(sizeof(*user));

	if (!user)
		return NULL;
	*user = (struct turns_user){
		.uid = uid,
		.max = favoured ? turns->max : turns->max_user,
	};
	TAILQ_INIT(&user->waiting);
	LIST_INSERT_HEAD(&turns->users, user, entry);
	return user;
}

static void drop_if_idle(struct turns_user *user)
{
	if (user->running || !TAILQ_EMPTY(&user->waiting))
		return;
	LIST_REMOVE(user, entry);
	free(user);
}

static void start(struct turns *turns, struct turn *turn)
{
	turn->waits = false;
	turn->user->running++;
	turns->running++;
}

static int begin(struct turns *turns, struct turn *turn, uid_t uid,
		 bool favoured, bool queue)
{
	struct turns_user *user;
	int ret = 0;

	pthread_mutex_lock(&turns->lock);
	if (turn->withdrawn) {
		pthread_mutex_unlock(&turns->lock);
		return -EINTR;
	}
	user = find(turns, uid);
	if (!user)
		user = add(turns, uid, favoured);
	if (!user) {
		ret = -ENOMEM;
	} else if (turns->running < turns->max && user->running < user->max) {
		turn->user = user;
		start(turns, turn);
		ret = 1;
	} else if (queue) {
		turn->user = user;
		turn->waits = true;
		TAILQ_INSERT_TAIL(&user->waiting, turn, entry);
	} else {
		drop_if_idle(user);
	}
	pthread_mutex_unlock(&turns->lock);
	return ret;
}

bool turns_begin(struct turns *turns, struct turn *turn, uid_t uid,
		 bool favoured)
{
	*turn = (struct turn){0};
	return begin(turns, turn, uid, favoured, false) == 1;
}

int turns_queue(struct turns *turns, struct turn *turn, uid_t uid,
		bool favoured)
{
	return begin(turns, turn, uid, favoured, true);
}

bool turns_withdraw(struct turns *turns, struct turn *turn)
{
	bool waited;

	pthread_mutex_lock(&turns->lock);
	waited = turn->waits;
	if (waited) {
		TAILQ_REMOVE(&turn->user->waiting, turn, entry);
		turn->waits = false;
		drop_if_idle(turn->user);
		turn->user = NULL;
	} else if (!turn->user) {
		turn->withdrawn = true;
	}
	pthread_mutex_unlock(&turns->lock);
	return waited;
}

/* The user with the fewest turns at work, of those who may have one more. */
static struct turns_user *next_user(struct turns *turns)
{
	struct turns_user *user, *best = NULL;

	LIST_FOREACH (user, &turns->users, entry)
		if (!TAILQ_EMPTY(&user->waiting) && user->running < user->max &&
		    (!best || user->running < best->running))
			best = user;
	return best;
}

struct turn *turns_end(struct turns *turns, struct turn *turn)
{
	struct turns_user *user;
	struct turn *next = NULL;

	pthread_mutex_lock(&turns->lock);
	turns->running--;
	turn->user->running--;
	user = next_user(turns);
	if (user) {
		next = TAILQ_FIRST(&user->waiting);
		TAILQ_REMOVE(&user->waiting, next, entry);
		start(turns, next);
	}
	drop_if_idle(turn->user);
	turn->user = NULL;
	pthread_mutex_unlock(&turns->lock);
	return next;
}
