/* SPDX-License-Identifier: MIT */
/*
 * msharectl(1): finds the verb and runs it. Each verb is in cmd/cmd_<verb>.c.
 */
#include "msharectl.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "messages.h"

static const struct verb verbs[] = {
	{"run", "run a command that uses msharefs", cmd_run},
	{"mount", "mount msharefs", cmd_mount},
	{"umount", "unmount msharefs", cmd_umount},
	{"ls", "list regions", cmd_ls},
	{"maps", "list the mappings of a region", cmd_maps},
	{"windows", "list the processes that have mapped a region",
	 cmd_windows},
	{"top", "watch the regions of a mount", cmd_top},
	{"create", "create a region", cmd_create},
	{"rm", "remove regions", cmd_rm},
	{"protect", "change the protection of a region's memory", cmd_protect},
	{"unmap", "unmap memory of a region", cmd_unmap},
	{"plan", "calculate the cost of page tables", cmd_plan},
	{"doctor", "check the requirements of msharefs", cmd_doctor},
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void usage(FILE *to)
{
	fprintf(to, "Usage: msharectl VERB [options]\n"
		    "Manages msharefs: memory regions whose page tables "
		    "processes share.\n"
		    "\n");
	for (size_t i = 0; i < N_VERBS; i++)
		fprintf(to, "  %-8s %s\n", verbs[i].name, verbs[i].summary);
	fprintf(to, "\n"
		    "For more, see 'msharectl VERB --help', msharectl(1) and "
		    "msharectl-VERB(1).\n"
		    "'msharectl --version' prints the version.\n"
		    "\n"
		    "To start: msharectl mount\n"
		    "          msharectl create --size 1G --map "
		    "$XDG_RUNTIME_DIR/msharefs/region\n"
		    "          msharectl ls\n");
}

/* Reports output that could not be written: it is incomplete. */
static int end(int status)
{
	if ((ferror(stdout) || fclose(stdout)) && status == EX_OK)
		return message_error(EX_IOERR, "cannot write the output: %s",
				     strerror(errno));
	return status;
}

static int run_verb(const struct verb *verb, int argc, char **argv)
{
	char name[32]; /* for messages of getopt_long() */

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
	return message_error(
		EX_USAGE, "there is no verb '%s': msharectl --help lists them",
		argv[1]);
}
