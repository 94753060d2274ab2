/* SPDX-License-Identifier: MIT */
/* PROT_* in letters, as /proc/PID/maps has them. */
#ifndef PROT_H
#define PROT_H

#include <stdint.h>

/* "r", "rw", "r-x", "none", "---" ...; 0 or -EINVAL. */
int prot_parse(const char *text, uint32_t *prot);

#define PROT_TEXT 4
/* "rw-" */
const char *prot_text(uint32_t prot, char text[PROT_TEXT]);

#endif
