/* SPDX-License-Identifier: MIT */
/* The functions of struct engine, and the fork handlers. */
#include "engine/engine.h"

#include <pthread.h>
#include <unistd.h>

#include "common/syscalls.h"
#include "engine/daemon_channel.h"
#include "engine/window_inherit.h"
#include "engine/window_leave.h"
#include "engine/window_table.h"

/*
 * State of the fork handlers from before fork() until after it. A process that
 * never used the engine writes nothing here: each page that parent or child
 * write to costs a fault and a copy.
 */
static sigset_t fork_mask;
static __thread bool has_lock __attribute__((tls_model("initial-exec")));

static void before_fork(void)
{
	sigset_t mask;

	if (window_table_fork_begins())
		return;
	window_table_lock(&mask);
	has_lock = true;
	fork_mask = mask;
}

static void after_fork_in_parent(void)
{
	sigset_t mask = fork_mask;

	if (!has_lock) {
		window_table_fork_ended();
		return;
	}
	has_lock = false;
	window_table_unlock(&mask);
}

/*
 * hot: places it beside the symbol tables, which the child needs too, so that
 * both cost one page fault.
 */
__attribute__((hot)) static void after_fork_in_child(void)
{
	sigset_t mask = fork_mask;

	if (has_lock)
		window_table_relock_in_child();
	else if (window_table_in_use()) /* another thread's first use */
		window_table_lock_anew_in_child(&mask);
	else
		return;
	has_lock = false;
	window_inherit_all();
	window_table_unlock(&mask);
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

	window_table_lock(&mask);
	err = attach_window(args, base);
	window_table_unlock(&mask);
	return err;
}

/* The caller holds the lock of the window table. */
static int unmap_window(const struct window *w)
{
	uintptr_t base = atomic_load(&w->base);
	size_t size = atomic_load(&w->size);
	int err;

	err = window_leave_begins(base, size);
	if (err)
		return err;
	err = sys_munmap(base, size);
	window_leave_ended(base, size, !err);
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
	window_table_lock(&mask);
	w = window_at(addr);
	if (w && atomic_load(&w->base) == addr &&
	    (!size || atomic_load(&w->size) == size))
		err = unmap_window(w);
	window_table_unlock(&mask);
	return err;
}

/*
 * Another file can have the same device and inode numbers once the mount is
 * gone. But then its daemon is gone, too.
 */
static bool is_of_file(const struct window *w, const struct engine_file *file)
{
	int sock;

	if (w->device != file->device || w->ino != file->ino)
		return false;
	sock = channel_connect(w->socket);
	if (sock >= 0)
		sys_close(sock);
	return sock >= 0 || sock == -EMFILE || sock == -ENFILE;
}

static int unmap_file(const struct engine_file *file)
{
	sigset_t mask;
	int err = 0;

	window_table_lock(&mask);
	for (struct window *w = window_next(NULL); w && !err;
	     w = window_next(w))
		if (is_of_file(w, file))
			err = unmap_window(w);
	window_table_unlock(&mask);
	return err;
}

static bool touches(uintptr_t addr, size_t len)
{
	enum overlap overlap;
	sigset_t mask;

	window_table_lock(&mask);
	overlap = window_table_overlap(addr, len);
	window_table_unlock(&mask);
	return overlap != OVERLAP_NONE;
}

const struct engine engine_here = {
	.abi = ENGINE_ABI,
	.map = map,
	.unmap = unmap,
	.unmap_file = unmap_file,
	.touches = touches,
};
