/* SPDX-License-Identifier: MIT */
/* libbsd's balanced trees, private to the file that generates them. */
#ifndef TREE_H
#define TREE_H

#include <bsd/sys/tree.h>

#define TREE_GENERATE(name, type, field, cmp)        \
	RB_GENERATE_INTERNAL(name, type, field, cmp, \
			     static __attribute__((unused)))

#endif
