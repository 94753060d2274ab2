/* SPDX-License-Identifier: MIT */
/* mmap() of everything, in every way. */
#include "inert/inert.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

#define HUGE (2 * MIB)

struct what {
	const char *name;
	int fd;
};

/* A number so large that no descriptor has it */
static int open_dev_shm(void)
{
	int fd = shm_open("/msharefs-inert", O_RDWR | O_CREAT, 0600);

	shm_unlink("/msharefs-inert");
	if (ftruncate(fd, 4 * PAGE))
		return -1;
	return fd;
}

static int open_memfd(unsigned int flags, off_t size)
{
	int fd = memfd_create("inert", flags);

	return fd < 0 || ftruncate(fd, size) ? -1 : fd;
}

static size_t open_all(struct what *what)
{
	const struct what all[] = {
		{"none", -1},
		{"not open", 999},
		{"file", make_file(4, O_RDWR)},
		{"file to read", make_file(4, O_RDONLY)},
		{"file to write", make_file(4, O_WRONLY)},
		{"file by path", make_file(4, O_PATH)},
		{"file to append", make_file(4, O_RDWR | O_APPEND)},
		{"empty file", make_file(0, O_RDWR)},
		{"directory", open(".", O_RDONLY)},
		{"memfd", open_memfd(0, 4 * PAGE)},
		{"memfd of huge pages", open_memfd(MFD_HUGETLB, HUGE)},
		{"/dev/shm", open_dev_shm()},
		{"/dev/zero", open("/dev/zero", O_RDWR)},
		{"/dev/null", open("/dev/null", O_RDWR)},
		{"/proc/self/maps", open("/proc/self/maps", O_RDONLY)},
		{"itself", open("/proc/self/exe", O_RDONLY)},
		{"socket", socket(AF_UNIX, SOCK_STREAM, 0)},
		{"epoll", epoll_create1(0)},
	};

	memcpy(what, all, sizeof(all));
	return sizeof(all) / sizeof(all[0]);
}

#define FLAG(name)          \
	{                   \
#name, name \
	}
static const struct {
	const char *name;
	int flags;
} types[] =
	{
		{"0", 0},
		FLAG(MAP_SHARED),
		FLAG(MAP_PRIVATE),
		FLAG(MAP_SHARED_VALIDATE),
		{"5", 5},
		{"MAP_SHARED|MAP_ANONYMOUS", MAP_SHARED | MAP_ANONYMOUS},
		{"MAP_PRIVATE|MAP_ANONYMOUS", MAP_PRIVATE | MAP_ANONYMOUS},
},
  extras[] =
	  {
		  {"0", 0},
		  FLAG(MAP_GROWSDOWN),
		  FLAG(MAP_32BIT),
		  FLAG(MAP_STACK),
		  FLAG(MAP_POPULATE),
		  FLAG(MAP_LOCKED),
		  FLAG(MAP_NORESERVE),
		  FLAG(MAP_NONBLOCK),
		  FLAG(MAP_SYNC),
		  FLAG(MAP_DENYWRITE),
		  FLAG(MAP_HUGETLB),
		  {"MAP_HUGETLB|1 GiB", MAP_HUGETLB | 30 << MAP_HUGE_SHIFT},
		  {"1 << 29", 1 << 29},
		  {"1 << 24", 1 << 24},
},
  places[] = {
	  {"anywhere", 0},
	  FLAG(MAP_FIXED),
	  FLAG(MAP_FIXED_NOREPLACE),
	  {"both", MAP_FIXED | MAP_FIXED_NOREPLACE},
};

static const int prots[] = {PROT_NONE, PROT_READ, RW, PROT_WRITE, PROT_EXEC};

static char *room;

/* Hugetlb memory is unmapped in whole pages only. */
static void unmap(char *at, size_t len)
{
	if (munmap(at, len) && munmap(at, (len + HUGE - 1) & ~(HUGE - 1)))
		printf("cannot be unmapped: %s\n", error_name());
}

static void result(const char *at, const char *addr)
{
	if (at == MAP_FAILED)
		printf(" %s", error_name());
	else
		printf(" %s%s%s", at == addr ? "there" : "ok",
		       (uintptr_t)at >> 32 ? "" : ",low",
		       errno == 4711 ? "" : error_name());
}

static void one_mapping(const struct what *what, size_t type, size_t extra)
{
	printf("%s, %s, %s:", what->name, types[type].name, extras[extra].name);
	for (size_t prot = 0; prot < 5; prot++) {
		for (size_t place = 0; place < 4; place++) {
			char *addr = place ? room + HUGE : NULL, *at;

			errno = 4711;
			at = mmap(addr, PAGE, prots[prot],
				  types[type].flags | extras[extra].flags |
					  places[place].flags,
				  what->fd, 0);
			result(at, addr);
			if (at != MAP_FAILED)
				unmap(at, PAGE);
		}
	}
	putchar('\n');
}

static void all_kinds(void)
{
	struct what what[32];
	size_t n = open_all(what);

	window_here();
	room = make_room();
	for (size_t i = 0; i < n; i++)
		for (size_t t = 0; t < 7; t++)
			for (size_t e = 0; e < 14; e++)
				one_mapping(&what[i], t, e);
}

/* Addresses, lengths and offsets */

static const size_t lengths[] = {
	0,    1,	 PAGE,	   PAGE + 1,	    8 * PAGE,
	HUGE, 1UL << 47, SIZE_MAX, SIZE_MAX - PAGE, SIZE_MAX - PAGE + 1,
};
static const off64_t offsets[] = {
	0,	   PAGE,
	1,	   PAGE - 1,
	-4096,	   -1,
	1LL << 31, (1LL << 32) + 4096,
	1LL << 40, INT64_MAX - 4095,
	INT64_MIN,
};
static const long addresses[] = {0, 1, PAGE, PAGE + 1, HUGE};

static void one_shape(const struct what *what, size_t type, size_t len)
{
	printf("%s, %s, %#zx:", what->name, types[type].name, len);
	for (size_t o = 0; o < 11; o++) {
		for (size_t a = 0; a < 5; a++) {
			int fixed = a & 1 ? MAP_FIXED : 0;
			char *addr = room + HUGE + addresses[a];
			char *at;

			errno = 4711;
			/* both names, whatever this file is built with */
			at = (o & 1 ? mmap : mmap64)(addr, len, PROT_READ,
						     types[type].flags | fixed |
							     MAP_NORESERVE,
						     what->fd, offsets[o]);
			result(at, addr);
			if (at != MAP_FAILED)
				unmap(at, len);
		}
	}
	putchar('\n');
}

static void shapes(void)
{
	struct what what[32];
	size_t n = open_all(what);

	window_here();
	room = make_room();
	for (size_t i = 0; i < n; i++)
		for (size_t t = 0; t < 7; t++)
			for (size_t l = 0; l < 10; l++)
				one_shape(&what[i], t, lengths[l]);
}

/* Over what is there */

static void replacing(void)
{
	int fd = make_file(8, O_RDWR);
	char *middle;

	room = make_room();
	middle = room + 4 * PAGE;
	for (int i = 0; i < 8; i++) {
		char *at = DO_MAP(mmap(room, 16 * PAGE, RW,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				       -1, 0),
				  room);

		memset(at, 'x', 16 * PAGE);
		if (i == 1)
			window_here();
		DO_MAP(mmap(middle, 4 * PAGE, RW,
			    MAP_FIXED_NOREPLACE |
				    (i & 1 ? MAP_PRIVATE : MAP_SHARED),
			    fd, PAGE),
		       room);
		DO_MAP(mmap(middle + i * PAGE / 4, 4 * PAGE, RW,
			    MAP_FIXED | (i & 1 ? MAP_PRIVATE : MAP_SHARED), fd,
			    PAGE),
		       room);
		middle[1] = (char)('A' + i);
		DO(msync(middle, 4 * PAGE, MS_SYNC));
		for (int p = 0; p < 16; p++)
			printf("%c%c ", room[p * PAGE], room[p * PAGE + 1]);
		write_maps(room, 16 * PAGE, true);
	}
}

static void flags_shown(void)
{
	static const int some[] = {MAP_GROWSDOWN, MAP_STACK, MAP_LOCKED,
				   MAP_NORESERVE, MAP_POPULATE};
	int fd = make_file(4, O_RDWR);

	window_here();
	room = make_room();
	for (size_t i = 0; i < 5; i++) {
		DO_MAP(mmap(room, 4 * PAGE, RW,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | some[i],
			    -1, 0),
		       room);
		write_maps(room, 4 * PAGE, true);
		DO_MAP(mmap(room, 4 * PAGE, PROT_READ,
			    MAP_SHARED | MAP_FIXED | (some[i] & ~MAP_GROWSDOWN),
			    fd, 0),
		       room);
		write_maps(room, 4 * PAGE, true);
	}
}

/* Memory that grows when it is touched below its end */
static void grows_down(void)
{
	char *at;

	room = make_room();
	at = DO_MAP(
		mmap(room + MIB, PAGE, RW,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN,
		     -1, 0),
		room);
	window_here();
	for (int i = 1; i < 20; i++)
		*(volatile char *)(at - i * PAGE) = (char)i;
	write_maps(room, 2 * MIB, true);
	DO(mprotect(at, PAGE, PROT_READ | PROT_GROWSDOWN));
	write_maps(room, 2 * MIB, true);
	DO(munmap(at - 10 * PAGE, PAGE));
	write_maps(room, 2 * MIB, true);
}

/* Memory of System V and of huge pages */

static void segment(size_t size, int flags)
{
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600 | flags);
	char *at, *second;

	printf("segment of %zu, %#x: %s\n", size, flags,
	       id < 0 ? strerrorname_np(errno) : "ok");
	if (id < 0)
		return;
	at = DO_MAP(shmat(id, room, 0), room);
	/* From now on it ends with us, however we end. */
	DO(shmctl(id, IPC_RMID, NULL));
	window_here();
	second = DO_MAP(shmat(id, NULL, SHM_RDONLY), room);
	if (at == MAP_FAILED || second == MAP_FAILED)
		return;
	at[7] = 's';
	printf("%c\n", second[7]);
	DO_MAP(shmat(id, room, 0), room);
	DO_MAP(shmat(id, room + HUGE / 2, SHM_RND), room);
	DO_MAP(shmat(id, room, SHM_REMAP), room);
	DO_MAP(shmat(id, room, SHM_REMAP | SHM_EXEC), room);
	write_maps(room, 2 * HUGE, true);
	DO(mprotect(at, PAGE, PROT_READ));
	DO(munmap(at, PAGE));
	DO(shmdt(at + PAGE));
	DO(shmdt(at));
	DO(shmdt(second));
	write_maps(room, 2 * HUGE, true);
}

static void segments(void)
{
	room = make_room();
	segment(PAGE, 0);
	segment(5 * PAGE, SHM_NORESERVE);
	segment(HUGE, SHM_HUGETLB);
}

static void huge_pages(void)
{
	int fd = open_memfd(MFD_HUGETLB, 2 * HUGE);
	char *at;

	room = make_room();
	at = DO_MAP(mmap(room, 2 * HUGE, RW, MAP_SHARED | MAP_FIXED, fd, 0),
		    room);
	if (at == MAP_FAILED)
		return;
	window_here();
	at[0] = 'h';
	at[HUGE] = 'i';
	DO(munmap(at, PAGE));
	DO(mprotect(at, PAGE, PROT_READ));
	DO(mprotect(at, HUGE, PROT_READ));
	DO_MAP(mremap(at, HUGE, PAGE, 0), room);
	DO_MAP(mremap(at + HUGE, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      at + 4 * HUGE),
	       room);
	write_maps(room, 8 * HUGE, true);
	printf("%c %c\n", at[0], at[4 * HUGE]);
	DO(munmap(at + 4 * HUGE, HUGE));
	DO_MAP(mmap(at, HUGE, RW, MAP_PRIVATE | MAP_FIXED, fd, HUGE), room);
	printf("%c\n", at[0]);
	DO(munmap(at, HUGE));
}

const struct section memory_sections[] = {
	{"mmap: kinds", all_kinds},
	{"mmap: shapes", shapes},
	{"mmap: over what is there", replacing},
	{"mmap: flags", flags_shown},
	{"mmap: growing down", grows_down},
	{"System V", segments},
	{"huge pages", huge_pages},
	{NULL, NULL},
};
