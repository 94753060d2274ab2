/* SPDX-License-Identifier: MIT */
/*
 * The engine, as the wrappers and the calls of libmshare see it.
 *
 * Of the windows of a process there must be one record, one fault handler, one
 * of everything. libmshare-preload.so and libmshare.so both bring an engine,
 * and a process may have both: whoever is about to use one asks
 * mshare_engine(), which the dynamic linker takes from the library that comes
 * first, the preload. The other engine stays unused, and so does nothing.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/attach_client.h"

/* Of struct engine and what it is given. Both libraries may be of any release.
 */
#define ENGINE_ABI 1

/* A file, as statx() tells it from others. */
struct engine_file {
	uint64_t device;
	uint64_t ino;
};

struct engine {
	uint32_t abi;
	uint32_t reserved;
	/* mmap() of a region: 0 and *base, or -errno. */
	int (*map)(const struct mmap_args *args, void **base);
	/*
	 * Unmaps the window that begins at addr, of that size (0: of any); 0,
	 * or -EINVAL: there is none.
	 */
	int (*unmap)(uintptr_t addr, size_t size);
	/* Unmaps all windows of a file. 0 or -errno. */
	int (*unmap_file)(const struct engine_file *file);
	/* Whether a window lies in [addr, addr + len), or a part of one. */
	bool (*touches)(uintptr_t addr, size_t len);
};

/* The process's. Exported, so it may be another library's. */
const struct engine *mshare_engine(void);

/* This library's. */
extern const struct engine engine_here;

static inline bool engine_is_here(void)
{
	return mshare_engine() == &engine_here;
}

/* Before anything else, and once. */
void engine_init(void);

#endif
