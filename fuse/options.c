/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <fuse_opt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

#define OPT(text, field, value)                              \
	{                                                    \
		text, offsetof(struct options, field), value \
	}

enum {
	KEY_ALLOW_OTHER = 1
};

static const struct fuse_opt specs[] = {
	OPT("-f", foreground, 1),
	OPT("-d", debug, 1),
	OPT("debug", debug, 1),
	OPT("-h", help, 1),
	OPT("--help", help, 1),
	OPT("-V", version, 1),
	OPT("--version", version, 1),
	OPT("clone_fd", clone_fd, 1),
	OPT("exit_errno", exit_errno, 1),
	OPT("backing=%s", backing_text, 0),
	OPT("align=%s", align_text, 0),
	OPT("max_size=%s", max_size_text, 0),
	OPT("ownership", ownership, 1),
	OPT("require=%s", require_text, 0),
	OPT("user_inodes=%s", user_text[QUOTA_INODES], 0),
	OPT("user_xattrs=%s", user_text[QUOTA_XATTRS], 0),
	OPT("user_mappings=%s", user_text[QUOTA_MAPPINGS], 0),
	OPT("user_descriptors=%s", user_text[QUOTA_DESCRIPTORS], 0),
	OPT("user_tickets=%s", user_text[QUOTA_TICKETS], 0),
	FUSE_OPT_KEY("allow_other", KEY_ALLOW_OTHER),
	FUSE_OPT_END,
};

static int take(void *data, const char *arg, int key, struct fuse_args *args)
{
	struct options *o = data;

	(void)args;
	switch (key) {
	case KEY_ALLOW_OTHER:
		o->allow_other = true;
		return 1; /* libfuse needs it, too */
	case FUSE_OPT_KEY_NONOPT:
		/* "MOUNTPOINT", or "SOURCE MOUNTPOINT" from mount(8) */
		if (o->source)
			return -1;
		o->source = o->mountpoint;
		o->mountpoint = strdup(arg);
		return 0;
	default:
		return 1;
	}
}

static int parse_size(const char *name, const char *text, uint64_t *bytes,
		      char *message)
{
	int err;

	if (!text)
		return 0;
	err = size_parse(text, bytes);
	if (!err && *bytes == 0)
		err = -EINVAL;
	if (err)
		snprintf(message, OPTIONS_MESSAGE,
			 "-o %s=%s: %s: give a number above 0, in bytes or "
			 "with K, M, G or T",
			 name, text,
			 err == -ERANGE ? "too large" : "not a size");
	return err ? -EINVAL : 0;
}

/* Numbers may have a suffix, too: 64K files. */
static int parse_quotas(struct options *o, char message[OPTIONS_MESSAGE])
{
	int err = 0;

	for (int i = 0; i < QUOTAS && !err; i++)
		if (quota_option(i))
			err = parse_size(quota_option(i), o->user_text[i],
					 &o->quotas[i], message);
	return err;
}

/*
 * fuse_opt_parse() leaves a trailing "--" in args if other options are left,
 * too, and libfuse then rejects it.
 */
static void drop_separator(struct fuse_args *args)
{
	if (args->argc > 1 && !strcmp(args->argv[args->argc - 1], "--")) {
		free(args->argv[--args->argc]);
		args->argv[args->argc] = NULL;
	}
}

int options_parse(struct fuse_args *args, struct options *o,
		  char message[OPTIONS_MESSAGE])
{
	*o = (struct options){.max_size = UINT64_MAX};
	if (args->argc > 1 && !strcmp(args->argv[args->argc - 1], "-o")) {
		snprintf(
			message, OPTIONS_MESSAGE,
			"-o: give an option after it: usage: msharefs [options] "
			"MOUNTPOINT");
		return -EINVAL;
	}
	snprintf(message, OPTIONS_MESSAGE,
		 "too many arguments: usage: msharefs [options] MOUNTPOINT");
	if (fuse_opt_parse(args, o, specs, take))
		return -EINVAL;
	drop_separator(args);
	o->foreground = o->foreground || o->debug;
	if (o->help || o->version)
		return 0;
	if (!o->mountpoint) {
		snprintf(message, OPTIONS_MESSAGE,
			 "no mount point: usage: msharefs [options] "
			 "MOUNTPOINT");
		return -EINVAL;
	}
	if (o->backing_text &&
	    backing_spec_parse(o->backing_text, &o->backing)) {
		snprintf(message, OPTIONS_MESSAGE,
			 "-o backing=%s: give auto, hugetlbfs:DIR (an absolute "
			 "path), memfd or shmem",
			 o->backing_text);
		return -EINVAL;
	}
	if (parse_size("align", o->align_text, &o->align, message) ||
	    parse_size("max_size", o->max_size_text, &o->max_size, message) ||
	    parse_quotas(o, message))
		return -EINVAL;
	if (o->require_text && strcmp(o->require_text, "guard") != 0) {
		snprintf(message, OPTIONS_MESSAGE,
			 "-o require=%s: not a requirement: give guard",
			 o->require_text);
		return -EINVAL;
	}
	o->must_guard = o->require_text;
	if (o->align & (o->align - 1)) {
		snprintf(
			message, OPTIONS_MESSAGE,
			"-o align=%s: not a power of two: give, for example, 1G",
			o->align_text);
		return -EINVAL;
	}
	return 0;
}

int options_settle(struct options *o, const struct backing *backing,
		   char message[OPTIONS_MESSAGE])
{
	uint64_t unit = backing_unit(backing);
	char text[SIZE_TEXT];

	if (!o->align)
		o->align = unit;
	if (o->align >= unit && o->align <= 1ULL << 46)
		return 0;
	snprintf(message, OPTIONS_MESSAGE,
		 "-o align=%s: %s: give a power of two from %s to 64T",
		 o->align_text,
		 o->align < unit ? "too small to share page tables"
				 : "larger than a process can map",
		 size_text(unit, text));
	return -EINVAL;
}

void options_free(struct options *o)
{
	free(o->mountpoint);
	free(o->source);
	free(o->backing_text);
	free(o->align_text);
	free(o->max_size_text);
	free(o->require_text);
	for (int i = 0; i < QUOTAS; i++)
		free(o->user_text[i]);
	*o = (struct options){0};
}

void options_usage(const char *program)
{
	printf("Usage: %s [options] MOUNTPOINT\n"
	       "Mounts msharefs: files are memory regions, and processes that "
	       "map one share\n"
	       "its page tables.\n"
	       "\n"
	       "  -f                  stay in the foreground, log to stderr\n"
	       "  -d, -o debug        the same, and log everything\n"
	       "  -h, --help          print this text\n"
	       "  -V, --version       print the version\n"
	       "  -o backing=KIND     auto (default), hugetlbfs:DIR, memfd or "
	       "shmem\n"
	       "  -o align=SIZE       unit of a region's start and size, a "
	       "power of two\n"
	       "                      (default: what sharing needs, 1G on "
	       "x86-64)\n"
	       "  -o max_size=SIZE    limit on the memory of all regions "
	       "(default: the whole pool)\n"
	       "  -o allow_other      let other users use the mount\n"
	       "  -o ownership        empty a region when the process that "
	       "created it exits\n"
	       "  -o require=guard    refuse windows whose holes would not fault\n"
	       "  -o user_QUOTA=N     what one user may have: inodes, xattrs,\n"
	       "                      mappings, descriptors, tickets\n"
	       "  -o OPTION           any other option of FUSE mounts: "
	       "mount.fuse3(8)\n"
	       "\n"
	       "SIZE is in bytes, or with K, M, G or T.\n",
	       program);
}
