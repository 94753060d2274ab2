/* SPDX-License-Identifier: MIT */
#include "ops/ioctl_turns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/quota.h"

/* A request that waits for its turn. */
struct waiting {
	struct turn turn; /* first: turns_end() returns it */
	struct call call; /* its argument is in "in" */
	unsigned int cmd;
	void (*run)(struct call *call, unsigned int cmd);
	_Alignas(uint64_t) char in[];
};

/* Its process is to end: it gets its answer now. */
static void interrupted(fuse_req_t req, void *data)
{
	struct waiting *w = data;

	if (!turns_withdraw(&w->call.server->turns, &w->turn))
		return; /* it has begun, or is not queued yet: both notice */
	fuse_reply_err(req, EINTR);
	free(w);
}

static void run_waiting(struct waiting *w)
{
	/* Also waits for interrupted() to end. */
	fuse_req_interrupt_func(w->call.req, NULL, NULL);
	if (fuse_session_exited(w->call.server->session))
		call_reply(&w->call, -ENOTCONN, NULL, 0);
	else
		w->run(&w->call, w->cmd);
}

/* Ends this turn, and does those that this lets begin. */
static void end_turn(struct turns *turns, struct turn *turn)
{
	struct turn *next = turns_end(turns, turn);

	while (next) {
		struct waiting *w = (struct waiting *)next;

		run_waiting(w);
		next = turns_end(turns, next);
		free(w);
	}
}

static struct waiting *
waiting_new(const struct call *call, unsigned int cmd, size_t in_size,
	    void (*run)(struct call *call, unsigned int cmd))
{
	struct waiting *w = malloc(sizeof(*w) + in_size);

	if (!w)
		return NULL;
	w->turn = (struct turn){0};
	w->call = *call;
	w->cmd = cmd;
	w->run = run;
	if (in_size)
		memcpy(w->in, call->in, in_size);
	w->call.in = w->in;
	return w;
}

void ioctl_in_turn(struct call *call, unsigned int cmd, size_t in_size,
		   void (*run)(struct call *call, unsigned int cmd))
{
	struct turns *turns = &call->server->turns;
	const uid_t uid = fuse_req_ctx(call->req)->uid;
	const bool favoured = quota_is_free(uid);
	struct waiting *w;
	struct turn turn;
	int now;

	if (turns_begin(turns, &turn, uid, favoured)) {
		run(call, cmd);
		end_turn(turns, &turn);
		return;
	}
	w = waiting_new(call, cmd, in_size, run);
	if (!w) {
		call_reply(call, -ENOMEM, NULL, 0);
		return;
	}
	/*
	 * Before it is queued: then it may be answered and gone. If it was
	 * interrupted already, libfuse says so now, and not again.
	 */
	fuse_req_interrupt_func(call->req, interrupted, w);
	now = turns_queue(turns, &w->turn, uid, favoured);
	if (!now)
		return;
	if (now > 0) {
		run_waiting(w);
		end_turn(turns, &w->turn);
	} else {
		fuse_req_interrupt_func(call->req, NULL, NULL);
		call_reply(call, now, NULL, 0);
	}
	free(w);
}
