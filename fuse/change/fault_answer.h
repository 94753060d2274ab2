/* SPDX-License-Identifier: MIT */
/* Tells a process what is at the place where it had a fault. */
#ifndef FAULT_ANSWER_H
#define FAULT_ANSWER_H

#include <stdint.h>

#include "common/protocol.h"
#include "region/region.h"

/*
 * What is at offset, for a process that had a fault there (enum look). A lazy
 * page that is not there gets its memory, for windows that it cannot come to by
 * itself. Never waits.
 */
enum look region_look(struct region *region, uint64_t offset);

#endif
