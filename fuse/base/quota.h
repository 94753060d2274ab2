/* SPDX-License-Identifier: MIT */
/*
 * What each user may have of things that the daemon has only so many of. The
 * defaults leave enough for others when three users take all they may.
 *
 * Neither root nor the daemon's own user has a quota.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum quota {
	QUOTA_INODES,	   /* files, directories, additional hard links */
	QUOTA_XATTRS,	   /* bytes of extended attributes */
	QUOTA_MAPPINGS,	   /* mappings in all regions that he created */
	QUOTA_DESCRIPTORS, /* of the daemon: for his regions and windows */
	QUOTA_TICKETS,	   /* windows that he has asked for, not yet made */
	/* These limit what saves time; nobody is refused anything. */
	QUOTA_HOST_AREAS, /* of the daemon's address space: vm.max_map_count */
	QUOTA_HOST_BYTES, /* of the same: all that it has */
	QUOTAS
};

/* The options that set quotas, and the defaults. */
#define QUOTA_INODES_DEFAULT 65536
#define QUOTA_XATTRS_DEFAULT ((uint64_t)4 << 20)
#define QUOTA_TICKETS_DEFAULT 16384
/* Shares of what the daemon has; also the bounds of the result. */
#define QUOTA_MAPPINGS_SHARE 8 /* of vm.max_map_count */
#define QUOTA_MAPPINGS_MOST 32768
#define QUOTA_DESCRIPTORS_SHARE 4 /* of RLIMIT_NOFILE */
#define QUOTA_HOST_SHARE 4	  /* of vm.max_map_count, and of HOST_BYTES */

/*
 * The most address space that host windows take together. A region needs it in
 * full even if it holds hardly any memory, and the daemon needs some for
 * itself.
 */
#define HOST_BYTES ((uint64_t)48 << 40)

struct user;

/*
 * Sets limits: those of options (0: the default). Called once, before any user
 * is known.
 */
void quota_init(const uint64_t limits[QUOTAS]);
uint64_t quota_limit(enum quota quota);
/* The mount option that sets it; NULL: there is none. */
const char *quota_option(enum quota quota);
/* Whether this user has no quotas. */
bool quota_is_free(uid_t uid);
/* How many areas (vm.max_map_count) the daemon may have. */
uint64_t quota_areas(void);

/* A reference to the account of a user, or NULL: no memory. */
struct user *user_get(uid_t uid);
struct user *user_again(struct user *user);
void user_put(struct user *user);

/*
 * Takes n of the user's quota. 0; or the error that the quota stands for
 * (-EDQUOT, -ENOMEM, -EAGAIN), and the log names it. NULL: a user without
 * quotas.
 */
int user_charge(struct user *user, enum quota quota, uint64_t n);
void user_release(struct user *user, enum quota quota, uint64_t n);
uint64_t user_has(const struct user *user, enum quota quota);

#endif
