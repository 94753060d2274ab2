/* SPDX-License-Identifier: MIT */
/*
 * Random operations on files and directories: made from a seed, and applied to
 * a tmpfs and to our mount alike.
 */
#ifndef FSOPS_H
#define FSOPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#define FSOP_SLOTS 6

enum fsop_kind {
	FSOP_OPEN,
	FSOP_CLOSE,
	FSOP_CHDIR,
	FSOP_MKDIR,
	FSOP_MKNOD,
	FSOP_RMDIR,
	FSOP_UNLINK,
	FSOP_LINK,
	FSOP_LINK_FD,
	FSOP_RENAME,
	FSOP_CHMOD,
	FSOP_FCHMOD,
	FSOP_CHOWN,
	FSOP_FCHOWN,
	FSOP_UTIMES,
	FSOP_FUTIMES,
	FSOP_ACCESS,
	FSOP_STAT,
	FSOP_FSTAT,
	FSOP_SIZE,
	FSOP_FSIZE,
	FSOP_SETXATTR,
	FSOP_GETXATTR,
	FSOP_REMOVEXATTR,
	FSOP_LISTXATTR,
	FSOP_READDIR,
	FSOP_SYMLINK,
	FSOP_FIFO,
	FSOP_FLOCK,
	FSOP_SETLK,
	FSOP_SEEK,
	FSOP_SYNC,
	FSOP_KINDS,
};

struct fsop {
	enum fsop_kind kind;
	unsigned int worker;
	char path[2][80]; /* relative to the worker's directory, never above */
	unsigned int slot;
	int flags; /* of open(), renameat2(), ... */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec times[2];
	off_t size;
	int whence;
	const char *xattr; /* the name; constant, shared by all processes */
	char value[8];
};

/* What came of it, and how what it was about looks now, to the worker. */
struct fsop_outcome {
	long ret;
	int err;
	char seen[512];
	int stat_err[2];
	struct stat st[2];
};

/* One of the two filesystems as a worker has it. */
struct fsop_side {
	bool ours;
	int base;
	int cwd;
	int slot[FSOP_SLOTS]; /* -1: none */
};

/* align: of regions on our side. */
void fsop_random(struct fsop *op, uint64_t *random, unsigned int workers,
		 off_t align);
uint64_t fsop_number(uint64_t *random, uint64_t below);
const char *fsop_name(enum fsop_kind kind);
void fsop_text(const struct fsop *op, char *text, size_t size);
void fsop_apply(const struct fsop *op, struct fsop_side *side, off_t align,
		struct fsop_outcome *out);

#endif
