/* SPDX-License-Identifier: MIT */
/* Plays a libmshare-preload.so of another time: lib_other_engine.c. */
#include "engine/engine.h"
#include "wrap/wrap.h"

EXPORT const struct engine *mshare_engine(void)
{
	static const struct engine engine = {.abi = ENGINE_ABI + 1};

	return &engine;
}
