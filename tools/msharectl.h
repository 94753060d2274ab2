/* SPDX-License-Identifier: MIT */
/* The verbs of msharectl: one function each, in cmd/cmd_<verb>.c. */
#ifndef MSHARECTL_H
#define MSHARECTL_H

/*
 * Exit statuses of msharectl run when it fails itself. As for env(1) and
 * timeout(1), they differ from what commands usually return. The other verbs
 * use sysexits.h.
 */
enum {
	EXIT_TROUBLE = 125,
	EXIT_CANNOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
};

struct verb {
	const char *name;
	const char *summary;
	/* argv[0] is the verb; returns the exit status. */
	int (*run)(int argc, char **argv);
};

int cmd_create(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_maps(int argc, char **argv);
int cmd_mount(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_protect(int argc, char **argv);
int cmd_rm(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_umount(int argc, char **argv);
int cmd_unmap(int argc, char **argv);
int cmd_windows(int argc, char **argv);

#endif
