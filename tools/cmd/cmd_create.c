/* SPDX-License-Identifier: MIT */
/* msharectl create: makes a region, whole or not at all. */
#include "msharectl.h"

#include <linux/msharefs.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "amount.h"
#include "progress_bar.h"
#include "prot.h"
#include "messages.h"
#include "set_address.h"
#include "daemon_status.h"
#include "resolve_target.h"

struct create {
	const char *file;
	uint64_t size;
	uint64_t start; /* 0: none */
	bool map;
	bool lazy;
	bool prot_given;
	uint32_t prot;
	bool mode_given;
	mode_t mode;
	struct mshare_status_mount mount;
	_Atomic int fd; /* of the file, or -1 */
	const char *step;
};

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl create --size SIZE [options] FILE\n"
		"Makes a region. If anything fails, or on Ctrl-C, nothing is "
		"left of it.\n"
		"\n"
		"  -s, --size SIZE    its size, a multiple of the mount's unit "
		"(mostly 1G)\n"
		"  -a, --start ADDR   at this address in every process; a "
		"multiple of the unit\n"
		"  -m, --map          map memory in all of it\n"
		"  -l, --lazy         the same, but each page is taken when it "
		"is first touched\n"
		"  -p, --prot PROT    of that memory: r, rw (default), rwx, "
		"none\n"
		"  -M, --mode MODE    of the file, octal (default: 666 less "
		"the umask)\n"
		"  -h, --help         this text\n"
		"\n"
		"Amounts are in bytes, or with K, M, G or T; or 0x and "
		"hexadecimal.\n"
		"\n"
		"Examples: msharectl create --size 8G --map ~/mshare/region\n"
		"          msharectl create --size 1G --start 2T "
		"~/mshare/fixed\n");
}

static uint64_t bytes_present(void *arg)
{
	const struct create *c = arg;
	struct mshare_status_region region;

	return status_region(c->fd, &region) ? 0 : region.present;
}

/* The steps, in order: 0 or -errno, and which one it was. */

static int map(const struct create *c)
{
	struct mshare_create create = {
		.size = c->size,
		.prot = c->prot,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS |
			 (c->lazy ? MAP_NORESERVE : 0),
		.fd = -1,
	};

	return ioctl(c->fd, MSHAREFS_CREATE_MAPPING, &create) ? -errno : 0;
}

static int set_size(const struct create *c)
{
	if (c->start)
		return set_start(c->fd, c->start, c->size);
	return ftruncate(c->fd, (off_t)c->size) ? -errno : 0;
}

static int make(struct create *c)
{
	int err;

	c->step = "making the file";
	c->fd = open(c->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (c->fd < 0)
		return -errno;
	c->step = "its mode";
	if (c->mode_given && fchmod(c->fd, c->mode))
		return -errno;
	c->step = "its size";
	err = set_size(c);
	if (err || !c->map)
		return err;
	c->step = "mapping memory";
	return map(c);
}

/* Ours, and not what somebody else has put there meanwhile. */
static void take_back(const struct create *c)
{
	struct stat made, there;

	if (!fstat(c->fd, &made) && !stat(c->file, &there) &&
	    made.st_dev == there.st_dev && made.st_ino == there.st_ino &&
	    unlink(c->file))
		say("%s: it could not be removed: %s", c->file,
		    strerror(errno));
}

static int no_memory(const struct create *c)
{
	char size[AMOUNT_TEXT], left[AMOUNT_TEXT], page[AMOUNT_TEXT];

	return fail(EX_TEMPFAIL,
		    "%s: there is no memory for %s, only for %s, in pages of "
		    "%s: make more (as root: sysctl "
		    "vm.nr_overcommit_hugepages=NUMBER), or give --lazy; "
		    "nothing is left of it",
		    c->file, amount_text(c->size, size),
		    amount_text(c->mount.pool_free, left),
		    amount_text(c->mount.page, page));
}

static int failed(const struct create *c, int err)
{
	if (c->fd < 0 && err == -EEXIST)
		return fail(EX_CANTCREAT,
			    "%s: it is there already; msharectl rm removes it",
			    c->file);
	if (err == -ENOMEM && c->map)
		return no_memory(c);
	return fail(status_of(err), "%s: %s: %s; nothing is left of it",
		    c->file, c->step, strerror(-err));
}

/* Whole, or not at all; signals wait until that is settled. */
static int make_whole(struct create *c)
{
	struct bar bar = {
		.done = bytes_present,
		.arg = c,
		.total = c->map && !c->lazy && c->prot ? c->size : 0,
	};
	int err = bar_begin(&bar), sig;

	if (err)
		return fail(EX_OSERR, "%s: %s", c->file, strerror(-err));
	err = make(c);
	if (c->fd >= 0 && (err || bar_signal()))
		take_back(c);
	sig = bar_end(&bar);
	if (c->fd >= 0 && sig)
		take_back(c); /* it came just now */
	if (c->fd >= 0)
		close(c->fd);
	if (sig)
		bar_end_by(sig);
	return err ? failed(c, err) : EX_OK;
}

/* What the mount wants of sizes and addresses. */
static int check_unit(const struct create *c)
{
	uint64_t unit = c->mount.align;
	char text[AMOUNT_TEXT], next[AMOUNT_TEXT];

	if (c->size > INT64_MAX - unit)
		return fail_usage("create", "--size: too large");
	if (c->size % unit)
		return fail_usage(
			"create",
			"--size: not a multiple of %s, the unit of "
			"this mount; the next one is %s",
			amount_exact(unit, text),
			amount_exact(c->size / unit * unit + unit, next));
	if (c->start % unit)
		return fail_usage("create",
				  "--start: not a multiple of %s, the unit of "
				  "this mount",
				  amount_exact(unit, text));
	return EX_OK;
}

static int create(struct create *c)
{
	char *copy = strdup(c->file);
	struct where where;
	int status;

	if (!copy)
		return fail(EX_OSERR, "out of memory");
	status = where_find(&where, dirname(copy));
	free(copy);
	if (status != EX_OK)
		return status;
	status = where_status(&where, &c->mount);
	if (status == EX_OK && c->mount.flags & MSHARE_MOUNT_OWNERSHIP)
		status = fail(EX_UNAVAILABLE,
			      "%s: in this mount (-o ownership) a region ends "
			      "with the process that makes it, which would be "
			      "this one: let the program that uses it make it",
			      c->file);
	where_end(&where);
	if (status == EX_OK)
		status = check_unit(c);
	return status == EX_OK ? make_whole(c) : status;
}

static int parse_amount(const char *option, const char *arg, uint64_t *bytes)
{
	int err = amount_parse(arg, bytes);

	if (!err && *bytes)
		return EX_OK;
	return fail_usage("create", "%s %s: %s; give one like 8G, above 0",
			  option, arg,
			  err == -ERANGE ? "too large" : "not an amount");
}

static int parse_mode(struct create *c, const char *arg)
{
	char *end;
	unsigned long mode = strtoul(arg, &end, 8);

	if (*arg < '0' || *arg > '7' || *end || mode > 0777)
		return fail_usage("create",
				  "--mode %s: give an octal number like 640",
				  arg);
	c->mode = (mode_t)mode;
	c->mode_given = true;
	return EX_OK;
}

static int parse_option(struct create *c, int option, const char *arg)
{
	switch (option) {
	case 's':
		return parse_amount("--size", arg, &c->size);
	case 'a':
		return parse_amount("--start", arg, &c->start);
	case 'l':
		c->lazy = true;
		c->map = true;
		return EX_OK;
	case 'm':
		c->map = true;
		return EX_OK;
	case 'p':
		c->prot_given = true;
		if (!prot_parse(arg, &c->prot))
			return EX_OK;
		return fail_usage("create",
				  "--prot %s: not a protection; give r, rw, "
				  "rwx ... or none",
				  arg);
	case 'M':
		return parse_mode(c, arg);
	default:
		return fail_usage("create", NULL);
	}
}

int cmd_create(int argc, char **argv)
{
	static const struct option longs[] = {
		{"size", required_argument, NULL, 's'},
		{"start", required_argument, NULL, 'a'},
		{"map", no_argument, NULL, 'm'},
		{"lazy", no_argument, NULL, 'l'},
		{"prot", required_argument, NULL, 'p'},
		{"mode", required_argument, NULL, 'M'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct create c = {.prot = PROT_READ | PROT_WRITE, .fd = -1};
	int option, status = EX_OK;

	while (status == EX_OK &&
	       (option = getopt_long(argc, argv, "s:a:mlp:M:h", longs, NULL)) !=
		       -1) {
		if (option == 'h') {
			usage(stdout);
			return EX_OK;
		}
		status = parse_option(&c, option, optarg);
	}
	if (status != EX_OK)
		return status;
	if (argc - optind != 1)
		return fail_usage("create", "give one FILE, to be made");
	if (!c.size)
		return fail_usage("create", "give its --size");
	if (c.prot_given && !c.map)
		return fail_usage("create", "--prot is of memory: give --map "
					    "or --lazy");
	c.file = argv[optind];
	return create(&c);
}
