/* SPDX-License-Identifier: MIT */
/*
 * The one name that libmshare-preload.so and libmshare.so have in common. Alone
 * in its file, so that no compiler takes it for known who answers.
 */
#include "engine/engine.h"
#include "wrap/wrap.h"

EXPORT const struct engine *mshare_engine(void)
{
	return &engine_here;
}
