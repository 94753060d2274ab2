/* SPDX-License-Identifier: MIT */
#include "namespace/stale_attr.h"

#define SEVERAL_THREADS (-1)

/* Notes it if nobody else is noted. */
static bool note(struct stale_attr *attr, pid_t tid)
{
	int before = 0;

	return atomic_compare_exchange_strong(&attr->thread, &before, tid) ||
	       before == tid;
}

void stale_attr_answered(struct stale_attr *attr, pid_t tid)
{
	if (tid <= 0 || !note(attr, tid))
		atomic_store(&attr->thread, SEVERAL_THREADS);
}

bool stale_attr_others(struct stale_attr *attr, pid_t tid)
{
	int thread = atomic_load(&attr->thread);

	if (thread == 0 || (thread == tid && tid > 0))
		return false;
	atomic_store(&attr->thread, 0);
	return true;
}
