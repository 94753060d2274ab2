/* SPDX-License-Identifier: MIT */
/*
 * A program that uses no file of msharefs and writes down the results of its
 * calls. tests/inert/mount_inert.sh runs it without the preload, with it, and
 * while windows are made, and compares the outputs. So nothing here says which
 * result is right: the kernel and libc do.
 *
 * Addresses are written relative to a base. Anything else that differs between
 * runs must not be written.
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

/* Writes a call, its result, and errno, whether the call failed or not. */
#define DO(call)                          \
	({                                \
		errno = 4711;             \
		long ret_ = (long)(call); \
		wrote_down(#call, ret_);  \
		ret_;                     \
	})
void wrote_down(const char *what, long ret);
/*
 * The same for a call that returns an address, written as an offset from base.
 */
#define DO_MAP(call, base)                             \
	({                                             \
		errno = 4711;                          \
		char *ret_ = (char *)(call);           \
		wrote_down_address(#call, ret_, base); \
		ret_;                                  \
	})
void wrote_down_address(const char *what, const char *ret, const char *base);
/* Returns the name of errno, "-" for the value that DO() preset. */
const char *error_name(void);

/* A range of addresses where only the tests themselves map anything. */
#define ROOM (64 * MIB)
char *make_room(void);
/* Returns whether an address lies in the room. */
bool in_room(const char *room, const char *addr);
/*
 * Writes what is mapped in the first len bytes of the room, as /proc/self/maps
 * (and with flags, smaps) shows it.
 */
void write_maps(const char *room, size_t len, bool flags);

/*
 * Makes an unlinked file of that many pages of letters in the working
 * directory.
 */
int make_file(int pages, int flags);

/* Runs it in a child, and writes how the child ended. */
void in_child(void (*run)(void *arg), void *arg);

/* Makes a window if this run is the one with windows in between. */
void window_here(void);

/* With windows the process has mappings that others do not have. */
extern bool has_windows;

/* The path of this program, to execute it again. */
extern const char *self_program;
/* Runs the child's half of exec(), vfork() and posix_spawn(). */
int executed_again(char **argv);

/* Write handlers by name, and every field of an action as it is read back. */
void write_action(const char *what, int sig);
void write_set(const sigset_t *set);
void write_threads(void);

#endif
