/* SPDX-License-Identifier: MIT */
/* Protections (PROT_*) in letters, as in /proc/PID/maps. */
#ifndef PROT_H
#define PROT_H

#include <stdint.h>

/* Parses "r", "rw", "r-x", "none", "---" ...; returns 0 or -EINVAL. */
int prot_parse(const char *text, uint32_t *prot);

#define PROT_TEXT 4
/* "rw-" */
const char *prot_text(uint32_t prot, char text[PROT_TEXT]);

#endif
