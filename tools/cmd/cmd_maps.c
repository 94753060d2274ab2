/* SPDX-License-Identifier: MIT */
/* msharectl maps: lists the mappings of a region (msharectl.h) */
#include "msharectl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "prot.h"
#include "messages.h"
#include "daemon_status.h"
#include "table.h"
#include "resolve_target.h"

enum {
	RANGE,
	PROT,
	KIND,
	SIZE,
	PRESENT,
	START,
	END,
	FAULTS,
	NOTE,
};

static const struct column columns[] = {
	[RANGE] = {"RANGE", COLUMN_TEXT,
		   "start and end offsets in the region, hexadecimal"},
	[PROT] = {"PROT", COLUMN_TEXT, "protection"},
	[KIND] = {"KIND", COLUMN_TEXT, "eager, lazy, kept, or hole"},
	[SIZE] = {"SIZE", COLUMN_BYTES, "size of the mapping or hole"},
	[PRESENT] = {"PRESENT", COLUMN_BYTES, "memory in use, in whole pages"},
	[START] = {"START", COLUMN_ADDRESS, "start"},
	[END] = {"END", COLUMN_ADDRESS, "end, exclusive"},
	[FAULTS] = {"FAULTS", COLUMN_TEXT,
		    "whether accesses to a hole fault: yes, part or no"},
	[NOTE] = {"NOTE", COLUMN_TEXT,
		  "why a hole does not fault, or only in part"},
	{0},
};

#define DEFAULTS "RANGE,PROT,KIND,SIZE,PRESENT"
#define HOLE_DEFAULTS DEFAULTS ",FAULTS,NOTE"

struct maps {
	struct table_options table;
	bool holes;
	bool addresses;
	uint64_t base; /* added to offsets */
	uint64_t page;
	struct mshare_status_region region;
	struct daemon_status_maps list;
};

static void usage(FILE *to)
{
	fprintf(to, "Usage: msharectl maps [options] FILE\n"
		    "Lists the mappings of a region in order, like "
		    "/proc/PID/maps.\n"
		    "\n"
		    "  -H, --holes           show the holes between them too, "
		    "and whether they fault\n"
		    "  -a, --addresses       show addresses, not offsets, of a "
		    "region with a start\n");
	table_help(to, columns);
	fprintf(to,
		"Default: " DEFAULTS "\n"
		"\n"
		"Examples: msharectl maps ~/mshare/region\n"
		"          msharectl maps --holes --json ~/mshare/region\n");
}

static void show_range(struct table *t, const struct maps *m, uint64_t start,
		       uint64_t end)
{
	char range[48];

	snprintf(range, sizeof(range), "%08" PRIx64 "-%08" PRIx64,
		 m->base + start, m->base + end);
	table_line(t);
	table_text(t, RANGE, range);
	table_number(t, SIZE, end - start);
	table_number(t, START, m->base + start);
	table_number(t, END, m->base + end);
}

static void show_mapping(struct table *t, const struct maps *m,
			 const struct mshare_status_mapping *mapping)
{
	char prot[PROT_TEXT + 1];

	show_range(t, m, mapping->start, mapping->end);
	prot_text(mapping->prot, prot);
	strcat(prot, "s");
	table_text(t, PROT, prot);
	table_text(t, KIND,
		   mapping->flags & MSHARE_MAPPING_KEPT	  ? "kept"
		   : mapping->flags & MSHARE_MAPPING_LAZY ? "lazy"
							  : "eager");
	table_number(t, PRESENT, mapping->present);
	if (mapping->flags & MSHARE_MAPPING_AT_MOST)
		table_text(t, NOTE, "too large to count: PRESENT at most");
}

/*
 * Memory is allocated in whole pages: in a page that a mapping uses, no access
 * faults.
 */
static void show_hole(struct table *t, const struct maps *m, uint64_t start,
		      uint64_t end)
{
	uint64_t first = (start + m->page - 1) / m->page * m->page;
	uint64_t last = end / m->page * m->page;

	if (start >= end)
		return;
	show_range(t, m, start, end);
	table_text(t, KIND, "hole");
	if (first >= last) {
		table_text(t, FAULTS, "no");
		table_text(t, NOTE, "in pages that adjacent mappings use");
	} else if (first != start || last != end) {
		table_text(t, FAULTS, "part");
		table_text(t, NOTE, "its ends are in pages that mappings use");
	} else {
		table_text(t, FAULTS, "yes");
	}
}

static int show(const struct maps *m)
{
	uint64_t at = 0;
	struct table t;
	int status =
		table_begin(&t, "maps", "mappings", columns,
			    m->holes ? HOLE_DEFAULTS : DEFAULTS, &m->table);

	if (status != EX_OK)
		return status;
	for (size_t i = 0; i < m->list.n; i++) {
		if (m->holes)
			show_hole(&t, m, at, m->list.v[i].start);
		show_mapping(&t, m, &m->list.v[i]);
		at = m->list.v[i].end;
	}
	if (m->holes)
		show_hole(&t, m, at, m->region.size);
	return table_end(&t, NULL);
}

/* Returns EX_OK, or the exit status after a message. */
static int read_region(struct maps *m, const char *file)
{
	int status, err, fd = target_open(file, TARGET_INSPECT, &status);

	if (fd < 0)
		return status;
	err = daemon_status_region(fd, &m->region);
	if (!err)
		err = daemon_status_maps(fd, &m->list);
	close(fd);
	return err ? target_status_error(file, err) : EX_OK;
}

static int list(struct maps *m, const char *file)
{
	struct mshare_status_mount mount;
	struct target target;
	int status = resolve_target(&target, file);

	if (status != EX_OK)
		return status;
	status = target_mount_status(&target, &mount);
	if (status == EX_OK)
		status = read_region(m, file);
	if (status == EX_OK && m->addresses && !m->region.start)
		status = message_error(
			EX_DATAERR,
			"%s: --addresses: the region has no fixed address; "
			"msharectl windows lists its address in each process",
			file);
	m->page = mount.page;
	m->base = m->addresses ? m->region.start : 0;
	if (status == EX_OK)
		status = show(m);
	free(m->list.v);
	target_close(&target);
	return status;
}

int cmd_maps(int argc, char **argv)
{
	static const struct option longs[] = {
		TABLE_LONG,
		{"holes", no_argument, NULL, 'H'},
		{"addresses", no_argument, NULL, 'a'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct maps m = {0};
	int c;

	while ((c = getopt_long(argc, argv, TABLE_SHORT "Hah", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'H':
			m.holes = true;
			break;
		case 'a':
			m.addresses = true;
			break;
		case 'h':
			usage(stdout);
			return EX_OK;
		default:
			if (!table_option(&m.table, c, optarg))
				return message_usage_error("maps", NULL);
		}
	}
	if (argc - optind != 1)
		return message_usage_error("maps", "give one FILE, the region");
	return list(&m, argv[optind]);
}
