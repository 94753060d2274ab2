/* SPDX-License-Identifier: MIT */
/* The verbs of msharectl, one function each. */
#ifndef MSHARECTL_H
#define MSHARECTL_H

/*
 * What msharectl run itself exits with when it could not do its work. As env(1)
 * and timeout(1) have it, so that it can be told from the command's own status.
 * The other verbs: sysexits.h.
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
