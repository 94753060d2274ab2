/* SPDX-License-Identifier: MIT */
/* The daemon's side: hands descriptors to the processes that close them. */
#include "base/closer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/closer_internal.h"
#include "base/log.h"

static struct closer *closer; /* NULL: not started */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t keeper;	       /* lock; 0: there is none any more */
static unsigned int last_slot; /* lock; where the search for one began last */

static struct closer *new_closer(void)
{
	struct closer *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		return NULL;
	c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (c->timer_fd < 0)
		goto unmap;
	if (crew_open(&c->closers))
		goto close_timer;
	if (crew_open(&c->errands.runners))
		goto close_closers;
	c->daemon = getpid();
	return c;
close_closers:
	crew_close(&c->closers);
close_timer:
	close(c->timer_fd);
unmap:
	munmap(c, sizeof(*c));
	return NULL;
}

/* The keeper says when its first process exists; or it has died. */
static int wait_until_kept(void)
{
	while (!atomic_load(&closer->is_kept)) {
		if (waitpid(keeper, NULL, WNOHANG) == keeper)
			return -EAGAIN;
		poll(NULL, 0, 1);
	}
	return 0;
}

int closer_start(void)
{
	sigset_t all, old;
	long pid;
	int err;

	closer = new_closer();
	if (!closer)
		return -errno;
	/* The keeper must not run a handler of the daemon's. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	/* fork() cannot share the table of descriptors. */
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		closer_keep(closer);
	err = pid < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (err)
		return err;
	keeper = (pid_t)pid;
	return wait_until_kept();
}

/* Lock held. Only something outside, such as the OOM killer, ends the keeper.
 */
static bool is_kept(void)
{
	static struct log_limit limit;

	if (keeper && waitpid(keeper, NULL, WNOHANG) == keeper) {
		log_limited(&limit, LOG_ERR,
			    "the process that closes clients' descriptors was "
			    "killed: a client may delay others from now on; "
			    "restart the daemon");
		keeper = 0;
	}
	return keeper;
}

struct errands *errands_shared(void)
{
	return closer ? &closer->errands : NULL;
}

bool errands_are_kept(void)
{
	bool kept;

	pthread_mutex_lock(&lock);
	kept = is_kept();
	pthread_mutex_unlock(&lock);
	return kept;
}

void errands_need_runner(void)
{
	const struct itimerspec now = {.it_value = {.tv_nsec = 1}};

	atomic_store(&closer->ticking, true);
	timerfd_settime(closer->timer_fd, 0, &now, NULL);
}

size_t closer_waiting(uid_t uid)
{
	size_t n = 0;

	if (!closer || !atomic_load(&closer->waiting))
		return 0;
	for (size_t i = 0; i < CLOSING; i++)
		if (atomic_load(&closer->slots[i].state) != CLOSING_FREE &&
		    closer->slots[i].uid == uid)
			n++;
	return n;
}

/* Lock held. Returns the index of a slot, or -1. */
static int find_slot(uid_t uid)
{
	if (atomic_load(&closer->waiting) >= CLOSING_PER_USER &&
	    closer_waiting(uid) >= CLOSING_PER_USER)
		return -1;
	for (unsigned int i = 0; i < CLOSING; i++) {
		unsigned int at = (last_slot + i) % CLOSING;

		if (atomic_load(&closer->slots[at].state) == CLOSING_FREE) {
			last_slot = at;
			return (int)at;
		}
	}
	return -1;
}

/* Lock held. */
static bool hand_over(int fd, uid_t uid)
{
	static struct log_limit limit;
	int at = find_slot(uid);

	if (at >= 0) {
		struct closing *slot = &closer->slots[at];

		slot->fd = fd;
		slot->uid = uid;
		atomic_fetch_add(&closer->waiting, 1);
		atomic_store(&slot->state, CLOSING_QUEUED);
		if (crew_give(&closer->closers, (unsigned int)at))
			return true;
		atomic_store(&slot->state, CLOSING_FREE);
		atomic_fetch_sub(&closer->waiting, 1);
	}
	log_limited(&limit, LOG_WARNING,
		    "uid %u: %u descriptors are waiting to be closed, which "
		    "its processes prevent: one more stays open",
		    uid, atomic_load(&closer->waiting));
	return false;
}

bool closer_close(int fd, uid_t uid)
{
	bool ok = true, kept = false;

	if (fd < 0)
		return true;
	if (closer) {
		pthread_mutex_lock(&lock);
		kept = is_kept();
		if (kept)
			ok = hand_over(fd, uid);
		pthread_mutex_unlock(&lock);
	}
	if (!kept)
		close(fd);
	return ok;
}

bool closer_is_at_work(void)
{
	return closer && atomic_load(&closer->waiting) && !closer_is_stuck();
}

bool closer_is_stuck(void)
{
	return closer && atomic_load(&closer->stuck);
}
