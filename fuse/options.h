/* SPDX-License-Identifier: MIT */
/* The options of the daemon's command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/quota.h"
#include "memory/backing.h"

struct fuse_args;

struct options {
	/* ints, as libfuse's parser sets these. */
	int foreground;
	int debug;
	int help;
	int version;
	int clone_fd;
	int exit_errno; /* exit with the errno value of the error */
	bool allow_other;
	int ownership;
	bool must_guard; /* require=guard */
	struct backing_spec backing;
	uint64_t align;		 /* bytes; 0: as sharing page tables needs */
	uint64_t max_size;	 /* bytes; UINT64_MAX: no limit */
	uint64_t quotas[QUOTAS]; /* of each user; 0: the default */
	char *mountpoint;
	char *source; /* first field of /proc/mounts; NULL: "msharefs" */

	/* As on the command line; parsed into the fields above. */
	char *backing_text;
	char *align_text;
	char *max_size_text;
	char *require_text;
	char *user_text[QUOTAS];
};

#define OPTIONS_MESSAGE 512

/*
 * Parses the command line and leaves libfuse's options in args. 0, or -EINVAL
 * and a message of one line.
 */
int options_parse(struct fuse_args *args, struct options *options,
		  char message[OPTIONS_MESSAGE]);
/*
 * Checks options->align, and sets it if it was not given, once the backing is
 * known. 0, or -EINVAL and a message.
 */
int options_settle(struct options *options, const struct backing *backing,
		   char message[OPTIONS_MESSAGE]);
void options_free(struct options *options);
void options_usage(const char *program);

#endif
