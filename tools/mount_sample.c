/* SPDX-License-Identifier: MIT */
/* Collects and prints what msharectl top shows. */
#include "mount_sample.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "amount.h"
#include "messages.h"
#include "table.h"
#include "utf8.h"

enum {
	NAME,
	SIZE,
	MAPPED,
	PRESENT,
	WINDOWS,
	SHARING,
	SAVED,
	STATE,
};

static const struct column columns[] = {
	[NAME] = {"NAME", COLUMN_TEXT, ""},
	[SIZE] = {"SIZE", COLUMN_BYTES, ""},
	[MAPPED] = {"MAPPED", COLUMN_BYTES, ""},
	[PRESENT] = {"PRESENT", COLUMN_BYTES, ""},
	[WINDOWS] = {"WINDOWS", COLUMN_NUMBER, ""},
	[SHARING] = {"SHARING", COLUMN_NUMBER, ""},
	[SAVED] = {"SAVED", COLUMN_BYTES, ""},
	[STATE] = {"STATE", COLUMN_TEXT, ""},
	{0},
};

#define ALL "NAME,SIZE,MAPPED,PRESENT,WINDOWS,SHARING,SAVED,STATE"

/* Sorts the regions with the most windows first. */
static int by_windows(const void *a, const void *b)
{
	const struct region_entry *x = a, *y = b;

	if (x->info.windows != y->info.windows)
		return x->info.windows < y->info.windows ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int by_processes(const void *a, const void *b)
{
	const struct redirected *x = a, *y = b;

	if (x->processes != y->processes)
		return x->processes < y->processes ? 1 : -1;
	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static int take_mount(struct mount_sample *sample, const struct target *target)
{
	int status = target_mount_status(target, &sample->mount);

	if (status == EX_OK)
		status = region_list_read(&sample->regions, target,
					  &sample->mount, true);
	if (status == EX_OK && sample->regions.n)
		qsort(sample->regions.v, sample->regions.n,
		      sizeof(*sample->regions.v), by_windows);
	return status;
}

int mount_sample_take(struct mount_sample *sample, const struct target *target,
		      bool memory)
{
	int status = EX_OK;

	*sample = (struct mount_sample){
		.has_mount = target,
		.has_memory = memory,
	};
	if (target)
		status = take_mount(sample, target);
	if (status == EX_OK && memory)
		status = redirected_list_read(&sample->memory);
	if (status != EX_OK)
		mount_sample_free(sample);
	else if (sample->memory.n)
		qsort(sample->memory.v, sample->memory.n,
		      sizeof(*sample->memory.v), by_processes);
	return status;
}

void mount_sample_free(struct mount_sample *sample)
{
	region_list_free(&sample->regions);
	redirected_list_free(&sample->memory);
}

/* The increase of a counter per second, over ns nanoseconds. */
static double rate(uint64_t now, uint64_t then, uint64_t ns)
{
	return ns && now > then ? (double)(now - then) * 1e9 / (double)ns : 0;
}

static void print_pool(FILE *to, const struct mshare_status_mount *m)
{
	char used[AMOUNT_TEXT], left[AMOUNT_TEXT], page[AMOUNT_TEXT];

	fprintf(to,
		"Pool:    %s in use, %s free; pages of %s, page tables %s\n",
		amount_text(m->present, used), amount_text(m->pool_free, left),
		amount_text(m->page, page),
		m->flags & MSHARE_MOUNT_SHARES ? "shared" : "NOT shared");
}

static void print_regions(FILE *to, const struct mount_sample *now)
{
	char mapped[AMOUNT_TEXT], saved_text[AMOUNT_TEXT];
	uint64_t saved = 0;

	for (size_t i = 0; i < now->regions.n; i++)
		if (now->regions.v[i].known)
			saved += now->regions.v[i].saved;
	fprintf(to, "Regions: %" PRIu64 " (%zu listed), %s mapped\n",
		(uint64_t)now->mount.regions, now->regions.n,
		amount_text(now->mount.mapped, mapped));
	fprintf(to, "Saved:   %s of page tables\n",
		amount_text(saved, saved_text));
}

static void print_rates(FILE *to, const struct mshare_status_mount *now,
			const struct mshare_status_mount *before)
{
	static const struct mshare_status_mount nothing;
	uint64_t ns;

	if (!before)
		before = &nothing;
	ns = now->uptime - before->uptime;
	fprintf(to,
		"Windows: %" PRIu64 "; attached %" PRIu64 ", %.1f/s; refused "
		"%" PRIu64 "; changes %" PRIu64 ", %.1f/s\n",
		(uint64_t)now->windows, (uint64_t)now->attached,
		rate(now->attached, before->attached, ns),
		(uint64_t)now->refused, (uint64_t)now->changes,
		rate(now->changes, before->changes, ns));
}

static void print_memory(FILE *to, const struct redirected_list *memory)
{
	char touched_text[AMOUNT_TEXT], saved_text[AMOUNT_TEXT];
	uint64_t touched = 0, saved = 0, faults = 0;

	for (size_t i = 0; i < memory->n; i++) {
		touched += memory->v[i].touched;
		saved += memory->v[i].saved;
		faults += memory->v[i].faults;
	}
	fprintf(to,
		"Redirected: %zu, %s in use; saved %s of page tables, %" PRIu64
		" page faults\n",
		memory->n, amount_text(touched, touched_text),
		amount_text(saved, saved_text), faults);
}

static void print_mount(FILE *to, const struct mount_sample *now,
			const struct mshare_status_mount *before,
			const char *path)
{
	const struct mshare_status_mount *m = &now->mount;
	uint64_t s = m->uptime / 1000000000;
	char *printable = utf8_printable(path);

	fprintf(to,
		"msharefs %s: up %" PRIu64 ":%02u:%02u, process %u, backing "
		"%s, on %s\n",
		m->release, s / 3600, (unsigned int)(s / 60 % 60),
		(unsigned int)(s % 60), m->pid, m->backing,
		printable ? printable : "?");
	free(printable);
	print_pool(to, m);
	print_regions(to, now);
	print_rates(to, m, before);
}

static void add_region(struct table *t, const struct region_entry *r)
{
	table_line(t);
	table_text(t, NAME, r->name);
	if (r->st.st_size)
		table_number(t, SIZE, (uint64_t)r->st.st_size);
	table_text(t, STATE, region_entry_state(r));
	if (!r->known)
		return;
	table_number(t, MAPPED, r->info.mapped);
	table_number(t, PRESENT, r->info.present);
	table_number(t, WINDOWS, r->info.windows);
	table_number(t, SHARING, r->info.sharing);
	table_number(t, SAVED, r->saved);
}

static void add_memory(struct table *t, const struct redirected *memory)
{
	table_line(t);
	table_text(t, NAME, memory->name);
	table_number(t, SIZE, memory->bytes);
	table_number(t, MAPPED, memory->mapped);
	table_number(t, PRESENT, memory->touched);
	table_number(t, WINDOWS, memory->processes);
	table_number(t, SHARING, memory->sharing);
	table_number(t, SAVED, memory->saved);
	table_text(t, STATE, "ok");
}

static int list_text(const struct mount_sample *now, size_t width, char **text)
{
	const struct table_options options = {.width = width};
	struct table t;
	int status = table_begin(&t, "top", "regions", columns, ALL, &options);

	if (status != EX_OK)
		return status;
	for (size_t i = 0; i < now->regions.n; i++)
		add_region(&t, &now->regions.v[i]);
	for (size_t i = 0; i < now->memory.n; i++)
		add_memory(&t, &now->memory.v[i]);
	return table_end(&t, text);
}

int mount_sample_text(const struct mount_sample *now,
		      const struct mshare_status_mount *before,
		      const char *path, size_t width, char **text)
{
	char *list = NULL;
	size_t size;
	FILE *to;
	int status = list_text(now, width, &list);

	*text = NULL;
	if (status != EX_OK)
		return status;
	to = open_memstream(text, &size);
	if (to) {
		if (now->has_mount)
			print_mount(to, now, before, path);
		if (now->has_memory)
			print_memory(to, &now->memory);
		fputc('\n', to);
		if (list)
			fprintf(to, "%s\n", list);
		if (fclose(to)) {
			free(*text);
			*text = NULL;
		}
	}
	free(list);
	return *text ? EX_OK : message_error(EX_OSERR, "out of memory");
}

int mount_sample_header(const struct mount_sample *sample)
{
	const int mount = 5, memory = 1, blank_and_headings = 2;

	return (sample->has_mount ? mount : 0) +
	       (sample->has_memory ? memory : 0) + blank_and_headings;
}
