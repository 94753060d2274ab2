/* SPDX-License-Identifier: MIT */
/* Tells a process what is at the offset at which it had a fault. */
#ifndef FAULT_ANSWER_H
#define FAULT_ANSWER_H

#include <stdint.h>

#include "common/protocol.h"
#include "region/region.h"

/*
 * What is at offset, for a process that had a fault there. A lazy page that is
 * not present is allocated, as a touch cannot allocate it in every window.
 * Never waits for a change: FAULT_CHANGING.
 */
enum fault_answer region_fault_answer(struct region *region, uint64_t offset);

#endif
