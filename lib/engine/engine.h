/* SPDX-License-Identifier: MIT */
/*
 * The engine, as the wrappers and the calls of libmshare see it.
 *
 * A process needs one table of windows, one fault handler, one of everything.
 * But libmshare-preload.so and libmshare.so both contain an engine, and a
 * process may load both. Callers get the engine to use from mshare_engine(),
 * which the dynamic linker binds to the library that comes first, the preload.
 * The other engine is never used.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/attach_client.h"

/*
 * Version of struct engine and the arguments of its functions: the two
 * libraries may come from different releases.
 */
#define ENGINE_ABI 1

/* Identifies a file, as statx() reports it. */
struct engine_file {
	uint64_t device;
	uint64_t ino;
};

struct engine {
	uint32_t abi;
	uint32_t reserved;
	/* mmap() of a region: returns 0 and sets *base, or returns -errno. */
	int (*map)(const struct mmap_args *args, void **base);
	/*
	 * Unmaps the window that begins at addr. size: of the window, or 0.
	 * Returns 0, or -EINVAL if there is no such window.
	 */
	int (*unmap)(uintptr_t addr, size_t size);
	/* Unmaps all windows of a file. 0 or -errno. */
	int (*unmap_file)(const struct engine_file *file);
	/* Whether a window overlaps [addr, addr + len). */
	bool (*touches)(uintptr_t addr, size_t len);
};

/* The engine of the process. Exported: it may be another library's. */
const struct engine *mshare_engine(void);

/* The engine of this library. */
extern const struct engine engine_here;

static inline bool engine_is_here(void)
{
	return mshare_engine() == &engine_here;
}

/* The constructor calls it once, before anything else. */
void engine_init(void);

#endif
