/* SPDX-License-Identifier: MIT */
/* msharectl(1): one verb a file, cmd_<verb>.c. */
#include "msharectl.h"

#include <stdio.h>
#include <string.h>

static const struct verb verbs[] = {
	{"run", "run a command that uses msharefs", cmd_run},
	{"plan", "what page tables would cost", cmd_plan},
	{"doctor", "what is needed, what is missing, what mends it",
	 cmd_doctor},
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void usage(FILE *to)
{
	fprintf(to, "Usage: msharectl VERB [options]\n\n");
	for (size_t i = 0; i < N_VERBS; i++)
		fprintf(to, "  %-8s %s\n", verbs[i].name, verbs[i].summary);
	fprintf(to, "\nmsharectl VERB --help says more; so does msharectl(1).\n"
		    "msharectl --version prints the version.\n");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_TROUBLE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("msharectl %s\n", PACKAGE_VERSION);
		return 0;
	}
	for (size_t i = 0; i < N_VERBS; i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	fprintf(stderr,
		"msharectl: there is no verb '%s': msharectl --help lists "
		"them\n",
		argv[1]);
	return EXIT_TROUBLE;
}
