/* SPDX-License-Identifier: MIT */
#include "harness/fstwins.h"

#include <dirent.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* A file, there and here, and its times when it was last looked at. */
struct twin {
	ino_t number[2];
	struct timespec mtime[2], ctime[2];
};

/* By number on either side; what is found by both is the same twin. */
static void *by_number[2];

static int cmp_tmpfs(const void *a, const void *b)
{
	const struct twin *x = a, *y = b;

	return (x->number[0] > y->number[0]) - (x->number[0] < y->number[0]);
}

static int cmp_ours(const void *a, const void *b)
{
	const struct twin *x = a, *y = b;

	return (x->number[1] > y->number[1]) - (x->number[1] < y->number[1]);
}

static bool equal(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static void nothing(void *twin)
{
	(void)twin;
}

void fstwins_init(void)
{
	tdestroy(by_number[1], nothing);
	tdestroy(by_number[0], free);
	by_number[0] = by_number[1] = NULL;
}

static struct twin *find_twin(const struct stat *tmpfs, const struct stat *ours)
{
	struct twin key = {.number = {tmpfs->st_ino, ours->st_ino}}, *fresh;
	struct twin **a = tfind(&key, &by_number[0], cmp_tmpfs);
	struct twin **b = tfind(&key, &by_number[1], cmp_ours);

	if (a || b)
		return a && b && *a == *b ? *a : NULL;
	fresh = malloc(sizeof(*fresh));
	if (!fresh)
		abort();
	*fresh = key;
	fresh->mtime[0] = tmpfs->st_mtim;
	fresh->ctime[0] = tmpfs->st_ctim;
	fresh->mtime[1] = ours->st_mtim;
	fresh->ctime[1] = ours->st_ctim;
	if (!tsearch(fresh, &by_number[0], cmp_tmpfs) ||
	    !tsearch(fresh, &by_number[1], cmp_ours))
		abort();
	return fresh;
}

static bool is_recent(time_t t)
{
	const time_t now = time(NULL);

	return t > now - 100000 && t < now + 100000;
}

/* Times long ago or far away were set; they are the same to the nanosecond. */
static bool same_time(const struct timespec *a, const struct timespec *b)
{
	bool recent[2] = {is_recent(a->tv_sec), is_recent(b->tv_sec)};

	return recent[0] == recent[1] && (recent[0] || equal(a, b));
}

/*
 * What has changed there has changed here. Not the other way round: on tmpfs
 * changes within a tick of the clock may have the same time. What does not
 * change is looked at with time between in mount_times.c.
 */
static bool same_changes(struct timespec last[2], const struct timespec *tmpfs,
			 const struct timespec *ours)
{
	bool changed[2] = {!equal(tmpfs, &last[0]), !equal(ours, &last[1])};

	last[0] = *tmpfs;
	last[1] = *ours;
	return !changed[0] || changed[1];
}

static void describe(const struct stat *st, char *text, size_t size)
{
	snprintf(text, size,
		 "%o %lu links, %u:%u, %ld bytes, a %ld.%09ld m %ld.%09ld "
		 "c %ld.%09ld, number %lu",
		 st->st_mode, st->st_nlink, st->st_uid, st->st_gid, st->st_size,
		 st->st_atim.tv_sec, st->st_atim.tv_nsec, st->st_mtim.tv_sec,
		 st->st_mtim.tv_nsec, st->st_ctim.tv_sec, st->st_ctim.tv_nsec,
		 st->st_ino);
}

static bool same_but_changes(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_nlink == b->st_nlink &&
	       a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_size == b->st_size && a->st_blksize == b->st_blksize &&
	       same_time(&a->st_atim, &b->st_atim) &&
	       same_time(&a->st_mtim, &b->st_mtim) &&
	       same_time(&a->st_ctim, &b->st_ctim);
}

bool fstwins_same(const struct stat *tmpfs, const struct stat *ours,
		  char why[FSTWINS_WHY])
{
	struct twin *twin = find_twin(tmpfs, ours);
	const char *what = NULL;
	char text[2][FSTWINS_WHY / 2 - 30];

	if (!twin)
		what = "is another file";
	else if (!same_but_changes(tmpfs, ours))
		what = "differs";
	else if (!same_changes(twin->mtime, &tmpfs->st_mtim, &ours->st_mtim))
		what = "has a new mtime on tmpfs only";
	else if (!same_changes(twin->ctime, &tmpfs->st_ctim, &ours->st_ctim))
		what = "has a new ctime on tmpfs only";
	if (!what)
		return true;
	describe(tmpfs, text[0], sizeof(text[0]));
	describe(ours, text[1], sizeof(text[1]));
	snprintf(why, FSTWINS_WHY, "%s\n  tmpfs %s\n  ours  %s", what, text[0],
		 text[1]);
	return false;
}

/* Trees */

static int cmp_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int list(int dir, struct dirent ***entries)
{
	return scandirat(dir, ".", entries, NULL, cmp_name);
}

static void free_list(struct dirent **entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i]);
	if (n >= 0)
		free(entries);
}

static int sum_of_xattrs(int dir, const char *name)
{
	char path[64], names[1024], value[256];
	int fd = openat(dir, name, O_PATH | O_CLOEXEC), sum = 0;
	ssize_t n, m;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = listxattr(path, names, sizeof(names));
	for (char *c = names; n > 0 && c < names + n; c += strlen(c) + 1) {
		for (char *d = c; *d; d++)
			sum += *d;
		m = getxattr(path, c, value, sizeof(value));
		for (ssize_t i = 0; i < m; i++)
			sum += (int)(i + 3) * value[i];
	}
	if (fd >= 0)
		close(fd);
	return sum;
}

static bool same_entry(int dirs[2], struct dirent *const entry[2],
		       char why[FSTWINS_WHY])
{
	const char *name = entry[0]->d_name;
	char inner[FSTWINS_WHY] = "";
	struct stat st[2];
	int ret[2];

	if (strcmp(name, entry[1]->d_name) ||
	    entry[0]->d_type != entry[1]->d_type) {
		snprintf(why, FSTWINS_WHY, "entry %.100s %d, ours %.100s %d",
			 name, entry[0]->d_type, entry[1]->d_name,
			 entry[1]->d_type);
		return false;
	}
	if (!strcmp(name, ".."))
		return true;
	for (int i = 0; i < 2; i++)
		ret[i] = fstatat(dirs[i], name, &st[i], AT_SYMLINK_NOFOLLOW);
	if (ret[0] || ret[1])
		return ret[0] == ret[1];
	if (!fstwins_same(&st[0], &st[1], inner)) {
		snprintf(why, FSTWINS_WHY, "\"%.20s\" %.480s", name, inner);
		return false;
	}
	if (sum_of_xattrs(dirs[0], name) != sum_of_xattrs(dirs[1], name)) {
		snprintf(why, FSTWINS_WHY, "\"%s\" has other attributes", name);
		return false;
	}
	return true;
}

static bool same_below(int dirs[2], const char *name, char why[FSTWINS_WHY])
{
	int sub[2];
	bool same = true;

	for (int i = 0; i < 2; i++)
		sub[i] = openat(dirs[i], name,
				O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sub[0] >= 0 && sub[1] >= 0) {
		same = fstwins_same_trees(sub[0], sub[1], why);
	} else if (sub[0] >= 0 || sub[1] >= 0) {
		snprintf(why, FSTWINS_WHY, "\"%s\" opens on one only", name);
		same = false;
	}
	for (int i = 0; i < 2; i++)
		if (sub[i] >= 0)
			close(sub[i]);
	return same;
}

bool fstwins_same_trees(int tmpfs, int ours, char why[FSTWINS_WHY])
{
	int dirs[2] = {tmpfs, ours}, n[2];
	struct dirent **entries[2];
	bool same;

	for (int i = 0; i < 2; i++)
		n[i] = list(dirs[i], &entries[i]);
	same = n[0] == n[1];
	if (!same)
		snprintf(why, FSTWINS_WHY, "%d entries, ours %d", n[0], n[1]);
	for (int i = 0; same && i < n[0]; i++) {
		struct dirent *both[2] = {entries[0][i], entries[1][i]};
		const char *name = both[0]->d_name;

		same = same_entry(dirs, both, why);
		if (same && both[0]->d_type == DT_DIR && strcmp(name, ".") &&
		    strcmp(name, ".."))
			same = same_below(dirs, name, why);
	}
	for (int i = 0; i < 2; i++)
		free_list(entries[i], n[i]);
	return same;
}
