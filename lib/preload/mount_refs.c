/* SPDX-License-Identifier: MIT */
/* The table of mounts and their reference counts. */
#include "preload/mount_refs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/syscalls.h"
#include "engine/window_table.h"

#define ROOM 64
/* The low numbers are what programs expect open() to give out. */
#define HIGH_FD 48

struct mount_ref {
	struct mount_refs_key key;
	bool taken;
	bool made;
	unsigned int count; /* 0: released */
	char *path;	    /* if made: PATH_MAX bytes */
	int alive;
	uint64_t alive_ino; /* the program may close and reuse alive */
};

/* Lock of the window table, which fork() takes. Allocated at first use. */
static struct mount_ref *table;
atomic_bool mount_refs_any;

static bool have_table(void)
{
	long at;

	if (table)
		return true;
	at = sys_mmap(0, ROOM * sizeof(*table), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0)
		return false;
	table = (struct mount_ref *)at;
	return true;
}

static struct mount_ref *find(const struct mount_refs_key *key)
{
	for (size_t i = 0; table && i < ROOM; i++)
		if (table[i].taken && mount_refs_same(&table[i].key, key))
			return &table[i];
	return NULL;
}

/* A free entry; else a released one, which only answers a later umount(). */
static struct mount_ref *find_free(void)
{
	struct mount_ref *old = NULL;

	for (size_t i = 0; have_table() && i < ROOM; i++) {
		if (!table[i].taken)
			return &table[i];
		if (!table[i].count)
			old = &table[i];
	}
	return old;
}

static uint64_t number_of(int fd)
{
	struct statx stx;

	if (fd < 0 ||
	    SYS_CALL(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO, &stx))
		return 0;
	return stx.stx_ino;
}

static int move_up(int fd)
{
	int high =
		fd < 0 ? -1
		       : (int)SYS_CALL(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (high < 0)
		return fd;
	sys_close(fd);
	return high;
}

bool mount_refs_has_room(void)
{
	sigset_t mask;
	bool room;

	window_table_lock(&mask);
	room = find_free() != NULL;
	window_table_unlock(&mask);
	return room;
}

/* The caller holds the lock. */
static int add(const struct mount_ref *new)
{
	struct mount_ref *a = find_free();

	if (!a)
		return -ENOSPC;
	*a = *new;
	a->taken = true;
	a->count = 1;
	atomic_store(&mount_refs_any, true);
	return 0;
}

int mount_refs_use(const struct mount_refs_key *key)
{
	const struct mount_ref new = {.key = *key, .alive = -1};
	struct mount_ref *a;
	sigset_t mask;
	int err = 0;

	window_table_lock(&mask);
	a = find(key);
	if (a)
		a->count++;
	else
		err = add(&new);
	window_table_unlock(&mask);
	return err;
}

/* An old entry with the key of a new mount is of a mount that is gone. */
static void drop_stale(const struct mount_refs_key *key)
{
	int alive = mount_refs_forget(key);

	if (alive >= 0)
		sys_close(alive);
}

int mount_refs_add_made(const struct mount_refs_key *key, const char *path,
			int alive)
{
	long at = sys_mmap(0, PATH_MAX, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct mount_ref new = {.key = *key, .made = true, .path = (char *)at};
	sigset_t mask;
	int err = at < 0 ? (int)at : 0;

	new.alive = move_up(alive);
	new.alive_ino = number_of(new.alive);
	if (!err) {
		strcpy(new.path, path);
		drop_stale(key);
		window_table_lock(&mask);
		err = add(&new);
		window_table_unlock(&mask);
		if (err)
			sys_munmap((uintptr_t)at, PATH_MAX);
	}
	if (err)
		sys_close(new.alive);
	return err;
}

void mount_refs_path(const struct mount_refs_key *key, char *path)
{
	struct mount_ref *a;
	sigset_t mask;

	window_table_lock(&mask);
	a = find(key);
	strcpy(path, a && a->path ? a->path : "");
	window_table_unlock(&mask);
}

enum mount_refs_released mount_refs_release(const struct mount_refs_key *key)
{
	enum mount_refs_released state = MOUNT_REFS_UNKNOWN;
	sigset_t mask;
	struct mount_ref *a;

	window_table_lock(&mask);
	a = find(key);
	if (a && !a->count) {
		state = MOUNT_REFS_ALREADY_RELEASED;
	} else if (a && a->made && a->count == 1) {
		state = MOUNT_REFS_LAST;
	} else if (a) {
		a->count--;
		state = MOUNT_REFS_KEPT;
	}
	window_table_unlock(&mask);
	return state;
}

int mount_refs_forget(const struct mount_refs_key *key)
{
	int alive = -1;
	sigset_t mask;
	struct mount_ref *a;

	window_table_lock(&mask);
	a = find(key);
	if (a) {
		alive = a->alive;
		if (number_of(alive) != a->alive_ino)
			alive = -1;
		if (a->path)
			sys_munmap((uintptr_t)a->path, PATH_MAX);
		*a = (struct mount_ref){0};
	}
	window_table_unlock(&mask);
	return alive;
}
