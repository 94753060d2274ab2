/* SPDX-License-Identifier: MIT */
/* The command line of the daemon. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/backing.h"

struct fuse_args;

struct options {
	/* libfuse's parser sets ints. */
	int foreground;
	int debug;
	int help;
	int version;
	int clone_fd;
	int exit_errno; /* the exit status says which error it was */
	bool allow_other;
	int ownership;
	bool must_guard; /* require=guard */
	struct backing_spec backing;
	uint64_t align;	   /* bytes; 0: what table sharing needs */
	uint64_t max_size; /* bytes; UINT64_MAX: no limit */
	char *mountpoint;
	char *source; /* what /proc/mounts shows first, NULL: "msharefs" */

	/* As given; parsed into the fields above. */
	char *backing_text;
	char *align_text;
	char *max_size_text;
	char *require_text;
};

/*
 * Reads the command line; what is libfuse's stays in args. 0, or -EINVAL with
 * one line that says what is wrong.
 */
#define OPTIONS_MESSAGE 512
int options_parse(struct fuse_args *args, struct options *options,
		  char message[OPTIONS_MESSAGE]);
/* Once the backing is known: what align stands for, or -EINVAL. */
int options_settle(struct options *options, const struct backing *backing,
		   char message[OPTIONS_MESSAGE]);
void options_free(struct options *options);
void options_usage(const char *program);

#endif
