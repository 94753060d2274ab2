/* SPDX-License-Identifier: MIT */
/* msharectl create: creates a region, completely or not at all (msharectl.h) */
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
#include "memory/memory_limit.h"

struct create {
	const char *file;
	uint64_t size;
	uint64_t start; /* 0: not fixed */
	bool map;
	bool lazy;
	bool prot_given;
	uint32_t prot;
	bool mode_given;
	mode_t mode;
	struct mshare_status_mount mount;
	_Atomic int fd; /* open file, or -1 */
	const char *step;
};

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: msharectl create --size SIZE [options] FILE\n"
		"Creates a region. On an error or on Ctrl-C, it leaves nothing "
		"behind.\n"
		"\n"
		"  -s, --size SIZE    size, a multiple of the alignment of the "
		"mount (usually 1G)\n"
		"  -a, --start ADDR   fixed address in every process, a "
		"multiple of the alignment\n"
		"  -m, --map          map memory in the whole region\n"
		"  -l, --lazy         the same, but allocate each page on "
		"first access\n"
		"  -p, --prot PROT    protection of that memory: r, rw "
		"(default), rwx, none\n"
		"  -M, --mode MODE    octal mode of the file (default: 666 "
		"minus the umask)\n"
		"  -h, --help         show this help\n"
		"\n"
		"Amounts are in bytes, or with a unit: K, M, G or T; or "
		"hexadecimal: 0x...\n"
		"\n"
		"Examples: msharectl create --size 8G --map ~/mshare/region\n"
		"          msharectl create --size 1G --start 2T "
		"~/mshare/fixed\n");
}

static uint64_t bytes_present(void *arg)
{
	const struct create *c = arg;
	struct mshare_status_region region;

	return daemon_status_region(c->fd, &region) ? 0 : region.present;
}

/*
 * The steps, in order. Each returns 0 or -errno; c->step names it for the
 * message.
 */

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
		return set_address(c->fd, c->start, c->size);
	return ftruncate(c->fd, (off_t)c->size) ? -errno : 0;
}

static int make(struct create *c)
{
	int err;

	c->step = "cannot create the file";
	c->fd = open(c->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (c->fd < 0)
		return -errno;
	c->step = "cannot set its mode";
	if (c->mode_given && fchmod(c->fd, c->mode))
		return -errno;
	c->step = "cannot set its size";
	err = set_size(c);
	if (err || !c->map)
		return err;
	c->step = "cannot map memory";
	return map(c);
}

/* Removes the file, unless another file has taken its name meanwhile. */
static void take_back(const struct create *c)
{
	struct stat made, there;

	if (!fstat(c->fd, &made) && !stat(c->file, &there) &&
	    made.st_dev == there.st_dev && made.st_ino == there.st_ino &&
	    unlink(c->file))
		message("%s: cannot remove the unfinished region: %s; remove "
			"it: msharectl rm",
			c->file, strerror(errno));
}

static int no_memory(const struct create *c)
{
	char size[AMOUNT_TEXT], left[AMOUNT_TEXT], page[AMOUNT_TEXT];
	const struct mshare_status_mount *m = &c->mount;
	struct memory_limit limit = {
		.kind = m->limit,
		.total = m->limit_total,
		.free = m->pool_free,
	};
	char text[MEMORY_LIMIT_TEXT];

	snprintf(limit.path, sizeof(limit.path), "%.*s",
		 (int)sizeof(m->limit_path) - 1, m->limit_path);
	return message_error(
		EX_TEMPFAIL,
		"%s: not enough memory for %s: %s is free in pages of %s, in "
		"%s; or use --lazy; nothing was created",
		c->file, amount_text(c->size, size),
		amount_text(m->pool_free, left), amount_text(m->page, page),
		memory_limit_text(&limit, m->page, c->size, text));
}

/* Sets c->mount. */
static int ask_mount(struct create *c)
{
	char *copy = strdup(c->file);
	struct target target;
	int status;

	if (!copy)
		return message_error(EX_OSERR, "out of memory");
	status = resolve_target(&target, dirname(copy));
	free(copy);
	if (status != EX_OK)
		return status;
	status = target_mount_status(&target, &c->mount);
	target_close(&target);
	return status;
}

static int failed(struct create *c, int err)
{
	if (c->fd < 0 && err == -EEXIST)
		return message_error(
			EX_CANTCREAT,
			"%s: already exists; msharectl rm removes it", c->file);
	if (err == -ENOMEM && c->map && ask_mount(c) == EX_OK)
		return no_memory(c);
	return message_error(message_exit_status(err),
			     "%s: %s: %s; nothing was created", c->file,
			     c->step, strerror(-err));
}

/*
 * Creates the region completely or not at all; signals wait until that is
 * decided.
 */
static int make_whole(struct create *c)
{
	struct progress_bar bar = {
		.done = bytes_present,
		.arg = c,
		.total = c->map && !c->lazy && c->prot ? c->size : 0,
	};
	int err = progress_bar_begin(&bar), sig;

	if (err)
		return message_error(EX_OSERR, "%s: %s", c->file,
				     strerror(-err));
	err = make(c);
	if (c->fd >= 0 && (err || progress_bar_signal()))
		take_back(c);
	sig = progress_bar_end(&bar);
	if (c->fd >= 0 && sig)
		take_back(c); /* a signal arrived at the last moment */
	if (c->fd >= 0)
		close(c->fd);
	if (sig)
		progress_bar_end_by(sig);
	return err ? failed(c, err) : EX_OK;
}

/* Checks the alignment that the mount requires of sizes and addresses. */
static int check_unit(const struct create *c)
{
	uint64_t unit = c->mount.align;
	char text[AMOUNT_TEXT], next[AMOUNT_TEXT];

	if (c->size > INT64_MAX - unit)
		return message_usage_error(
			"create", "--size: too large; use a smaller size");
	if (c->size % unit)
		return message_usage_error(
			"create",
			"--size: not a multiple of %s, the alignment of this "
			"mount; the next multiple is %s",
			amount_exact(unit, text),
			amount_exact(c->size / unit * unit + unit, next));
	if (c->start % unit)
		return message_usage_error("create",
					   "--start: not a multiple of %s, the "
					   "alignment of this mount",
					   amount_exact(unit, text));
	return EX_OK;
}

static int create(struct create *c)
{
	int status = ask_mount(c);

	if (status == EX_OK && c->mount.flags & MSHARE_MOUNT_OWNERSHIP)
		status = message_error(
			EX_UNAVAILABLE,
			"%s: in this mount (-o ownership) a region ends with "
			"the process that creates it, which would be "
			"msharectl; let the program that uses the region "
			"create it",
			c->file);
	if (status == EX_OK)
		status = check_unit(c);
	return status == EX_OK ? make_whole(c) : status;
}

static int parse_amount(const char *option, const char *arg, uint64_t *bytes)
{
	int err = amount_parse(arg, bytes);

	if (!err && *bytes)
		return EX_OK;
	return message_usage_error(
		"create", "%s %s: %s; use an amount above 0, such as 8G",
		option, arg, err == -ERANGE ? "too large" : "not an amount");
}

static int parse_mode(struct create *c, const char *arg)
{
	char *end;
	unsigned long mode = strtoul(arg, &end, 8);

	if (*arg < '0' || *arg > '7' || *end || mode > 0777)
		return message_usage_error("create",
					   "--mode %s: not a mode; use an "
					   "octal number such as 640",
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
		return message_usage_error("create",
					   "--prot %s: not a protection; use "
					   "r, rw, rwx ... or none",
					   arg);
	case 'M':
		return parse_mode(c, arg);
	default:
		return message_usage_error("create", NULL);
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
		return message_usage_error(
			"create", "give one FILE, the region to create");
	if (!c.size)
		return message_usage_error("create",
					   "give the --size of the region");
	if (c.prot_given && !c.map)
		return message_usage_error("create",
					   "--prot applies to mapped memory: "
					   "give --map or --lazy too");
	c.file = argv[optind];
	return create(&c);
}
