/* SPDX-License-Identifier: MIT */
/* What the environment asks for; msharectl-run(1) describes the variables. */
#ifndef SHARE_OPTIONS_H
#define SHARE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct share_options {
	bool anon;    /* shared anonymous memory is redirected */
	bool require; /* ENOMEM rather than ordinary memory */
	size_t min;   /* bytes; smaller memory stays ordinary */
};

extern struct share_options share_options;

/* Reads the environment. Says what in it has no meaning, and ignores that. */
void share_options_read(void);

#endif
