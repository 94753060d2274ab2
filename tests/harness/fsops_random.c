/* SPDX-License-Identifier: MIT */
/* What random operations are like, and how they read. */
#include "harness/fsops.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	unsigned int weight;
} kinds[FSOP_KINDS] = {
	[FSOP_OPEN] = {"open", 20},
	[FSOP_CLOSE] = {"close", 3},
	[FSOP_CHDIR] = {"chdir", 8},
	[FSOP_MKDIR] = {"mkdir", 10},
	[FSOP_MKNOD] = {"mknod", 6},
	[FSOP_RMDIR] = {"rmdir", 8},
	[FSOP_UNLINK] = {"unlink", 9},
	[FSOP_LINK] = {"link", 6},
	[FSOP_LINK_FD] = {"link_fd", 3},
	[FSOP_RENAME] = {"rename", 14},
	[FSOP_CHMOD] = {"chmod", 6},
	[FSOP_FCHMOD] = {"fchmod", 2},
	[FSOP_CHOWN] = {"chown", 4},
	[FSOP_FCHOWN] = {"fchown", 2},
	[FSOP_UTIMES] = {"utimes", 4},
	[FSOP_FUTIMES] = {"futimes", 2},
	[FSOP_ACCESS] = {"access", 3},
	[FSOP_STAT] = {"stat", 3},
	[FSOP_FSTAT] = {"fstat", 3},
	[FSOP_SIZE] = {"truncate", 2},
	[FSOP_FSIZE] = {"ftruncate", 2},
	[FSOP_SETXATTR] = {"setxattr", 5},
	[FSOP_GETXATTR] = {"getxattr", 3},
	[FSOP_REMOVEXATTR] = {"removexattr", 3},
	[FSOP_LISTXATTR] = {"listxattr", 2},
	[FSOP_READDIR] = {"readdir", 3},
	[FSOP_SYMLINK] = {"symlink", 1},
	[FSOP_FIFO] = {"mkfifo", 1},
	[FSOP_FLOCK] = {"flock", 2},
	[FSOP_SETLK] = {"setlk", 2},
	[FSOP_SEEK] = {"lseek", 2},
	[FSOP_SYNC] = {"fsync", 1},
};

/* xorshift64* */
uint64_t fsop_number(uint64_t *random, uint64_t below)
{
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return (*random * 0x2545f4914f6cdd1d >> 16) % below;
}

#define PICK(array) ((array)[fsop_number(random, N(array))])

static enum fsop_kind random_kind(uint64_t *random)
{
	uint64_t all = 0, n;
	int kind = 0;

	for (size_t i = 0; i < FSOP_KINDS; i++)
		all += kinds[i].weight;
	n = fsop_number(random, all);
	for (; n >= kinds[kind].weight; kind++)
		n -= kinds[kind].weight;
	return (enum fsop_kind)kind;
}

/* Few names, so that they meet; ".." only of what was gone into. */
static void random_path(char *path, uint64_t *random)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	static const char *const ends[] = {"/", "/", "/..", "/."};
	static const unsigned int depths[] = {1, 1, 1, 1, 2, 2, 3};
	unsigned int depth = PICK(depths);
	uint64_t luck = fsop_number(random, 60);

	*path = 0;
	if (luck < 2) {
		strcpy(path, luck ? "." : "");
		return;
	}
	for (unsigned int i = 0; i < depth; i++) {
		strcat(path, i ? "/" : "");
		strcat(path, PICK(names));
		if (i + 1 < depth && fsop_number(random, 30) == 0)
			strcat(path, "/..");
	}
	if (luck < 6)
		strcat(path, ends[luck - 2]);
}

static int random_open_flags(uint64_t *random)
{
	static const int bits[] = {O_CREAT,	O_EXCL,	    O_TRUNC, O_APPEND,
				   O_DIRECTORY, O_NOFOLLOW, O_PATH,  O_NOATIME};
	static const unsigned int one_in[] = {2, 5, 6, 8, 5, 8, 12, 12};
	int flags = (int)fsop_number(random, 3);

	for (size_t i = 0; i < N(bits); i++)
		if (fsop_number(random, one_in[i]) == 0)
			flags |= bits[i];
	return flags | O_CLOEXEC | O_NONBLOCK;
}

static mode_t random_mode(uint64_t *random)
{
	static const mode_t often[] = {0777,  0777,  0755,  0700, 0770, 01777,
				       02775, 04755, 06777, 0711, 0666, 02777};

	if (fsop_number(random, 8))
		return PICK(often);
	return (mode_t)fsop_number(random, 010000);
}

static struct timespec random_time(uint64_t *random)
{
	static const struct timespec times[] = {
		{1000, 1},	 {2000, 2},	 {3000, 999999999}, {-5, 5},
		{5000000000, 0}, {0, UTIME_NOW}, {0, UTIME_OMIT},   {0, 0},
	};

	return PICK(times);
}

static int random_rename_flags(uint64_t *random)
{
	/* A plain whiteout is a device: see mount_edges.c. */
	static const int flags[] = {
		0,
		0,
		0,
		0,
		RENAME_NOREPLACE,
		RENAME_EXCHANGE,
		RENAME_EXCHANGE,
		RENAME_NOREPLACE | RENAME_EXCHANGE,
		RENAME_WHITEOUT | RENAME_EXCHANGE,
		16,
	};

	return PICK(flags);
}

static void random_value(struct fsop *op, uint64_t *random)
{
	static const char *const names[] = {
		"user.a",    "user.a",	      "user.a",	    "user.b",
		"trusted.a", "security.mine", "system.foo", "user."};
	static const int flags[] = {0, 0, 0, XATTR_CREATE, XATTR_REPLACE, 3, 4};

	op->xattr = PICK(names);
	if (op->kind == FSOP_SETXATTR)
		op->flags = PICK(flags);
	snprintf(op->value, sizeof(op->value), "%u",
		 (unsigned int)fsop_number(random, 99999));
}

void fsop_random(struct fsop *op, uint64_t *random, unsigned int workers,
		 off_t align)
{
	static const uid_t uids[] = {(uid_t)-1, 0, 1001, 1002};
	static const gid_t gids[] = {(gid_t)-1, 0, 1001, 2000};
	static const int locks[] = {LOCK_SH, LOCK_EX, LOCK_UN};
	static const short types[] = {F_RDLCK, F_WRLCK, F_UNLCK};
	const off_t sizes[] = {align, align, align, 2 * align, 0,
			       1,     -1,    4096,  align + 1};
	const off_t places[] = {0, 1, -1, 4096, align, align - 1, -align};

	memset(op, 0, sizeof(*op));
	op->kind = random_kind(random);
	op->worker = (unsigned int)fsop_number(random, workers);
	random_path(op->path[0], random);
	random_path(op->path[1], random);
	op->slot = (unsigned int)fsop_number(random, FSOP_SLOTS);
	op->mode = random_mode(random);
	op->uid = PICK(uids);
	op->gid = PICK(gids);
	op->times[0] = random_time(random);
	op->times[1] = random_time(random);
	op->size = PICK(sizes);
	random_value(op, random);
	switch (op->kind) {
	case FSOP_OPEN:
		op->flags = random_open_flags(random);
		break;
	case FSOP_RENAME:
		op->flags = random_rename_flags(random);
		break;
	case FSOP_FLOCK:
		op->flags = PICK(locks) | LOCK_NB;
		break;
	case FSOP_SETLK:
		op->flags = PICK(types);
		op->size = (off_t)fsop_number(random, 8);
		break;
	case FSOP_SEEK:
		op->size = PICK(places);
		op->whence = (int)fsop_number(random, 5);
		break;
	case FSOP_ACCESS:
		op->mode = (mode_t)fsop_number(random, 8);
		break;
	default:
		break;
	}
}

const char *fsop_name(enum fsop_kind kind)
{
	return kinds[kind].name;
}

void fsop_text(const struct fsop *op, char *text, size_t size)
{
	snprintf(text, size,
		 "worker %u: %s \"%s\" \"%s\" slot %u flags %#x mode %o uid "
		 "%d gid %d times %lld.%lu %lld.%lu size %lld whence %d "
		 "xattr %s=%s",
		 op->worker, kinds[op->kind].name, op->path[0], op->path[1],
		 op->slot, (unsigned int)op->flags, op->mode, (int)op->uid,
		 (int)op->gid, (long long)op->times[0].tv_sec,
		 op->times[0].tv_nsec, (long long)op->times[1].tv_sec,
		 op->times[1].tv_nsec, (long long)op->size, op->whence,
		 op->xattr, op->value);
}
