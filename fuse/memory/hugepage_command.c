/* SPDX-License-Identifier: MIT */
/* Prints the command that provides more huge pages. */
#include "memory/hugepage_command.h"

#include <inttypes.h>
#include <stdio.h>

uint64_t hugepages_default(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kib = 0;
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Hugepagesize: %" SCNu64 " kB", &kib) == 1)
			break;
	fclose(file);
	return kib * 1024;
}

const char *hugepages_command(uint64_t page, uint64_t pages,
			      char command[HUGEPAGES_COMMAND])
{
	uint64_t other = hugepages_default();

	/* Without huge pages here, the command is meant for another machine. */
	if (!other || other == page)
		snprintf(command, HUGEPAGES_COMMAND,
			 "sysctl vm.nr_overcommit_hugepages=%" PRIu64, pages);
	else
		snprintf(command, HUGEPAGES_COMMAND,
			 "echo %" PRIu64 " >/sys/kernel/mm/hugepages/"
			 "hugepages-%" PRIu64 "kB/nr_overcommit_hugepages",
			 pages, page / 1024);
	return command;
}
