/* SPDX-License-Identifier: MIT */
/*
 * Stands in for a libmshare-preload.so of another release, for
 * lib_other_engine.c.
 */
#include "engine/engine.h"
#include "wrap/wrap.h"

EXPORT const struct engine *mshare_engine(void)
{
	static const struct engine engine = {.abi = ENGINE_ABI + 1};

	return &engine;
}
