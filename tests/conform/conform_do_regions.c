/* SPDX-License-Identifier: MIT */
/*
 * Words about regions: the size and the ioctls, in the dialect of the revision
 * that the program is built for.
 */
#include "conform/conform.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/msharefs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? UINT64_MAX : (uint64_t)st.st_size;
}

#ifdef MSHAREFS_API_V1

#define AT addr

/* What addresses of mappings count from, for rows that mean offsets */
static uint64_t origin(void)
{
	return me.start;
}

static int set_shape(uint64_t start, uint64_t size)
{
	struct mshare_info info = {.start = start, .size = size};

	return ioctl(me.fd, MSHAREFS_SET_SIZE, &info);
}

static const char *do_get_size(char **args)
{
	struct mshare_info info = {.start = 1, .size = 1};
	int ret = ioctl(me.fd, MSHAREFS_GET_SIZE, &info);

	if (ret)
		return answer_of(ret);
	if (info.start == number(args[0]) && info.size == number(args[1]))
		return "ok";
	return answer("{%#llx, %#llx}", info.start, info.size);
}

#else

#define AT region_offset

static uint64_t origin(void)
{
	return 0;
}

static int set_shape(uint64_t start, uint64_t size)
{
	(void)start;
	return ftruncate(me.fd, (off_t)size);
}

#endif

/* set-size START SIZE: SET_SIZE in v1, ftruncate(SIZE) in v2 and v3 */
static const char *do_set_size(char **args)
{
	return answer_of(set_shape(number(args[0]), number(args[1])));
}

static const char *do_ftruncate(char **args)
{
	return answer_of(ftruncate(me.fd, (off_t)number(args[0])));
}

/* fallocate OFFSET LENGTH [MODE], a mode by its name */
static const char *do_fallocate(char **args)
{
	static const struct {
		const char *name;
		int mode;
	} modes[] = {
		{"keep-size", FALLOC_FL_KEEP_SIZE},
		{"punch-hole", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE},
		{"zero-range", FALLOC_FL_ZERO_RANGE},
		{"collapse-range", FALLOC_FL_COLLAPSE_RANGE},
		{"insert-range", FALLOC_FL_INSERT_RANGE},
	};
	int mode = 0;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (has(args, modes[i].name))
			mode = modes[i].mode;
	return answer_of(fallocate(me.fd, mode, (off_t)number(args[0]),
				   (off_t)number(args[1])));
}

/* st_size, as fstat() has it */
static const char *do_size(char **args)
{
	uint64_t size = size_of(me.fd);

	return size == number(args[0]) ? "ok"
				       : answer("%#lx", (unsigned long)size);
}

static uint32_t protection(const char *text)
{
	uint32_t prot = 0;

	for (; *text; text++)
		prot |= *text == 'r'   ? PROT_READ
			: *text == 'w' ? PROT_WRITE
				       : 0;
	return prot;
}

/* S shared, P private, F fixed, A anonymous, N lazy, H huge pages, - nothing */
static uint32_t map_flags(const char *text)
{
	uint32_t flags = 0;

	for (; *text; text++)
		flags |= *text == 'S'	? MAP_SHARED
			 : *text == 'P' ? MAP_PRIVATE
			 : *text == 'F' ? MAP_FIXED
			 : *text == 'A' ? MAP_ANONYMOUS
			 : *text == 'N' ? MAP_NORESERVE
			 : *text == 'H' ? MAP_HUGETLB
					: 0;
	return flags;
}

/* A number, or "file": that of the present "make-file" */
static int file_to_map = -1;

static uint32_t file_of(const char *text)
{
	if (!text)
		return (uint32_t)-1;
	if (!strcmp(text, "file"))
		return (uint32_t)file_to_map;
	if (!strcmp(text, "region"))
		return (uint32_t)me.fd;
	return (uint32_t)number(text);
}

/*
 * map OFFSET SIZE [prot=r|w|rw|none] [flags=SFANH] [fd=N|file|region]
 * [offset=N]: CREATE_MAPPING, so many bytes from the beginning of the region
 */
static const char *do_map(char **args)
{
	const char *prot = option(args, "prot");
	const char *flags = option(args, "flags");
	struct mshare_create create = {
		.AT = origin() + number(args[0]),
		.size = number(args[1]),
		.offset = number_option(args, "offset", 0),
		.prot = protection(prot ? prot : "rw"),
		.flags = map_flags(flags ? flags : "SFA"),
		.fd = file_of(option(args, "fd")),
	};

	return answer_of(ioctl(me.fd, MSHAREFS_CREATE_MAPPING, &create));
}

static const char *do_unmap(char **args)
{
	struct mshare_unmap unmap = {
		.AT = origin() + number(args[0]),
		.size = number(args[1]),
	};

	return answer_of(ioctl(me.fd, MSHAREFS_UNMAP, &unmap));
}

/* Requests by the names of this revision, and by number */

static const struct {
	const char *name;
	unsigned long request;
	size_t size;
} requests[] = {
#ifdef MSHAREFS_API_V1
	{"GET_SIZE", MSHAREFS_GET_SIZE, sizeof(struct mshare_info)},
	{"SET_SIZE", MSHAREFS_SET_SIZE, sizeof(struct mshare_info)},
#endif
	{"CREATE_MAPPING", MSHAREFS_CREATE_MAPPING,
	 sizeof(struct mshare_create)},
	{"UNMAP", MSHAREFS_UNMAP, sizeof(struct mshare_unmap)},
};

static unsigned long request_of(const char *name)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (!strcmp(requests[i].name, name))
			return requests[i].request;
	return number(name);
}

static const char *do_request(char **args)
{
	return answer("%#lx", request_of(args[0]));
}

static const char *do_size_of_argument(char **args)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (!strcmp(requests[i].name, args[0]))
			return answer("%zu", requests[i].size);
	return "not known";
}

#define FIELD(type, field)                                     \
	{                                                      \
#type "." #field, offsetof(struct type, field) \
	}

static const struct {
	const char *name;
	size_t at;
} fields[] = {
#ifdef MSHAREFS_API_V1
	FIELD(mshare_info, start),  FIELD(mshare_info, size),
	FIELD(mshare_create, addr), FIELD(mshare_unmap, addr),
#else
	FIELD(mshare_create, region_offset),
	FIELD(mshare_unmap, region_offset),
#endif
	FIELD(mshare_create, size), FIELD(mshare_create, offset),
	FIELD(mshare_create, prot), FIELD(mshare_create, flags),
	FIELD(mshare_create, fd),   FIELD(mshare_unmap, size),
};

static const char *do_field(char **args)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!strcmp(fields[i].name, args[0]))
			return answer("%zu", fields[i].at);
	return "not known";
}

static const char *do_magic(char **args)
{
	(void)args;
	return answer("%#x", MSHARE_MAGIC);
}

/*
 * ioctl REQUEST [null|nothing|edge]: the argument is zeros, NULL, not mapped,
 * or ends 8 bytes behind what is mapped.
 */
static const char *do_ioctl(char **args)
{
	static char zeros[256];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *argument = zeros, *two;

	if (has(args, "null"))
		argument = NULL;
	if (has(args, "nothing") || has(args, "edge")) {
		two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(two + page, page);
		argument = two + page - (has(args, "edge") ? 8 : 0);
	}
	errno = 0;
	return answer_of(ioctl(me.fd, request_of(args[0]), argument));
}

/* A file to map in a region: kind and size; its first byte is "f". */
static const char *do_make_file(char **args)
{
	bool huge = has(args, "hugetlb");
	int fd = memfd_create("file", huge ? MFD_HUGETLB : 0);
	char *at;

	if (fd < 0 || ftruncate(fd, (off_t)number(args[0])))
		return answer_of(-1);
	at = mmap(NULL, number(args[0]), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		  0);
	if (at == MAP_FAILED)
		return answer_of(-1);
	at[0] = 'f';
	file_to_map = fd;
	return answer_of(munmap(at, number(args[0])));
}

/* What the file has at a place by now */
static const char *do_file_byte(char **args)
{
	char byte = 0;

	if (pread(file_to_map, &byte, 1, (off_t)number(args[0])) != 1)
		return answer_of(-1);
	return answer("%d", byte);
}

const struct word region_words[] = {
#ifdef MSHAREFS_API_V1
	{"get-size", do_get_size, 2},
#endif
	{"set-size", do_set_size, 2},
	{"ftruncate", do_ftruncate, 1},
	{"fallocate", do_fallocate, 2},
	{"size", do_size, 1},
	{"map", do_map, 2},
	{"unmap", do_unmap, 2},
	{"request", do_request, 1},
	{"size-of-argument", do_size_of_argument, 1},
	{"field", do_field, 1},
	{"magic", do_magic, 0},
	{"ioctl", do_ioctl, 1},
	{"make-file", do_make_file, 1},
	{"file-byte", do_file_byte, 1},
	{0},
};
