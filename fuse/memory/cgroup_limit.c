/* SPDX-License-Identifier: MIT */
/* Reads /proc/PID/cgroup, the list of mounts, and the files of controllers. */
#include "memory/cgroup_limit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The two versions of cgroups, and where each says what. */
struct version {
	const char *type; /* of the filesystem */
	bool named;	  /* a hierarchy has the names of its controllers */
	const char *limit, *used;
	const char *cache; /* prefix of the keys in memory.stat */
	const char *no_limit;
};

static const struct version versions[] = {
	{"cgroup2", false, "max", "current", "", "max"},
	{"cgroup", true, "limit_in_bytes", "usage_in_bytes", "total_", "-1"},
};

/* What is looked for, in one hierarchy. */
struct search {
	const char *root;
	const struct version *version;
	const char *controller; /* "hugetlb" or "memory" */
	char resource[64];	/* how the names of its files begin */
	char dir[PATH_MAX];	/* where the hierarchy is mounted */
	char top[PATH_MAX];	/* the cgroup that is shown there */
	char path[PATH_MAX];	/* our cgroup */
};

static FILE *open_under(const char *root, const char *path)
{
	char whole[4 * PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	return fopen(whole, "re");
}

/* Whether a comma-separated list contains a word. */
static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (!strncmp(list, word, n) && (!list[n] || list[n] == ','))
			return true;
	}
	return false;
}

/* Finds the cgroup of the process in "ID:CONTROLLERS:PATH" lines. */
static bool find_path(struct search *s, pid_t pid)
{
	const char *wanted = s->version->named ? s->controller : "";
	char name[64], *line = NULL;
	bool is_it = false;
	size_t room = 0;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	file = open_under(s->root, pid ? name : "/proc/self/cgroup");
	while (file && !is_it && getline(&line, &room, file) > 0) {
		char *list = strchr(line, ':');
		char *path = list ? strchr(list + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = 0;
		path[strcspn(path, "\n")] = 0;
		is_it = *wanted ? has_word(list + 1, wanted) : !list[1];
		snprintf(s->path, sizeof(s->path), "%s",
			 strcmp(path, "/") ? path : "");
	}
	if (file)
		fclose(file);
	free(line);
	return is_it;
}

/* Blanks and the like are written as a backslash and three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++, to++) {
		unsigned int c;

		*to = *text;
		if (*text == '\\' && sscanf(text + 1, "%3o", &c) == 1) {
			*to = (char)c;
			text += 3;
		}
	}
	*to = 0;
}

/* Whether a line of mountinfo is a mount of the hierarchy. */
static bool is_mount(struct search *s, const char *line)
{
	const char *dash = strstr(line, " - ");
	char type[64], options[512];

	if (!dash || sscanf(dash, " - %63s %*s %511s", type, options) != 2 ||
	    strcmp(type, s->version->type) != 0 ||
	    (s->version->named && !has_word(options, s->controller)) ||
	    sscanf(line, "%*s %*s %*s %4095s %4095s", s->top, s->dir) != 2)
		return false;
	unescape(s->top);
	unescape(s->dir);
	return true;
}

static bool find_mount(struct search *s)
{
	FILE *file = open_under(s->root, "/proc/self/mountinfo");
	bool is_it = false;
	char *line = NULL;
	size_t room = 0;

	while (file && !is_it && getline(&line, &room, file) > 0)
		is_it = is_mount(s, line);
	if (file)
		fclose(file);
	free(line);
	return is_it;
}

/*
 * Makes the path of our cgroup relative to the one that the mount shows: in a
 * container, often the container's own.
 */
static void start_at_top(struct search *s)
{
	size_t n = strcmp(s->top, "/") ? strlen(s->top) : 0;

	if (!strncmp(s->path, s->top, n) && (!s->path[n] || s->path[n] == '/'))
		memmove(s->path, s->path + n, strlen(s->path + n) + 1);
	else
		s->path[0] = 0;
}

/* "max" is not a number, and not a limit. */
static bool read_number(const struct search *s, const char *path, uint64_t *n)
{
	FILE *file = open_under(s->root, path);
	bool is_one = file && fscanf(file, "%" SCNu64, n) == 1;

	if (file)
		fclose(file);
	return is_one;
}

/* What the kernel can drop from the memory in use: the cache of files. */
static uint64_t cached(const struct search *s, const char *group)
{
	uint64_t n, sum = 0;
	char path[2 * PATH_MAX + 64], key[64];
	FILE *file;

	if (strcmp(s->controller, "memory") != 0)
		return 0;
	snprintf(path, sizeof(path), "%s/memory.stat", group);
	file = open_under(s->root, path);
	while (file && fscanf(file, "%63s %" SCNu64, key, &n) == 2) {
		size_t skip = strlen(s->version->cache);

		if (!strncmp(key, s->version->cache, skip) &&
		    (!strcmp(key + skip, "inactive_file") ||
		     !strcmp(key + skip, "active_file")))
			sum += n;
	}
	if (file)
		fclose(file);
	return sum;
}

/* Takes a limit of this group if it leaves less. which: "" or "rsvd." */
static bool look_at(const struct search *s, const char *group,
		    const char *which, struct cgroup_limit *least)
{
	char path[3 * PATH_MAX];
	uint64_t total, used, cache, left;

	snprintf(path, sizeof(path), "%s/%s.%s%s", group, s->resource, which,
		 s->version->used);
	if (!read_number(s, path, &used))
		return false;
	snprintf(path, sizeof(path), "%s/%s.%s%s", group, s->resource, which,
		 s->version->limit);
	if (!read_number(s, path, &total) || total >= INT64_MAX / 2)
		return false;
	cache = cached(s, group);
	used -= cache < used ? cache : used;
	left = total > used ? total - used : 0;
	if (left > least->free || (left == least->free && total > least->total))
		return false;
	least->total = total;
	least->free = left;
	least->no_limit = s->version->no_limit;
	snprintf(least->file, sizeof(least->file), "%.*s", PATH_MAX - 1, path);
	return true;
}

/* From our cgroup up to the root. */
static bool search(struct search *s, pid_t pid, struct cgroup_limit *least)
{
	char group[2 * PATH_MAX];
	bool is_any = false;

	if (!find_path(s, pid) || !find_mount(s))
		return false;
	start_at_top(s);
	for (;;) {
		char *slash = strrchr(s->path, '/');

		snprintf(group, sizeof(group), "%s%s", s->dir, s->path);
		is_any |= look_at(s, group, "", least);
		if (!strcmp(s->controller, "hugetlb"))
			is_any |= look_at(s, group, "rsvd.", least);
		if (!slash)
			return is_any;
		*slash = 0;
	}
}

/* As the kernel writes sizes: "64KB", "2MB", "1GB". */
static void name_resource(struct search *s, uint64_t page)
{
	static const char *const units[] = {"KB", "MB", "GB"};
	uint64_t n = page >> 10;
	size_t i = 0;

	for (; i < 2 && n >= 1024; i++)
		n >>= 10;
	snprintf(s->resource, sizeof(s->resource), "hugetlb.%" PRIu64 "%s", n,
		 units[i]);
}

bool cgroup_limit_find(const char *root, pid_t pid, uint64_t page,
		       struct cgroup_limit *least)
{
	bool huge = page > (uint64_t)sysconf(_SC_PAGESIZE), is_any = false;
	struct search *s = calloc(1, sizeof(*s)); /* large for a stack */

	*least = (struct cgroup_limit){UINT64_MAX, UINT64_MAX, "", NULL};
	if (!s)
		return false;
	s->root = root;
	s->controller = huge ? "hugetlb" : "memory";
	snprintf(s->resource, sizeof(s->resource), "memory");
	if (huge)
		name_resource(s, page);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		s->version = &versions[i];
		is_any |= search(s, pid, least);
	}
	free(s);
	return is_any;
}
