/* SPDX-License-Identifier: MIT */
/*
 * Redirected memory: shared memory of programs that msharectl run --share runs,
 * as /proc/PID/maps shows it, in each process that the caller may look into.
 */
#ifndef REDIRECTED_LIST_H
#define REDIRECTED_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Adjacent mappings of one object in one process. */
struct redirected_window {
	pid_t pid;
	uint64_t start, end;
	uint64_t offset; /* in the object */
	uint32_t prot;	 /* of its beginning */
	bool protected;	 /* at least in part, otherwise than by default */
	uint64_t units, own_units;
};

#define REDIRECTED_NAME 32

struct redirected {
	const char *kind;	    /* "anon" */
	char name[REDIRECTED_NAME]; /* "anon:INODE" */
	dev_t dev;
	uint64_t inode;
	uint64_t bytes;	  /* that the program asked for */
	uint64_t mapped;  /* in one process, the most */
	uint64_t touched; /* in whole pages */
	uint64_t page, unit;
	struct redirected_window *windows; /* by process and address */
	size_t n;
	uint64_t processes, sharing;
	uint64_t own_units; /* of all windows together */
	uint64_t saved;	    /* bytes of page tables, see region_list_saved() */
	uint64_t faults;    /* page faults saved if each process uses all */
};

struct redirected_list {
	struct redirected *v; /* by name */
	size_t n;
};

/*
 * Looks into each process once. Returns EX_OK, or the exit status after a
 * message.
 */
int redirected_list_read(struct redirected_list *list);
void redirected_list_free(struct redirected_list *list);

/* Whether a name is that of redirected memory, which need not exist. */
bool redirected_is_name(const char *name);

#endif
