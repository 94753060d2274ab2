/* SPDX-License-Identifier: MIT */
/*
 * The calls of 2022, the donor: makes a region of its own memory, which keeps
 * what it holds. donor_2022 NAME; then consumer_2022 NAME, any number of times.
 */
#include <mshare.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* The same in every process; both must be multiples of the mount's unit. */
#define ADDRESS ((char *)0x200000000000)
#define LENGTH ((size_t)1 << 30)

#define TEXT "a line from before it was shared"

int main(int argc, char **argv)
{
	char *memory;

	if (argc != 2) {
		fprintf(stderr, "Usage: %s NAME\n", argv[0]);
		return 2;
	}
	memory = mmap(ADDRESS, LENGTH, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			      MAP_FIXED_NOREPLACE,
		      -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	strcpy(memory, TEXT);

	if (mshare(argv[1], memory, LENGTH, O_CREAT | O_RDWR, 0600)) {
		fprintf(stderr, "%s\n", mshare_error());
		return 1;
	}
	printf("donor_2022: %s is \"%s\" at %p\n", argv[1], memory,
	       (void *)memory);
	return 0;
}
