/* SPDX-License-Identifier: MIT */
/*
 * msharectl doctor: what msharefs needs of the machine, looked at and tried. A
 * check changes nothing and leaves nothing. One function a check, in
 * doctor_<topic>.c; cmd_doctor.c has the table of them.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_DEGRADED, /* it works, but not all of it, or not well */
	DOCTOR_MISSING,	 /* without it there are no shared page tables */
};

#define DOCTOR_TEXT 512

struct finding {
	enum doctor_state state;
	bool as_root;		 /* root has to give the command */
	char found[DOCTOR_TEXT]; /* what is there, or what is wrong with it */
	char mend[DOCTOR_TEXT];	 /* the command; "": there is none */
};

/* mount: as named, or NULL: the user's default mount */
typedef void doctor_check(struct finding *f, const char *mount);

doctor_check doctor_dev_fuse, doctor_fusermount;		 /* _fuse.c */
doctor_check doctor_pool, doctor_hugetlbfs, doctor_sharing;	 /* _memory.c */
doctor_check doctor_cgroup;					 /* _cgroup.c */
doctor_check doctor_userfaultfd, doctor_namespaces;		 /* _kernel.c */
doctor_check doctor_descriptors, doctor_mappings, doctor_limits; /* _limits.c */
doctor_check doctor_preload, doctor_daemon;			 /* _parts.c */
doctor_check doctor_mount;					 /* _mount.c */

/* What checks have in common: doctor.c */

void found(struct finding *f, enum doctor_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void mend(struct finding *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void mend_as_root(struct finding *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define QUOTED_TEXT 200
/* As a shell takes it for one word; what is too long is cut. */
const char *quoted(const char *word, char text[QUOTED_TEXT]);

/* The number that a file begins with; false: it has none. */
bool read_number(const char *path, uint64_t *n);
/* A line of /proc/self/status, without its key and blanks; "" if none. */
void read_status(const char *key, char *value, size_t size);

/* Whether it looks as if we were in a container. */
bool in_container(void);

/*
 * Runs a program, with LD_PRELOAD if preload is not NULL: the first line of
 * what it says, on both outputs. Its wait status; that of SIGALRM if it hangs.
 */
int run_program(const char *path, const char *argument, const char *preload,
		char *said, size_t size);

#endif
