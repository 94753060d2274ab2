/* SPDX-License-Identifier: MIT */
/* Tests munmap(), mremap(), mprotect() and madvise() on all kinds of ranges. */
#include "inert/inert.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SPAN (24 * PAGE)

static char *room;
static int fd;

/* Maps four kinds of memory, 4 pages each, with a hole between them. */
static void lay_out(void)
{
	munmap(room, ROOM / 2);
	mmap(room, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
	     0);
	memset(room, '0', 4 * PAGE);
	mmap(room + 4 * PAGE, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	mmap(room + 12 * PAGE, 4 * PAGE, RW,
	     MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(room + 12 * PAGE, '2', 4 * PAGE);
	mmap(room + 16 * PAGE, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd,
	     0);
}

/* Writes one letter per page, where memory can be read. */
static void write_content(const char *at, int pages)
{
	char letters[64] = {0};
	int fds[2];

	if (pipe(fds))
		return;
	for (int i = 0; i < pages; i++)
		if (write(fds[1], at + (unsigned long)i * PAGE, 1) != 1 ||
		    read(fds[0], &letters[i], 1) != 1)
			letters[i] = '.';
	for (int i = 0; i < pages; i++)
		if (!letters[i])
			letters[i] = '0';
	printf("    [%s]\n", letters);
	close(fds[0]);
	close(fds[1]);
}

static void write_state(void)
{
	write_maps(room, ROOM / 2, false);
	write_content(room, 24);
}

static const size_t starts[] = {0,	   PAGE,      3 * PAGE,	 4 * PAGE,
				7 * PAGE,  8 * PAGE,  11 * PAGE, 12 * PAGE,
				16 * PAGE, 20 * PAGE, 1,	 PAGE + 8};
static const size_t lengths[] = {
	0,	  1,	     PAGE,	PAGE + 1, 4 * PAGE,	      5 * PAGE,
	8 * PAGE, 17 * PAGE, 1UL << 40, SIZE_MAX, SIZE_MAX - 2 * PAGE};

#define EACH_RANGE(call)                                               \
	do {                                                           \
		for (size_t s = 0; s < 12; s++) {                      \
			for (size_t l = 0; l < 11; l++) {              \
				char *at = room + starts[s];           \
				size_t len = lengths[l];               \
                                                                       \
				lay_out();                             \
				printf("%#zx %#zx: ", starts[s], len); \
				DO(call);                              \
				write_state();                         \
			}                                              \
		}                                                      \
	} while (0)

static void begin(void)
{
	fd = make_file(4, O_RDWR);
	room = make_room();
	window_here();
}

static void unmapping(void)
{
	begin();
	EACH_RANGE(munmap(at, len));
	DO(munmap(NULL, PAGE));
	DO(munmap((char *)(1UL << 47), PAGE));
	DO(munmap((char *)-4096L, PAGE));
}

static void protecting(void)
{
	begin();
	EACH_RANGE(mprotect(at, len, PROT_NONE));
	EACH_RANGE(mprotect(at, len, PROT_READ | PROT_EXEC));
	EACH_RANGE(mprotect(at, len, 0x10));
	EACH_RANGE(mprotect(at, len, PROT_READ | PROT_GROWSDOWN));
	DO(mprotect(NULL, PAGE, PROT_READ));
	DO(mprotect((char *)(1UL << 47), PAGE, PROT_READ));
}

static void keys(void)
{
	int key;

	begin();
	key = pkey_alloc(0, 0);
	printf("a key: %s\n", key < 0 ? strerrorname_np(errno) : "ok");
	EACH_RANGE(pkey_mprotect(at, len, PROT_READ, -1));
	EACH_RANGE(pkey_mprotect(at, len, PROT_READ, key));
	EACH_RANGE(pkey_mprotect(at, len, PROT_READ, 77));
}

/* mremap() */

static const int remap_flags[] = {
	0,
	MREMAP_MAYMOVE,
	MREMAP_MAYMOVE | MREMAP_FIXED,
	MREMAP_FIXED,
	MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
	MREMAP_MAYMOVE | MREMAP_DONTUNMAP | MREMAP_FIXED,
	MREMAP_DONTUNMAP,
	8,
};
static const size_t targets[] = {32 * PAGE, 13 * PAGE, 2 * PAGE, 32 * PAGE + 1};

/* A call that fails changes nothing, unless it was to replace something. */
static bool changed(const char *at, int flags)
{
	return at != MAP_FAILED ||
	       (flags & MREMAP_FIXED && flags & MREMAP_MAYMOVE);
}

static bool remap_one(size_t start, size_t old_len, size_t len, int flags,
		      size_t target)
{
	char *at;

	errno = 4711;
	at = mremap(room + start, old_len, len, flags, room + target);
	printf("%#zx %#zx to %#zx %#zx, %d: %s", start, old_len, target, len,
	       flags, error_name());
	if (at != MAP_FAILED && in_room(room, at))
		printf(" %#tx", at - room);
	putchar('\n');
	if (at == MAP_FAILED)
		return changed(at, flags);
	write_state();
	write_content(at, len < 4 * PAGE ? (int)(len / PAGE) : 4);
	if (!in_room(room, at))
		munmap(at, len);
	return true;
}

/* Moves one range in all ways. */
static void remap_all_ways(size_t start, size_t old_len, size_t len)
{
	bool fresh = false;

	for (size_t f = 0; f < 8; f++) {
		for (size_t t = 0; t < 4; t++) {
			if (!fresh)
				lay_out();
			fresh = !remap_one(start, old_len, len, remap_flags[f],
					   targets[t]);
		}
	}
}

static void moving(void)
{
	static const size_t old_lens[] = {0,	    1,	      PAGE,
					  4 * PAGE, 5 * PAGE, SIZE_MAX};
	static const size_t lens[] = {0, PAGE, 4 * PAGE, 6 * PAGE, 1UL << 47};

	begin();
	for (size_t s = 0; s < 12; s++)
		for (size_t o = 0; o < 6; o++)
			for (size_t l = 0; l < 5; l++)
				remap_all_ways(starts[s], old_lens[o], lens[l]);
}

static void advising(void)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_DONTNEED,   MADV_REMOVE,  MADV_DONTFORK,
		MADV_DOFORK, MADV_WIPEONFORK, MADV_FREE,    MADV_HUGEPAGE,
		MADV_COLD,   MADV_DONTDUMP,   MADV_PAGEOUT, MADV_POPULATE_READ,
		99,
	};

	begin();
	for (size_t i = 0; i < sizeof(advice) / sizeof(*advice); i++) {
		for (size_t s = 0; s < 12; s++) {
			for (size_t l = 0; l < 8; l++) {
				lay_out();
				printf("%d %#zx %#zx: ", advice[i], starts[s],
				       lengths[l]);
				DO(madvise(room + starts[s], lengths[l],
					   advice[i]));
			}
		}
		write_maps(room, SPAN, true);
	}
}

static void others(void)
{
	unsigned char resident[32];

	begin();
	EACH_RANGE(mlock(at, len) || munlock(at, len));
	EACH_RANGE(msync(at, len, MS_SYNC));
	EACH_RANGE(remap_file_pages(at, len, 0, 1, 0));
	lay_out();
	for (size_t s = 0; s < 12; s++)
		DO(mincore(room + starts[s], 4 * PAGE, resident));
}

const struct section range_sections[] = {
	{"munmap", unmapping}, {"mprotect", protecting},
	{"keys", keys},	       {"mremap", moving},
	{"madvise", advising}, {"mlock, msync, remap_file_pages", others},
	{NULL, NULL},
};
