/* SPDX-License-Identifier: MIT */
/*
 * Part of engine.h: the symbol through which libmshare-preload.so and
 * libmshare.so agree on one engine. It is alone in this file, so that no
 * compiler can assume that calls reach this definition.
 */
#include "engine/engine.h"
#include "common/export.h"

EXPORT const struct engine *mshare_engine(void)
{
	return &engine_here;
}
