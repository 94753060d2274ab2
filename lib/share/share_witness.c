/* SPDX-License-Identifier: MIT */
/* Attaches System V segments, and asks how many have them attached. */
#include "share/share_witness.h"

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "common/syscalls.h"

struct witness witness_new(void)
{
	const long page = sysconf(_SC_PAGESIZE);
	long id = SYS_CALL(SYS_shmget, IPC_PRIVATE, page, 0600);
	long at;

	if (id < 0)
		return NO_WITNESS;
	at = SYS_CALL(SYS_shmat, id, NULL, SHM_RDONLY);
	SYS_CALL(SYS_shmctl, id, IPC_RMID, NULL);
	if (sys_failed(at))
		return NO_WITNESS;
	return (struct witness){.id = (int)id, .at = (uintptr_t)at};
}

bool witness_is_alone(const struct witness *w)
{
	struct shmid_ds ds;

	return w->id >= 0 && !SYS_CALL(SYS_shmctl, w->id, IPC_STAT, &ds) &&
	       ds.shm_nattch == 1;
}

void witness_drop(const struct witness *w)
{
	if (w->id >= 0)
		SYS_CALL(SYS_shmdt, w->at);
}
