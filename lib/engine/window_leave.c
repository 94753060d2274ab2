/* SPDX-License-Identifier: MIT */
/* HELLO_LEAVING and HELLO_STAYS of common/protocol.h. */
#include "engine/window_leave.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>

#include "common/syscalls.h"
#include "engine/daemon_channel.h"
#include "engine/own_descriptors.h"
#include "engine/window_table.h"

#define BUSY_MS 1000

/* The next window after w (NULL: the first) that begins in the range. */
static struct window *next_in(struct window *w, uintptr_t addr, size_t len)
{
	while ((w = window_next(w))) {
		uintptr_t base = atomic_load(&w->base);

		if (base >= addr && base - addr < len)
			return w;
	}
	return NULL;
}

static void send_stays(const struct window *w, int sock)
{
	struct hello hello = channel_hello(HELLO_STAYS, w->key, 0);

	channel_send(sock, &hello, -1);
}

/* 0 and w->leaving, or -errno: -EIO if the daemon hung up. */
static int say_leaving(struct window *w, int sock)
{
	struct hello hello = channel_hello(HELLO_LEAVING, w->key, 0);
	struct answer answer;
	int err = channel_ask(sock, &hello, &answer);

	/* A stopped daemon reads all that later, and the end would mean gone.
	 */
	if (err == -EAGAIN)
		send_stays(w, sock);
	if (err)
		sys_close(sock);
	else
		w->leaving = sock;
	return err;
}

static int announce_once(struct window *w)
{
	int sock = channel_connect(w->socket);

	if (channel_has_no_peer(sock, w->netns))
		return 0;
	return sock < 0 ? sock : say_leaving(w, sock);
}

/* 0: the daemon has been told, or there is nobody to tell. */
static int announce(struct window *w)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	struct channel_tries tries = {0};
	int err;

	do
		err = announce_once(w);
	while (channel_try_again(err, &tries));
	/* It has not read yet how an earlier attempt ended. */
	for (int ms = 0; ms < BUSY_MS && err == -EBUSY; ms++) {
		SYS_CALL(SYS_nanosleep, &moment, NULL);
		err = announce_once(w);
	}
	if (err == -ENOENT) /* the daemon does not know it */
		return 0;
	return !err || out_of_descriptors(err) ? err : -EAGAIN;
}

static void forget(struct window *w)
{
	window_forget(w);
	kept_fd_close(&w->uffd);
	kept_fd_close(&w->memory);
	kept_fd_close(&w->file);
}

/* Gives the window up, but keeps its addresses, inaccessible, for the caller.
 */
static int vacate(void *arg)
{
	struct window *w = arg;
	uintptr_t base = atomic_load(&w->base);
	int err = announce(w);
	long at;

	if (err)
		return err;
	at = sys_mmap(base, atomic_load(&w->size), PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
		      -1, 0);
	if ((uintptr_t)at == base)
		return 0;
	window_leave_ended(base, 1, false);
	return (int)at;
}

/*
 * The conversation must outlast the unmapping, and ends with the thread that
 * leads it when no descriptor is free. So there the window goes at once.
 */
static int announce_or_vacate(struct window *w)
{
	int err = announce(w);

	if (!out_of_descriptors(err))
		return err;
	err = own_descriptors_run(vacate, w);
	w->leaving = -1; /* closed with the thread */
	if (!err)
		forget(w);
	return err;
}

int window_leave_begins(uintptr_t addr, size_t len)
{
	struct window *w;
	int err = 0;

	for (w = next_in(NULL, addr, len); w && !err; w = next_in(w, addr, len))
		if (w->known)
			err = announce_or_vacate(w);
	if (err)
		window_leave_ended(addr, len, false);
	return err;
}

static void stay(const struct window *w)
{
	if (w->leaving >= 0)
		send_stays(w, w->leaving);
}

void window_leave_ended(uintptr_t addr, size_t len, bool gone)
{
	struct window *w;

	for (w = next_in(NULL, addr, len); w; w = next_in(w, addr, len)) {
		if (gone)
			forget(w);
		else
			stay(w);
		if (w->leaving >= 0)
			sys_close(w->leaving);
		w->leaving = -1;
	}
}
