/* SPDX-License-Identifier: MIT */
#include "attach/ticket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/quota.h"

static int ticket_cmp(const struct ticket *a, const struct ticket *b)
{
	return memcmp(a->bits, b->bits, TICKET_BYTES);
}

TREE_GENERATE(ticket_head, ticket, entry, ticket_cmp)

void ticket_table_init(struct ticket_table *table, void (*drop)(void *))
{
	pthread_mutex_init(&table->lock, NULL);
	RB_INIT(&table->head);
	TAILQ_INIT(&table->by_age);
	table->n = 0;
	table->drop = drop;
}

/* Table lock held. */
static void take_off(struct ticket_table *table, struct ticket *t)
{
	RB_REMOVE(ticket_head, &table->head, t);
	TAILQ_REMOVE(&table->by_age, t, age);
	table->n--;
	user_release(t->user, QUOTA_TICKETS, 1);
	user_put(t->user);
}

/* Table lock held. Tickets live equally long, so they expire by age. */
static size_t expire(struct ticket_table *table, uint64_t now)
{
	struct ticket *t;

	while ((t = TAILQ_FIRST(&table->by_age)) && t->expires <= now) {
		take_off(table, t);
		table->drop(t->region);
		free(t);
	}
	return table->n;
}

size_t ticket_expire(struct ticket_table *table, uint64_t now)
{
	size_t left;

	pthread_mutex_lock(&table->lock);
	left = expire(table, now);
	pthread_mutex_unlock(&table->lock);
	return left;
}

void ticket_table_free(struct ticket_table *table)
{
	ticket_expire(table, UINT64_MAX);
	pthread_mutex_destroy(&table->lock);
}

int ticket_issue(struct ticket_table *table, uint64_t now, uid_t uid,
		 void *region, uint32_t kind, uint32_t prot,
		 unsigned char bits[TICKET_BYTES])
{
	struct ticket *t = malloc(sizeof(*t));
	int err = -ENOMEM;

	if (!t)
		goto drop;
	t->user = user_get(uid);
	err = user_charge(t->user, QUOTA_TICKETS, 1);
	if (err)
		goto release;
	err = -EIO;
	if (getrandom(t->bits, TICKET_BYTES, 0) != TICKET_BYTES) {
		user_release(t->user, QUOTA_TICKETS, 1);
		goto release;
	}
	t->uid = uid;
	t->expires = now + TICKET_SECONDS * 1000;
	t->region = region;
	t->kind = kind;
	t->prot = prot;
	memcpy(bits, t->bits, TICKET_BYTES);

	pthread_mutex_lock(&table->lock);
	RB_INSERT(ticket_head, &table->head, t);
	TAILQ_INSERT_TAIL(&table->by_age, t, age);
	table->n++;
	pthread_mutex_unlock(&table->lock);
	return 0;
release:
	user_put(t->user);
	free(t);
drop:
	table->drop(region);
	return err;
}

int ticket_redeem(struct ticket_table *table, uint64_t now, uid_t uid,
		  const unsigned char bits[TICKET_BYTES], struct ticket *out)
{
	struct ticket key, *t;
	int err = 0;

	memcpy(key.bits, bits, TICKET_BYTES);
	pthread_mutex_lock(&table->lock);
	t = RB_FIND(ticket_head, &table->head, &key);
	if (!t) {
		err = -ENOENT;
	} else if (t->expires <= now) {
		err = -ETIMEDOUT;
	} else if (t->uid != uid) {
		err = -EACCES;
	} else {
		take_off(table, t);
		*out = *t;
		free(t);
	}
	pthread_mutex_unlock(&table->lock);
	return err;
}
