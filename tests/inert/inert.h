/* SPDX-License-Identifier: MIT */
/*
 * A program that uses no file of msharefs and writes down what becomes of its
 * calls. It is run with the preload and without, and beside windows, and says
 * the same each time (tests/mount_inert.sh). So nothing in it says what is
 * right: the kernel and libc do.
 *
 * Addresses are written relative to something; anything else that is not the
 * same from one run to the next has no place in it.
 */
#ifndef INERT_H
#define INERT_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PAGE 4096UL
#define MIB (1UL << 20)
#define RW (PROT_READ | PROT_WRITE)

/* Each runs in a process of its own. */
struct section {
	const char *name;
	void (*run)(void);
};
extern const struct section memory_sections[], range_sections[];
extern const struct section signal_sections[];
extern const struct section process_sections[], task_sections[];

/* Writes down a call, what it returned, and errno, whether it failed or not. */
#define DO(call)                          \
	({                                \
		errno = 4711;             \
		long ret_ = (long)(call); \
		wrote_down(#call, ret_);  \
		ret_;                     \
	})
void wrote_down(const char *what, long ret);
/* The same of a call that returns an address; as an offset from base. */
#define DO_MAP(call, base)                             \
	({                                             \
		errno = 4711;                          \
		char *ret_ = (char *)(call);           \
		wrote_down_address(#call, ret_, base); \
		ret_;                                  \
	})
void wrote_down_address(const char *what, const char *ret, const char *base);
/* What errno is called, "-" for what DO() left there. */
const char *error_name(void);

/* Addresses where nothing is, nor comes but by our own doing. */
#define ROOM (64 * MIB)
char *make_room(void);
/* Whether an address is in it. */
bool in_room(const char *room, const char *addr);
/* What is mapped in a part of the room, as /proc/self/maps and smaps show it.
 */
void write_maps(const char *room, size_t len, bool flags);

/* A file in the working directory, unlinked, of that many pages of letters. */
int make_file(int pages, int flags);

/* Runs in a child, and writes down how it ended. */
void in_child(void (*run)(void *arg), void *arg);

/* Here a window is made, if this run is the one with windows in between. */
void window_here(void);

/* With windows: what the process cannot help but have. */
extern bool has_windows;

/* This program, to be executed again. */
extern const char *self_program;
/* The other half of exec(), vfork() and posix_spawn(). */
int executed_again(char **argv);

/* The handlers by name, and the whole of an action as it is given back. */
void write_action(const char *what, int sig);
void write_set(const sigset_t *set);
void write_threads(void);

#endif
