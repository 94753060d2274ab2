/* SPDX-License-Identifier: MIT */
/* Sends HELLO_FAULT_QUERY and returns the answer. */
#include "engine/fault_query.h"

#include <string.h>

#include "common/syscalls.h"
#include "engine/daemon_channel.h"
#include "engine/own_descriptors.h"
#include "engine/window_table.h"

struct query {
	struct hello hello;
	char socket[MSHARE_SOCKET_MAX];
};

static int ask_once(const struct query *query)
{
	struct answer answer;
	int err, sock = channel_connect(query->socket);

	if (sock < 0)
		return sock;
	err = channel_ask(sock, &query->hello, &answer);
	sys_close(sock);
	return err ? err : (int)answer.n;
}

static int ask(void *arg)
{
	struct channel_tries tries = {0};
	int err;

	do
		err = ask_once(arg);
	while (channel_try_again(err, &tries));
	return err;
}

int fault_query(uintptr_t addr)
{
	uint64_t all = ~(uint64_t)0, old;
	struct window *w = window_at(addr);
	struct query query;
	uintptr_t base;
	int ret;

	if (!w)
		return -ENOENT;
	/* If the entry belongs to another window by now, ours is gone. */
	base = atomic_load(&w->base);
	query.hello = channel_hello(HELLO_FAULT_QUERY, w->key, addr - base);
	memcpy(query.socket, w->socket, sizeof(query.socket));
	if (!base || window_at(addr) != w || atomic_load(&w->base) != base)
		return -ENOENT;
	SYS_CALL(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all));
	ret = ask(&query);
	if (out_of_descriptors(ret))
		ret = own_descriptors_run(ask, &query);
	SYS_CALL(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
	return ret;
}
