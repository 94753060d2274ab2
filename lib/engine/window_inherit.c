/* SPDX-License-Identifier: MIT */
/* HELLO_FORKED of common/protocol.h. */
#include "engine/window_inherit.h"

#include <errno.h>
#include <string.h>

#include "common/address_reserve.h"
#include "common/syscalls.h"
#include "common/uffd.h"
#include "engine/daemon_channel.h"
#include "engine/own_descriptors.h"
#include "engine/window_guard.h"
#include "engine/window_table.h"

/* A window on its way into the child. */
struct child {
	struct window *parents;
	int sock;
	int uffd;
	int file;	      /* the memory, received or kept; -1: none */
	bool kept;	      /* file is the parent's */
	bool own_descriptors; /* none of them lasts */
};

static int map(const struct child *c)
{
	const struct window *w = c->parents;
	const struct placement p = {
		.place = PLACE_REPLACE,
		.addr = atomic_load(&w->base),
		.size = atomic_load(&w->size),
	};

	return address_reserve_map(&p, w->kind, c->file, p.addr);
}

static void unmap(const struct window *w)
{
	sys_munmap(atomic_load(&w->base), atomic_load(&w->size));
}

/* Asks for the memory too if there is no kept descriptor of it. */
static int exchange(struct child *c, struct answer *answer)
{
	struct hello hello = channel_hello(HELLO_FORKED, c->parents->key,
					   atomic_load(&c->parents->base));
	int err;

	if (!c->kept)
		hello.flags |= HELLO_WANTS_FILE;
	err = channel_send(c->sock, &hello, c->uffd);
	if (err)
		return channel_refusal(c->sock);
	return channel_receive(c->sock, answer, c->kept ? NULL : &c->file);
}

static int introduce(struct child *c)
{
	struct window *w = c->parents;
	struct answer answer;
	int err;

	/* Only the daemon's copy of the userfaultfd will last. */
	if (c->own_descriptors && !channel_may_have_uffd(c->sock))
		return -EMFILE;
	c->uffd = uffd_open();
	if (is_short(c->uffd))
		return c->uffd;
	err = exchange(c, &answer);
	if (!err)
		err = map(c);
	if (err)
		return err;
	err = window_guard(c->sock, &answer, atomic_load(&w->base),
			   atomic_load(&w->size), w->prot, &c->uffd);
	if (err)
		unmap(w);
	else
		memcpy(w->key, answer.key, sizeof(w->key));
	return err;
}

/* Keeps the descriptors of a window that was made, and closes the others. */
static void settle(struct child *c, bool made)
{
	struct window *w = c->parents;

	if (made && !c->own_descriptors) {
		kept_fd_set(&w->uffd, c->uffd);
		if (!c->kept)
			kept_fd_set(&w->memory, c->file);
		return;
	}
	if (c->uffd >= 0)
		sys_close(c->uffd);
	if (c->file >= 0 && !c->kept)
		sys_close(c->file);
}

static struct child child_of(struct window *w, bool own_descriptors)
{
	struct child c = {
		.parents = w,
		.uffd = -1,
		.file = own_descriptors ? -1 : kept_fd_get(&w->memory),
		.own_descriptors = own_descriptors,
	};

	c.kept = c.file >= 0;
	return c;
}

/* Without a daemon there will be no changes, and the process guards alone. */
static int go_on_alone(struct window *w, bool own_descriptors)
{
	struct child c = child_of(w, own_descriptors);
	int err;

	if (!c.kept)
		return -ENOENT;
	c.uffd = uffd_open();
	err = is_short(c.uffd) ? c.uffd : map(&c);
	if (!err)
		err = window_guard_alone(atomic_load(&w->base),
					 atomic_load(&w->size), w->prot,
					 &c.uffd);
	w->known = false;
	settle(&c, !err);
	return err;
}

static int inherit_once(struct window *w, bool own_descriptors)
{
	struct child c = child_of(w, own_descriptors);
	int err;

	c.sock = channel_connect(w->socket);
	if (channel_has_no_peer(c.sock, w->netns))
		return go_on_alone(w, own_descriptors);
	err = c.sock < 0 ? c.sock : introduce(&c);
	settle(&c, !err);
	if (c.sock >= 0)
		sys_close(c.sock);
	return err;
}

static int inherit(struct window *w, bool own_descriptors)
{
	struct channel_tries tries = {0};
	int err;

	if (!w->known)
		return go_on_alone(w, own_descriptors);
	do
		err = inherit_once(w, own_descriptors);
	while (channel_try_again(err, &tries));
	return err;
}

static int inherit_with_own_descriptors(void *arg)
{
	return inherit(arg, true);
}

static int inherit_somehow(struct window *w)
{
	int err;

	kept_fd_close(&w->uffd); /* these are the parent's */
	kept_fd_close(&w->file);
	w->leaving = -1;
	if (w->stays_behind)
		return -ENOENT;
	err = inherit(w, false);
	return out_of_descriptors(err)
		       ? own_descriptors_run(inherit_with_own_descriptors, w)
		       : err;
}

void window_inherit_all(void)
{
	const char *silent = NULL; /* a daemon that does not answer */

	for (struct window *w = window_next(NULL); w; w = window_next(w)) {
		int err = -EAGAIN;

		/* Each window would wait for it as long as the first. */
		if (!silent || strcmp(silent, w->socket) != 0)
			err = inherit_somehow(w);
		if (err == -EAGAIN)
			silent = w->socket;
		if (!err)
			continue;
		/* MADV_DOFORK, by a raw system call, makes fork() copy it. */
		unmap(w);
		kept_fd_close(&w->uffd);
		kept_fd_close(&w->memory);
		kept_fd_close(&w->file);
		window_forget(w);
	}
}
