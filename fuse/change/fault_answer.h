/* SPDX-License-Identifier: MIT */
/* Tells a process what is at the place where it had a fault. */
#ifndef FAULT_ANSWER_H
#define FAULT_ANSWER_H

#include <stdint.h>

#include "common/protocol.h"
#include "region/region.h"

/*
 * Finds what the region has at offset, for a process that had a fault there. A
 * missing lazy page is allocated, for windows that cannot allocate it by
 * themselves. Never waits.
 */
enum fault_answer region_look(struct region *region, uint64_t offset);

#endif
