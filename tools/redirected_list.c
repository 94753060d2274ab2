/* SPDX-License-Identifier: MIT */
/* Finds redirected memory in /proc/PID/maps. */
#include "redirected_list.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sysexits.h>
#include <unistd.h>

#include "messages.h"
#include "prot.h"
#include "region_list.h"

#define PREFIX "/memfd:mshare:"
#define DEFAULT_PROT (PROT_READ | PROT_WRITE)
#define FAULT_AROUND 65536 /* what one fault of ordinary memory maps */
#define MOST_BYTES (1ULL << 57)
#define MOST_SMAPS 8 /* processes whose smaps are read for one object */

static const char *const kinds[] = {"anon"};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* One line of maps. */
struct line {
	struct redirected_window window;
	const char *kind;
	dev_t dev;
	uint64_t inode, bytes;
};

static const char *find_kind(const char *text, size_t length)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (strlen(kinds[i]) == length &&
		    !strncmp(kinds[i], text, length))
			return kinds[i];
	return NULL;
}

bool redirected_is_name(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon && find_kind(name, (size_t)(colon - name)) && colon[1] &&
	       !colon[1 + strspn(colon + 1, "0123456789")];
}

/* Any program can give a file a name like this: all of it has to fit. */
static bool parse_path(const char *path, struct line *line)
{
	const char *kind, *colon;
	char *end;

	if (strncmp(path, PREFIX, strlen(PREFIX)) != 0)
		return false;
	kind = path + strlen(PREFIX);
	colon = strchr(kind, ':');
	if (!colon || colon[1] < '0' || colon[1] > '9')
		return false;
	line->kind = find_kind(kind, (size_t)(colon - kind));
	errno = 0;
	line->bytes = strtoull(colon + 1, &end, 10);
	return line->kind && !errno && line->bytes <= MOST_BYTES &&
	       !strcmp(end, " (deleted)\n");
}

static bool parse_line(const char *text, struct line *line)
{
	struct redirected_window *w = &line->window;
	unsigned int major, minor;
	char access[5];
	int path = 0;

	*line = (struct line){0};
	if (!strstr(text, PREFIX) ||
	    sscanf(text,
		   "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64
		   " %n",
		   &w->start, &w->end, access, &w->offset, &major, &minor,
		   &line->inode, &path) != 7 ||
	    !path || !parse_path(text + path, line))
		return false;
	access[3] = 0;
	line->dev = makedev(major, minor);
	return w->start < w->end && !prot_parse(access, &w->prot);
}

static bool is_of(const struct line *line, const struct redirected *object)
{
	return line->inode == object->inode && line->dev == object->dev;
}

static struct redirected *find(struct redirected_list *list,
			       const struct line *line)
{
	struct redirected *grown;

	for (size_t i = 0; i < list->n; i++)
		if (is_of(line, &list->v[i]))
			return &list->v[i];
	grown = reallocarray(list->v, list->n + 1, sizeof(*list->v));
	if (!grown)
		return NULL;
	list->v = grown;
	grown += list->n++;
	*grown = (struct redirected){
		.kind = line->kind,
		.dev = line->dev,
		.inode = line->inode,
		.bytes = line->bytes,
	};
	snprintf(grown->name, sizeof(grown->name), "%s:%" PRIu64, line->kind,
		 line->inode);
	return grown;
}

static int add(struct redirected_list *list, const struct line *line)
{
	struct redirected *object = find(list, line);
	struct redirected_window *grown;

	if (!object)
		return -ENOMEM;
	grown = reallocarray(object->windows, object->n + 1,
			     sizeof(*object->windows));
	if (!grown)
		return -ENOMEM;
	object->windows = grown;
	object->windows[object->n++] = line->window;
	return 0;
}

static FILE *open_of(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fopen(path, "re");
}

/* A process that cannot be read, or ends meanwhile, has nothing to show. */
static int add_process(struct redirected_list *list, pid_t pid)
{
	FILE *maps = open_of(pid, "maps");
	struct line line;
	char *text = NULL;
	size_t size = 0;
	int err = 0;

	if (!maps)
		return 0;
	while (!err && getline(&text, &size, maps) > 0)
		if (parse_line(text, &line)) {
			line.window.pid = pid;
			err = add(list, &line);
		}
	free(text);
	fclose(maps);
	return err;
}

static int add_processes(struct redirected_list *list)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!proc)
		return -errno;
	while (!err && (entry = readdir(proc)))
		if (*entry->d_name >= '0' && *entry->d_name <= '9')
			err = add_process(list, (pid_t)atoi(entry->d_name));
	closedir(proc);
	return err;
}

/* Needs privilege, and knows the pages that no process has mapped, too. */
static bool touched_of_file(struct redirected *object)
{
	char path[96];
	struct stat st;

	for (size_t i = 0; i < object->n; i++) {
		const struct redirected_window *w = &object->windows[i];

		snprintf(path, sizeof(path),
			 "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)w->pid,
			 w->start, w->end);
		if (!stat(path, &st)) {
			object->touched = (uint64_t)st.st_blocks * 512;
			object->page = (uint64_t)st.st_blksize;
			return true;
		}
		if (errno == EPERM || errno == EACCES)
			return false;
	}
	return false;
}

/* What one process has mapped of an object. */
static void touched_in(struct redirected *object, pid_t pid)
{
	FILE *smaps = open_of(pid, "smaps");
	char *text = NULL, name[32];
	uint64_t kib, sum = 0;
	bool ours = false;
	struct line line;
	size_t size = 0;

	if (!smaps)
		return;
	while (getline(&text, &size, smaps) > 0) {
		if (sscanf(text, "%31[A-Za-z_]: %" SCNu64, name, &kib) != 2)
			ours = strchr(text, '-') ? parse_line(text, &line) &&
							   is_of(&line, object)
						 : ours;
		else if (ours && (!strcmp(name, "Shared_Hugetlb") ||
				  !strcmp(name, "Private_Hugetlb")))
			sum += kib << 10;
		else if (ours && !strcmp(name, "KernelPageSize"))
			object->page = kib << 10;
	}
	free(text);
	fclose(smaps);
	if (sum > object->touched)
		object->touched = sum;
}

static void touched_in_processes(struct redirected *object)
{
	int left = MOST_SMAPS;

	for (size_t i = 0; i < object->n && left; i++) {
		pid_t pid = object->windows[i].pid;

		if (i && object->windows[i - 1].pid == pid)
			continue;
		touched_in(object, pid);
		left--;
	}
}

static int by_address(const void *a, const void *b)
{
	const struct redirected_window *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

/* The kernel shares the page tables of units that a mapping covers wholly. */
static uint64_t shared_units(const struct redirected *object,
			     const struct redirected_window *w)
{
	const uint64_t unit = object->unit;
	uint64_t first, last;

	if (!unit || w->prot != DEFAULT_PROT || (w->start - w->offset) % unit)
		return 0;
	first = w->start / unit + (w->start % unit != 0);
	last = w->end / unit;
	return first < last ? last - first : 0;
}

static bool continues(const struct redirected_window *w,
		      const struct redirected_window *next)
{
	return next->pid == w->pid && next->start == w->end &&
	       next->start - next->offset == w->start - w->offset;
}

/* Joins what the kernel has split, and counts units. */
static void join_windows(struct redirected *object)
{
	struct redirected_window *to = NULL;
	size_t n = 0;

	for (size_t i = 0; i < object->n; i++) {
		struct redirected_window w = object->windows[i];

		w.units = shared_units(object, &w);
		w.protected = w.prot != DEFAULT_PROT;
		if (to && continues(to, &w)) {
			to->end = w.end;
			to->units += w.units;
			to->protected |= w.protected;
			continue;
		}
		to = &object->windows[n++];
		*to = w;
	}
	object->n = n;
	for (size_t i = 0; object->unit && i < n; i++) {
		uint64_t shared = object->windows[i].units;

		to = &object->windows[i];
		to->units = (to->end - 1) / object->unit -
			    to->start / object->unit + 1;
		to->own_units = to->units - shared;
	}
}

static void count_processes(struct redirected *object)
{
	uint64_t mapped = 0;
	bool shares = false;

	for (size_t i = 0; i < object->n; i++) {
		const struct redirected_window *w = &object->windows[i];

		if (!i || w->pid != w[-1].pid) {
			object->processes++;
			mapped = 0;
			shares = false;
		}
		mapped += w->end - w->start;
		if (mapped > object->mapped)
			object->mapped = mapped;
		object->own_units += w->own_units;
		if (!shares && w->own_units < w->units) {
			object->sharing++;
			shares = true;
		}
	}
}

static void compute_saved(struct redirected *object)
{
	const struct mshare_status_mount mount = {
		.page = object->page,
		.unit = object->unit,
	};
	const struct mshare_status_region region = {
		.mapped = object->mapped,
		.present = object->touched,
		.windows = (uint32_t)object->processes,
	};
	const uint64_t unit = object->unit ? object->unit : object->page;
	const uint64_t before = object->bytes / FAULT_AROUND;
	const uint64_t now = (object->bytes + unit - 1) / unit;

	object->saved = region_list_saved(&mount, &region, object->own_units);
	if (now < before)
		object->faults = object->processes * (before - now);
}

/* Page tables can be shared of huge pages that an entry of a table maps. */
static void complete(struct redirected *object)
{
	const uint64_t base = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t huge = base * (base / sizeof(uint64_t));

	qsort(object->windows, object->n, sizeof(*object->windows), by_address);
	if (!touched_of_file(object))
		touched_in_processes(object);
	if (!object->page)
		object->page = huge;
	if (object->page == huge)
		object->unit = huge * (base / sizeof(uint64_t));
	join_windows(object);
	count_processes(object);
	compute_saved(object);
}

static int by_name(const void *a, const void *b)
{
	const struct redirected *x = a, *y = b;
	int kind = strcmp(x->kind, y->kind);

	if (kind)
		return kind;
	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

int redirected_list_read(struct redirected_list *list)
{
	int err;

	*list = (struct redirected_list){0};
	err = add_processes(list);
	if (err) {
		redirected_list_free(list);
		return message_error(EX_OSERR,
				     "/proc: cannot list processes: %s",
				     strerror(-err));
	}
	for (size_t i = 0; i < list->n; i++)
		complete(&list->v[i]);
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_name);
	return EX_OK;
}

void redirected_list_free(struct redirected_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].windows);
	free(list->v);
	*list = (struct redirected_list){0};
}
