/* SPDX-License-Identifier: MIT */
/* msharectl(1): one verb a file, cmd_<verb>.c. */
#include "msharectl.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "messages.h"

static const struct verb verbs[] = {
	{"run", "run a command that uses msharefs", cmd_run},
	{"mount", "mount msharefs where your regions are to be", cmd_mount},
	{"umount", "take that mount away", cmd_umount},
	{"ls", "list regions", cmd_ls},
	{"maps", "list what is mapped in a region", cmd_maps},
	{"windows", "list who has a region, and shares page tables",
	 cmd_windows},
	{"top", "watch a mount", cmd_top},
	{"create", "make a region", cmd_create},
	{"rm", "remove regions", cmd_rm},
	{"protect", "change what may be done with a region's memory",
	 cmd_protect},
	{"unmap", "take memory out of a region", cmd_unmap},
	{"plan", "what page tables would cost", cmd_plan},
	{"doctor", "what is needed, what is missing, what mends it",
	 cmd_doctor},
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void usage(FILE *to)
{
	fprintf(to, "Usage: msharectl VERB [options]\n"
		    "Memory regions whose page tables processes share.\n\n");
	for (size_t i = 0; i < N_VERBS; i++)
		fprintf(to, "  %-8s %s\n", verbs[i].name, verbs[i].summary);
	fprintf(to, "\nmsharectl VERB --help says more; so do msharectl(1) and "
		    "msharectl-VERB(1).\n"
		    "msharectl --version prints the version.\n"
		    "\n"
		    "To begin: msharectl mount\n"
		    "          msharectl create --size 1G --map "
		    "$XDG_RUNTIME_DIR/msharefs/region\n"
		    "          msharectl ls\n");
}

/* A list that could not be written is no list. */
static int end(int status)
{
	if ((ferror(stdout) || fclose(stdout)) && status == EX_OK)
		return fail(EX_IOERR, "writing the output: %s",
			    strerror(errno));
	return status;
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
	char name[32]; /* what getopt_long() calls us */

	snprintf(name, sizeof(name), "msharectl %s", verb->name);
	argv[0] = name;
	return end(verb->run(argc, argv));
}

int main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	if (argc < 2) {
		usage(stderr);
		return EX_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return end(EX_OK);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("msharectl %s\n", PACKAGE_VERSION);
		return end(EX_OK);
	}
	for (size_t i = 0; i < N_VERBS; i++)
		if (!strcmp(argv[1], verbs[i].name))
			return run_verb(&verbs[i], argc - 1, argv + 1);
	return fail(EX_USAGE,
		    "there is no verb '%s': msharectl --help lists them",
		    argv[1]);
}
