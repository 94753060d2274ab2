/* SPDX-License-Identifier: MIT */
/*
 * Checks of msharectl doctor: each tries something that msharefs needs of the
 * machine, changes nothing and leaves nothing behind. Each check is one
 * function in doctor_<topic>.c; cmd_doctor.c has the table of them.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_DEGRADED, /* it works, but not completely or not well */
	DOCTOR_MISSING,	 /* without it, page tables cannot be shared */
};

#define DOCTOR_TEXT 512

struct finding {
	enum doctor_state state;
	bool as_root;		 /* root must run the command */
	char found[DOCTOR_TEXT]; /* what the check found */
	char mend[DOCTOR_TEXT];	 /* the command that fixes it; "": none */
};

/* mount: the argument, or NULL for the default mount */
typedef void doctor_check(struct finding *f, const char *mount);

doctor_check doctor_dev_fuse, doctor_fusermount;		 /* _fuse.c */
doctor_check doctor_pool, doctor_hugetlbfs, doctor_sharing;	 /* _memory.c */
doctor_check doctor_cgroup;					 /* _cgroup.c */
doctor_check doctor_userfaultfd, doctor_namespaces;		 /* _kernel.c */
doctor_check doctor_descriptors, doctor_mappings, doctor_limits; /* _limits.c */
doctor_check doctor_preload, doctor_daemon;			 /* _parts.c */
doctor_check doctor_mount;					 /* _mount.c */

/* Helpers of the checks (doctor.c) */

void found(struct finding *f, enum doctor_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void mend(struct finding *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void mend_as_root(struct finding *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* dir: the mount to check; named: by an argument or a variable */
typedef void doctor_check_dir(struct finding *f, const char *dir, bool named);
/*
 * Runs the check in a child and abandons it if the daemon hangs: once the
 * daemon has read a request, not even SIGKILL ends the process that waits for
 * the reply. 0; -ETIMEDOUT; or another error, and *f is as it was.
 */
int doctor_ask_mount(struct finding *f, const char *mount,
		     doctor_check_dir *check);

#define QUOTED_TEXT 200
/* Quotes a word for the shell; cuts what is too long. */
const char *quoted(const char *word, char text[QUOTED_TEXT]);

/* Reads the number at the start of a file; false: there is none. */
bool read_number(const char *path, uint64_t *n);
/* Reads the value of a key in /proc/self/status; "" if there is none. */
void read_proc_status(const char *key, char *value, size_t size);

/* Whether this process seems to run in a container. */
bool in_container(void);

/*
 * Runs a program, with LD_PRELOAD if preload is not NULL. said: the first line
 * it prints on stdout or stderr. Returns its wait status; that of SIGALRM if it
 * hangs.
 */
int run_program(const char *path, const char *argument, const char *preload,
		char *said, size_t size);

#endif
