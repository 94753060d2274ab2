/* SPDX-License-Identifier: MIT */
/* A small table without locks: signal handlers read it, too. */
#include "engine/daemon_identity.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/protocol.h"
#include "common/syscalls.h"

/*
 * The mounts that a process uses at a time. If there are more, the one that
 * came first is forgotten, and who answers for it next counts as the daemon.
 */
#define DAEMONS 8

/*
 * Empty: name is 0. An entry is odd while it is being written; readers look
 * before and after.
 */
struct identity {
	_Atomic uint32_t version;
	_Atomic int32_t pid;
	_Atomic uint32_t uid;
	_Atomic uint32_t self; /* who this process was; in gid of a copy */
	_Atomic uint64_t name;
	_Atomic uint64_t pid_namespace; /* in which pid is its; 0: unknown */
};

static struct identity daemons[DAEMONS];
static atomic_uint next;

/* The names are random, so no two are alike by chance. */
static uint64_t digest(const char *name)
{
	uint64_t hash = 14695981039346656037ULL; /* FNV-1a */

	for (int i = 0; i < MSHARE_SOCKET_MAX && name[i]; i++)
		hash = (hash ^ (unsigned char)name[i]) * 1099511628211ULL;
	return hash ? hash : 1;
}

/* 0: unknown, as /proc is not there. */
static uint64_t pid_namespace(void)
{
	struct statx stx;

	return SYS_CALL(SYS_statx, AT_FDCWD, "/proc/self/ns/pid",
			AT_STATX_DONT_SYNC, STATX_INO, &stx)
		       ? 0
		       : stx.stx_ino;
}

static bool read_one(struct identity *d, uint64_t name, struct ucred *out)
{
	uint32_t version = atomic_load(&d->version);
	bool found = !(version & 1) && atomic_load(&d->name) == name;

	out->pid = atomic_load(&d->pid);
	out->uid = atomic_load(&d->uid);
	out->gid = atomic_load(&d->self);
	return found && atomic_load(&d->version) == version;
}

static bool find(uint64_t name, struct ucred *out)
{
	for (int i = 0; i < DAEMONS; i++)
		if (read_one(&daemons[i], name, out))
			return true;
	return false;
}

static uint64_t namespace_of(uint64_t name)
{
	for (int i = 0; i < DAEMONS; i++)
		if (atomic_load(&daemons[i].name) == name)
			return atomic_load(&daemons[i].pid_namespace);
	return 0;
}

/* Gives up if somebody else writes this entry: then the name stays unknown. */
static void keep(uint64_t name, const struct ucred *peer)
{
	struct identity *d = &daemons[atomic_fetch_add(&next, 1) % DAEMONS];
	uint32_t version = atomic_load(&d->version);

	if (version & 1 ||
	    !atomic_compare_exchange_strong(&d->version, &version, version + 1))
		return;
	atomic_store(&d->pid, peer->pid);
	atomic_store(&d->uid, peer->uid);
	atomic_store(&d->self, (uint32_t)SYS_CALL(SYS_getuid));
	atomic_store(&d->pid_namespace, pid_namespace());
	atomic_store(&d->name, name);
	atomic_store(&d->version, version + 2);
}

/*
 * A process that has entered another PID namespace sees the daemon as 0, and
 * one that has entered another user namespace, as some other user, but it sees
 * itself as another one, too.
 */
bool daemon_identity_check(const char *name, const struct ucred *peer)
{
	uint64_t hash = digest(name);
	struct ucred known;

	if (!find(hash, &known)) {
		keep(hash, peer);
		return true;
	}
	if (peer->pid && peer->pid != known.pid)
		return false;
	return peer->uid == known.uid ||
	       (uint32_t)SYS_CALL(SYS_getuid) != known.gid;
}

bool daemon_identity_is_gone(const char *name)
{
	struct ucred known;
	uint64_t hash = digest(name), here = pid_namespace();

	return find(hash, &known) && known.pid > 0 && here &&
	       namespace_of(hash) == here &&
	       SYS_CALL(SYS_kill, known.pid, 0) == -ESRCH;
}
