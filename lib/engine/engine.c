/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include <pthread.h>
#include <unistd.h>

#include "engine/sigbus.h"
#include "common/syscalls.h"
#include "engine/daemon_channel.h"
#include "engine/window_table.h"

/*
 * The fork handlers' own: from before fork() until after it. A process that has
 * never used the engine writes nothing here: each page that parent or child
 * write to is a fault and a copy.
 */
static sigset_t fork_mask;
static __thread bool has_lock __attribute__((tls_model("initial-exec")));

static void before_fork(void)
{
	sigset_t mask;

	if (windows_fork_begins())
		return;
	windows_lock(&mask);
	has_lock = true;
	fork_mask = mask;
}

static void after_fork_in_parent(void)
{
	sigset_t mask = fork_mask;

	if (!has_lock) {
		windows_fork_ended();
		return;
	}
	has_lock = false;
	windows_unlock(&mask);
}

/* Hot: beside the tables of symbols, which the child needs as well; one fault.
 */
__attribute__((hot)) static void after_fork_in_child(void)
{
	sigset_t mask = fork_mask;

	if (has_lock)
		windows_lock_again();
	else if (windows_in_use()) /* another thread is about to; nothing is */
		windows_lock_anew(&mask);
	else
		return;
	has_lock = false;
	fault_forked();
	attach_forked();
	windows_unlock(&mask);
}

void engine_init(void)
{
	if (engine_is_here())
		pthread_atfork(before_fork, after_fork_in_parent,
			       after_fork_in_child);
}

static int map(const struct mmap_args *args, void **base)
{
	sigset_t mask;
	int err;

	windows_lock(&mask);
	err = attach_window(args, base);
	windows_unlock(&mask);
	return err;
}

/* Under the lock. */
static int unmap_window(const struct window *w)
{
	uintptr_t base = atomic_load(&w->base);
	size_t size = atomic_load(&w->size);
	int err;

	attach_leaving(base, size);
	err = sys_munmap(base, size);
	attach_left(base, size, !err);
	return err;
}

static int unmap(uintptr_t addr, size_t size)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct window *w;
	sigset_t mask;
	int err = -EINVAL;

	if (size > SIZE_MAX - page)
		return -EINVAL;
	size = (size + page - 1) & ~(page - 1);
	windows_lock(&mask);
	w = window_at(addr);
	if (w && atomic_load(&w->base) == addr &&
	    (!size || atomic_load(&w->size) == size))
		err = unmap_window(w);
	windows_unlock(&mask);
	return err;
}

/*
 * The numbers of a file are another's once its mount is gone. Its daemon is
 * gone then, too.
 */
static bool is_of_file(const struct window *w, const struct engine_file *file)
{
	int sock;

	if (w->device != file->device || w->ino != file->ino)
		return false;
	sock = talk_connect(w->socket);
	if (sock >= 0)
		sys_close(sock);
	return sock >= 0 || sock == -EMFILE || sock == -ENFILE;
}

static int unmap_file(const struct engine_file *file)
{
	sigset_t mask;
	int err = 0;

	windows_lock(&mask);
	for (struct window *w = window_next(NULL); w && !err;
	     w = window_next(w))
		if (is_of_file(w, file))
			err = unmap_window(w);
	windows_unlock(&mask);
	return err;
}

static bool touches(uintptr_t addr, size_t len)
{
	enum overlap overlap;
	sigset_t mask;

	windows_lock(&mask);
	overlap = windows_overlap(addr, len);
	windows_unlock(&mask);
	return overlap != OVERLAP_NONE;
}

const struct engine engine_here = {
	.abi = ENGINE_ABI,
	.map = map,
	.unmap = unmap,
	.unmap_file = unmap_file,
	.touches = touches,
};
