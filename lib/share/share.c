/* SPDX-License-Identifier: MIT */
/* Connects the wrappers with redirected memory, if the environment asks. */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "common/syscalls.h"
#include "engine/sigbus.h"
#include "engine/window_table.h"
#include "share/share_anon.h"
#include "share/share_calls.h"
#include "share/share_options.h"
#include "share/share_table.h"
#include "wrap/libc_real.h"
#include "wrap/redirect.h"

/*
 * What the program asks for by these is not what huge pages would give. A unit
 * is all that MAP_32BIT has: the next mapping of that kind would fail.
 */
#define NOT_REDIRECTED \
	(MAP_NORESERVE | MAP_HUGETLB | MAP_LOCKED | MAP_GROWSDOWN | MAP_32BIT)

static bool map(const struct mmap_args *args, void **ret)
{
	long at;

	if (args->flags & NOT_REDIRECTED)
		return false;
	at = share_anon_map(args);
	if (!sys_failed(at)) {
		*ret = (void *)at;
		return true;
	}
	if (share_options.require) {
		errno = at == -EEXIST ? EEXIST : ENOMEM;
		*ret = MAP_FAILED;
		return true;
	}
	*ret = real.mmap(args->addr, args->length, args->prot, args->flags,
			 args->fd, args->offset);
	/* What the kernel cannot map either needs no word from us. */
	if (*ret != MAP_FAILED)
		share_anon_say(args, (int)at);
	return true;
}

static const struct redirect share = {
	.map = map,
	.make_room = share_make_room,
	.unmap = share_unmap,
	.protect = share_protect,
	.remap = share_remap,
	.advise = share_advise,
};

/* After the constructor of the wrappers and the engine. */
__attribute__((constructor(102))) static void init(void)
{
	share_options_read();
	if (!share_options.anon)
		return;
	share_page = (size_t)sysconf(_SC_PAGESIZE);
	share_huge = share_page * (share_page / sizeof(uint64_t));
	share_unit = share_huge * (share_page / sizeof(uint64_t));
	sigbus_is_hole = share_table_is_beyond;
	window_table_adopted = share_table_adopt;
	pthread_atfork(NULL, NULL, share_after_fork_in_child);
	redirect = &share;
	redirect_min = share_options.min;
}
