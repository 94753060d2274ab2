/* SPDX-License-Identifier: MIT */
/* The accounts of users, and what is charged to them. */
#include "base/quota.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <bsd/sys/queue.h>

#include "base/log.h"

/* What Linux has by default, if it does not tell. */
#define MAP_COUNT_DEFAULT 65530

struct user {
	LIST_ENTRY(user) entry; /* lock */
	unsigned int refs;	/* lock */
	uid_t uid;
	bool free; /* has no quota */
	_Atomic uint64_t used[QUOTAS];
	struct log_limit said[QUOTAS];
};

static const struct {
	int err;
	const char *what; /* NULL: nobody is refused anything */
	const char *option;
} quotas[QUOTAS] = {
	[QUOTA_INODES] = {EDQUOT, "files", "user_inodes"},
	[QUOTA_XATTRS] = {EDQUOT, "bytes of extended attributes",
			  "user_xattrs"},
	[QUOTA_MAPPINGS] = {ENOMEM, "mappings", "user_mappings"},
	[QUOTA_DESCRIPTORS] = {EDQUOT, "of the daemon's descriptors",
			       "user_descriptors"},
	[QUOTA_TICKETS] = {EAGAIN, "windows under way", "user_tickets"},
	[QUOTA_HOST_AREAS] = {ENOMEM, NULL, NULL},
	[QUOTA_HOST_BYTES] = {ENOMEM, NULL, NULL},
};

/* Written by quota_init() only. */
static uint64_t limit_of[QUOTAS] = {[0 ... QUOTAS - 1] = UINT64_MAX};
static uint64_t areas = MAP_COUNT_DEFAULT;

/* A few hundred users at most: a list in each slot is enough. */
#define SLOTS 64
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* taken last */
static LIST_HEAD(, user) users[SLOTS];			 /* lock */

static uint64_t read_areas(void)
{
	FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
	uint64_t n = 0;

	if (file && fscanf(file, "%" SCNu64, &n) != 1)
		n = 0;
	if (file)
		fclose(file);
	return n ? n : MAP_COUNT_DEFAULT;
}

static uint64_t descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return UINT32_MAX;
	return limit.rlim_cur;
}

void quota_init(const uint64_t limits[QUOTAS])
{
	areas = read_areas();
	limit_of[QUOTA_INODES] = QUOTA_INODES_DEFAULT;
	limit_of[QUOTA_XATTRS] = QUOTA_XATTRS_DEFAULT;
	limit_of[QUOTA_TICKETS] = QUOTA_TICKETS_DEFAULT;
	limit_of[QUOTA_MAPPINGS] = areas / QUOTA_MAPPINGS_SHARE;
	if (limit_of[QUOTA_MAPPINGS] > QUOTA_MAPPINGS_MOST)
		limit_of[QUOTA_MAPPINGS] = QUOTA_MAPPINGS_MOST;
	limit_of[QUOTA_DESCRIPTORS] = descriptors() / QUOTA_DESCRIPTORS_SHARE;
	limit_of[QUOTA_HOST_AREAS] = areas / QUOTA_HOST_SHARE;
	limit_of[QUOTA_HOST_BYTES] = HOST_BYTES / QUOTA_HOST_SHARE;
	for (int i = 0; i < QUOTAS; i++)
		if (limits[i])
			limit_of[i] = limits[i];
}

uint64_t quota_limit(enum quota quota)
{
	return limit_of[quota];
}

const char *quota_option(enum quota quota)
{
	return quotas[quota].option;
}

bool quota_is_free(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

uint64_t quota_areas(void)
{
	return areas;
}

static struct user *find(uid_t uid)
{
	struct user *user;

	LIST_FOREACH (user, &users[uid % SLOTS], entry)
		if (user->uid == uid)
			return user;
	return NULL;
}

struct user *user_get(uid_t uid)
{
	struct user *user;

	pthread_mutex_lock(&lock);
	user = find(uid);
	if (!user) {
		user = calloc(1, sizeof(*user));
		if (user) {
			user->uid = uid;
			user->free = quota_is_free(uid);
			LIST_INSERT_HEAD(&users[uid % SLOTS], user, entry);
		}
	}
	if (user)
		user->refs++;
	pthread_mutex_unlock(&lock);
	return user;
}

struct user *user_again(struct user *user)
{
	if (user) {
		pthread_mutex_lock(&lock);
		user->refs++;
		pthread_mutex_unlock(&lock);
	}
	return user;
}

void user_put(struct user *user)
{
	bool last;

	if (!user)
		return;
	pthread_mutex_lock(&lock);
	last = !--user->refs;
	if (last)
		LIST_REMOVE(user, entry);
	pthread_mutex_unlock(&lock);
	if (last)
		free(user);
}

static int refuse(struct user *user, enum quota quota, uint64_t used)
{
	if (quotas[quota].what)
		log_limited(
			&user->said[quota], LOG_WARNING,
			"user %u is refused more %s: %" PRIu64 " of %" PRIu64
			" that one user may have are in use (-o %s=N sets it)",
			(unsigned int)user->uid, quotas[quota].what, used,
			limit_of[quota], quotas[quota].option);
	return -quotas[quota].err;
}

int user_charge(struct user *user, enum quota quota, uint64_t n)
{
	const uint64_t limit = limit_of[quota];
	uint64_t used;

	if (!user)
		return 0;
	used = atomic_load(&user->used[quota]);
	do {
		if (!user->free && (used > limit || n > limit - used))
			return refuse(user, quota, used);
	} while (!atomic_compare_exchange_weak(&user->used[quota], &used,
					       used + n));
	return 0;
}

void user_release(struct user *user, enum quota quota, uint64_t n)
{
	if (user)
		atomic_fetch_sub(&user->used[quota], n);
}

uint64_t user_has(const struct user *user, enum quota quota)
{
	return user ? atomic_load(&user->used[quota]) : 0;
}
