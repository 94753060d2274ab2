/* SPDX-License-Identifier: MIT */
#include "preload/mount_refs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "preload/mount_emulation.h"
#include "common/syscalls.h"
#include "engine/window_table.h"

#define ROOM 64
/* The low numbers are what programs expect open() to give out. */
#define HIGH_FD 48

struct asked {
	struct asked_key key;
	bool taken;
	bool made;
	unsigned int count; /* 0: used and let go */
	char *path;	    /* if made: PATH_MAX bytes */
	int alive;
	uint64_t alive_ino; /* the program may close it and go on */
};

/* Under the windows lock, which fork() takes. None before it is used. */
static struct asked *table;
atomic_bool mount_any;

static bool have_table(void)
{
	long at;

	if (table)
		return true;
	at = sys_mmap(0, ROOM * sizeof(*table), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0)
		return false;
	table = (struct asked *)at;
	return true;
}

static struct asked *find(const struct asked_key *key)
{
	for (size_t i = 0; table && i < ROOM; i++)
		if (table[i].taken && asked_same(&table[i].key, key))
			return &table[i];
	return NULL;
}

/* What was let go serves only to say so. */
static struct asked *find_free(void)
{
	struct asked *old = NULL;

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

bool asked_room(void)
{
	sigset_t mask;
	bool room;

	windows_lock(&mask);
	room = find_free() != NULL;
	windows_unlock(&mask);
	return room;
}

/* Under the lock. */
static int add(const struct asked *new)
{
	struct asked *a = find_free();

	if (!a)
		return -ENOSPC;
	*a = *new;
	a->taken = true;
	a->count = 1;
	atomic_store(&mount_any, true);
	return 0;
}

int asked_use(const struct asked_key *key)
{
	const struct asked new = {.key = *key, .alive = -1};
	struct asked *a;
	sigset_t mask;
	int err = 0;

	windows_lock(&mask);
	a = find(key);
	if (a)
		a->count++;
	else
		err = add(&new);
	windows_unlock(&mask);
	return err;
}

/* A key that is known is of a mount that is gone. */
static void drop_stale(const struct asked_key *key)
{
	int alive = asked_forget(key);

	if (alive >= 0)
		sys_close(alive);
}

int asked_made(const struct asked_key *key, const char *path, int alive)
{
	long at = sys_mmap(0, PATH_MAX, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct asked new = {.key = *key, .made = true, .path = (char *)at};
	sigset_t mask;
	int err = at < 0 ? (int)at : 0;

	new.alive = move_up(alive);
	new.alive_ino = number_of(new.alive);
	if (!err) {
		strcpy(new.path, path);
		drop_stale(key);
		windows_lock(&mask);
		err = add(&new);
		windows_unlock(&mask);
		if (err)
			sys_munmap((uintptr_t)at, PATH_MAX);
	}
	if (err)
		sys_close(new.alive);
	return err;
}

void asked_path(const struct asked_key *key, char *path)
{
	struct asked *a;
	sigset_t mask;

	windows_lock(&mask);
	a = find(key);
	strcpy(path, a && a->path ? a->path : "");
	windows_unlock(&mask);
}

enum asked_state asked_release(const struct asked_key *key)
{
	enum asked_state state = ASKED_NEVER;
	sigset_t mask;
	struct asked *a;

	windows_lock(&mask);
	a = find(key);
	if (a && !a->count) {
		state = ASKED_LET_GO;
	} else if (a && a->made && a->count == 1) {
		state = ASKED_LAST;
	} else if (a) {
		a->count--;
		state = ASKED_STAYS;
	}
	windows_unlock(&mask);
	return state;
}

int asked_forget(const struct asked_key *key)
{
	int alive = -1;
	sigset_t mask;
	struct asked *a;

	windows_lock(&mask);
	a = find(key);
	if (a) {
		alive = a->alive;
		if (number_of(alive) != a->alive_ino)
			alive = -1;
		if (a->path)
			sys_munmap((uintptr_t)a->path, PATH_MAX);
		*a = (struct asked){0};
	}
	windows_unlock(&mask);
	return alive;
}
