/* SPDX-License-Identifier: MIT */
/*
 * doctor: do cgroups allow this process the huge pages of the pool? (doctor.h)
 */
#include "doctor/doctor.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "amount.h"

/* The two versions of cgroups: where each has the limit of huge pages. */
struct kind {
	const char *controller; /* in /proc/self/cgroup; "": version 2 */
	const char *type;	/* type of the filesystem */
	const char *option;	/* mount option that it must have, or NULL */
	const char *file;
	const char *no_limit;
};

static const struct kind kinds[] = {
	{"", "cgroup2", NULL, "max", "max"},
	{"hugetlb", "cgroup", "hugetlb", "limit_in_bytes", "-1"},
};

struct limit {
	uint64_t bytes;
	char path[PATH_MAX];
	const char *no_limit;
};

/* Finds the path of our cgroup in the hierarchy. */
static bool find_path(const struct kind *kind, char path[PATH_MAX])
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX + 128];
	bool found_it = false;

	while (file && !found_it && fgets(line, sizeof(line), file)) {
		char *controller = strchr(line, ':');
		char *name = controller ? strchr(controller + 1, ':') : NULL;

		if (!name)
			continue;
		*name++ = 0;
		name[strcspn(name, "\n")] = 0;
		found_it = !strcmp(controller + 1, kind->controller);
		if (found_it)
			snprintf(path, PATH_MAX, "%s",
				 strcmp(name, "/") ? name : "");
	}
	if (file)
		fclose(file);
	return found_it;
}

/* Whether a comma-separated list contains an option. */
static bool has_option(const char *list, const char *option)
{
	size_t n = strlen(option);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (!strncmp(list, option, n) && (!list[n] || list[n] == ','))
			return true;
	}
	return false;
}

/* Finds the directory on which the hierarchy is mounted. */
static bool find_mount(const struct kind *kind, char dir[PATH_MAX])
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[3 * PATH_MAX], type[64], options[512];
	bool found_it = false;

	while (file && !found_it && fgets(line, sizeof(line), file)) {
		char *dash = strstr(line, " - ");

		found_it =
			dash &&
			sscanf(dash, " - %63s %*s %511s", type, options) == 2 &&
			!strcmp(type, kind->type) &&
			(!kind->option || has_option(options, kind->option)) &&
			sscanf(line, "%*s %*s %*s %*s %4095s", dir) == 1;
	}
	if (file)
		fclose(file);
	return found_it;
}

/* Finds the lowest limit from our cgroup up to the root. */
static void find_least_limit(const struct kind *kind, const char *page,
			     struct limit *least)
{
	char dir[PATH_MAX], path[PATH_MAX], file[3 * PATH_MAX];
	uint64_t n;

	if (!find_path(kind, path) || !find_mount(kind, dir))
		return;
	for (;;) {
		char *slash = strrchr(path, '/');

		snprintf(file, sizeof(file), "%s%s/hugetlb.%s.%s", dir, path,
			 page, kind->file);
		/* "max" is not a number, and not a limit. */
		if (read_number(file, &n) && n < least->bytes) {
			least->bytes = n;
			snprintf(least->path, sizeof(least->path), "%.*s",
				 PATH_MAX - 1, file);
			least->no_limit = kind->no_limit;
		}
		if (!slash)
			return;
		*slash = 0;
	}
}

void doctor_cgroup(struct finding *f, const char *mount)
{
	const uint64_t base = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t page = base / sizeof(uint64_t) * base;
	const uint64_t unit = base / sizeof(uint64_t) * page;
	struct limit least = {.bytes = INT64_MAX / page * page};
	char name[AMOUNT_TEXT];

	(void)mount;
	/* The names that the kernel uses: "2MB", "1GB". */
	snprintf(name, sizeof(name), "%" PRIu64 "%s",
		 page >= 1ULL << 30 ? page >> 30 : page >> 20,
		 page >= 1ULL << 30 ? "GB" : "MB");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		find_least_limit(&kinds[i], name, &least);
	if (!least.no_limit) {
		found(f, DOCTOR_OK, "huge pages are not limited");
		return;
	}
	found(f,
	      least.bytes < page   ? DOCTOR_MISSING
	      : least.bytes < unit ? DOCTOR_DEGRADED
				   : DOCTOR_OK,
	      "huge pages of the daemon are limited to %s",
	      amount_text(least.bytes, name));
	if (f->state != DOCTOR_OK)
		mend_as_root(f, "echo %s >%.400s", least.no_limit, least.path);
}
