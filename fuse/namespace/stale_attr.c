/* SPDX-License-Identifier: MIT */
#include "namespace/stale_attr.h"

#define TOLD_SEVERAL (-1)

/* Notes it if nobody else is noted. */
static bool note(struct told *told, pid_t tid)
{
	int before = 0;

	return atomic_compare_exchange_strong(&told->thread, &before, tid) ||
	       before == tid;
}

void told_attr(struct told *told, pid_t tid)
{
	if (tid <= 0 || !note(told, tid))
		atomic_store(&told->thread, TOLD_SEVERAL);
}

bool told_others(struct told *told, pid_t tid)
{
	int thread = atomic_load(&told->thread);

	if (thread == 0 || (thread == tid && tid > 0))
		return false;
	atomic_store(&told->thread, 0);
	return true;
}
