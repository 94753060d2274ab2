/* SPDX-License-Identifier: MIT */
/*
 * Lets msharectl ask a daemon that answers as the input says: what no daemon of
 * this release would, and without end. msharectl ends all the same, asks for
 * only so much, and prints lines of text, in which nothing moves the cursor.
 */
#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>
#include <wchar.h>

#include <mshare_ioctl.h>
#include "memory/hugepage_pool.h"
#include "memory/memory_limit.h"
#include "mount_sample.h"
#include "msharectl.h"
#include "resolve_target.h"

/* All windows of FILES regions, in parts, or all mappings of one. */
#define MOST_CALLS 9000
#define FILES 3

/* How the daemon answers. */
enum {
	PLAUSIBLE = 0, /* lists in order */
	BYTES = 1,     /* what the input has, and then zeros */
	FAILS = 2,
	ENDLESS = 3, /* full parts in order, until the end of the program */
	STUCK = 4,   /* full parts, always the same */
};

static struct fuzz_input in;
static unsigned int calls;
static int endless;
static char dir[] = "/tmp/msharefs-fuzz-status-XXXXXX";
/* As a hostile user may name his regions. */
static const char *const names[FILES] = {
	"region",
	"\033[2J\r\xc2\x9b\x7f\xff\t\n\"\\",
	"\xd1\x80\xd0\xb5\xd0\xb3\xd0\xb8\xd0\xbe\xd0\xbd",
};

/* The daemon */

static void some_bytes(void *out, size_t size)
{
	uint8_t *at = out;

	while (size-- && fuzz_more(&in))
		*at++ = fuzz_byte(&in);
}

static void answer_mount(struct mshare_status_mount *out)
{
	out->align = out->page = 1UL << (fuzz_byte(&in) & 63);
	out->unit = fuzz_byte(&in) << 20;
	out->flags = fuzz_byte(&in);
	out->pid = out->flags & 32 ? (uint32_t)getpid() : out->flags;
	out->uptime = fuzz_number(&in, 8);
	out->limit = fuzz_byte(&in);
	some_bytes(out->release, sizeof(out->release));
	some_bytes(out->backing, sizeof(out->backing));
	some_bytes(out->limit_path, sizeof(out->limit_path));
}

static void answer_region(struct mshare_status_region *out)
{
	out->flags = fuzz_byte(&in);
	out->start = (uint64_t)fuzz_byte(&in) << 56;
	out->size = fuzz_number(&in, 3) << 12;
	out->windows = fuzz_byte(&in);
	out->present = fuzz_number(&in, 8);
	out->mapped = fuzz_number(&in, 8);
}

static void answer_maps(struct mshare_status_maps *out, bool full)
{
	uint64_t at = out->from;

	out->n = full ? MSHARE_STATUS_MAPPINGS : fuzz_byte(&in) & 7;
	for (uint32_t i = 0; i < out->n; i++) {
		struct mshare_status_mapping *m = &out->mapping[i];

		m->start = at + (fuzz_byte(&in) << 12);
		m->end = at = m->start + 4096 + (fuzz_byte(&in) << 10);
		m->prot = m->flags = fuzz_byte(&in);
	}
}

static void answer_windows(struct mshare_status_windows *out, bool full)
{
	uint64_t id = out->after;

	out->n = full ? MSHARE_STATUS_WINDOWS : fuzz_byte(&in) & 7;
	for (uint32_t i = 0; i < out->n; i++) {
		struct mshare_status_window *w = &out->window[i];

		w->id = id += 1 + fuzz_byte(&in);
		w->addr = fuzz_number(&in, 6);
		w->why = w->prot = w->flags = fuzz_byte(&in);
		w->pid = fuzz_byte(&in) ? (uint32_t)getpid() : UINT32_MAX;
		w->units = fuzz_byte(&in);
		w->own_units = fuzz_byte(&in);
	}
}

static void answer(unsigned long cmd, void *out, bool full)
{
	switch (cmd) {
	case MSHARE_IOC_MOUNT:
		answer_mount(out);
		break;
	case MSHARE_IOC_REGION:
		answer_region(out);
		break;
	case MSHARE_IOC_MAPS:
		answer_maps(out, full);
		break;
	case MSHARE_IOC_WINDOWS:
		answer_windows(out, full);
		break;
	default:
		FUZZ_CHECK(false);
	}
}

static void answer_the_same(unsigned long cmd, void *out)
{
	static struct mshare_status_maps maps;
	static struct mshare_status_windows windows;

	if (cmd == MSHARE_IOC_MAPS) {
		maps.n = MSHARE_STATUS_MAPPINGS;
		memcpy(out, &maps, sizeof(maps));
	} else if (cmd == MSHARE_IOC_WINDOWS) {
		windows.n = MSHARE_STATUS_WINDOWS;
		memcpy(out, &windows, sizeof(windows));
	} else {
		answer(cmd, out, false);
	}
}

int __wrap_ioctl(int fd, unsigned long cmd, ...);

int __wrap_ioctl(int fd, unsigned long cmd, ...)
{
	const uint8_t how = endless ? (uint8_t)endless : fuzz_byte(&in);
	va_list args;
	void *out;

	(void)fd;
	va_start(args, cmd);
	out = va_arg(args, void *);
	va_end(args);
	FUZZ_CHECK(++calls <= MOST_CALLS);
	switch (how) {
	case BYTES:
		memset(out, 0, _IOC_SIZE(cmd));
		some_bytes(out, _IOC_SIZE(cmd));
		return 0;
	case FAILS:
		errno = fuzz_byte(&in) % 134;
		errno = errno ? errno : ENOTTY;
		return -1;
	case ENDLESS:
	case STUCK:
		endless = how;
		if (how == STUCK)
			answer_the_same(cmd, out);
		else
			answer(cmd, out, true);
		return 0;
	default:
		answer(cmd, out, false);
		return 0;
	}
}

/* The mount, which is a plain directory */

int __wrap_resolve_target(struct target *target, const char *named);
int __wrap_target_try_open(const char *path, enum target_access access);
int __wrap_target_open(const char *path, enum target_access access,
		       int *status);

int __wrap_resolve_target(struct target *target, const char *named)
{
	(void)named;
	*target = (struct target){
		.path = strdup(dir),
		.mount = strdup(dir),
		.info = open("/dev/null", O_RDONLY | O_CLOEXEC),
	};
	FUZZ_CHECK(target->path && target->mount && target->info >= 0);
	return EX_OK;
}

int __wrap_target_try_open(const char *path, enum target_access access)
{
	(void)access;
	return open(path, O_RDONLY | O_CLOEXEC);
}

int __wrap_target_open(const char *path, enum target_access access, int *status)
{
	(void)status;
	return __wrap_target_try_open(path, access);
}

/* msharectl */

static int list(int (*verb)(int argc, char **argv), uint8_t how)
{
	static char name[] = "verb", all[] = "+WHY,PROT,ID,OWN", file[64];
	static char few[] = "NAME,SIZE,PID,SAVED,CHANGES,MODE,OWNER,START";
	static char J[] = "-J", r[] = "-r", b[] = "-b", H[] = "-H", a[] = "-a";
	static char o[] = "-o";
	char *argv[9] = {name};
	int argc = 1;

	if (how & 1)
		argv[argc++] = how & 2 ? J : r;
	if (how & 4)
		argv[argc++] = b;
	if (how & 8 && verb == cmd_maps)
		argv[argc++] = how & 16 ? a : H;
	if (how & 32 && verb != cmd_maps) {
		argv[argc++] = o;
		argv[argc++] = verb == cmd_ls ? few : all;
	}
	snprintf(file, sizeof(file), "%s/%s", dir, names[0]);
	argv[argc++] = file;
	optind = 0;
	return verb(argc, argv);
}

static int show_sample(uint8_t how)
{
	struct mount_sample before, now;
	struct target target;
	int status = resolve_target(&target, NULL);
	char *text = NULL;

	status = mount_sample_take(&before, &target, false);
	if (status != EX_OK)
		goto close;
	status = mount_sample_take(&now, &target, false);
	if (status == EX_OK) {
		status = mount_sample_text(&now, how & 1 ? &before.mount : NULL,
					   dir, how & 2 ? 80 : 0, &text);
		mount_sample_free(&now);
	}
	if (status == EX_OK)
		fputs(text, stdout);
	free(text);
	mount_sample_free(&before);
close:
	target_close(&target);
	return status;
}

/* As msharectl create says why there is no memory. */
static int explain_memory(void)
{
	struct memory_limit limit = {0};
	struct mshare_status_mount m;
	char text[MEMORY_LIMIT_TEXT];
	struct target target;
	int status = resolve_target(&target, NULL);

	status = target_mount_status(&target, &m);
	target_close(&target);
	if (status != EX_OK)
		return status;
	limit.kind = m.limit;
	limit.total = m.limit_total;
	limit.free = m.pool_free;
	snprintf(limit.path, sizeof(limit.path), "%s", m.limit_path);
	puts(memory_limit_text(&limit, m.page, fuzz_number(&in, 8), text));
	return status;
}

static int run(uint8_t verb, uint8_t how)
{
	switch (verb % 5) {
	case 0:
		return list(cmd_ls, how);
	case 1:
		return list(cmd_maps, how);
	case 2:
		return list(cmd_windows, how);
	case 3:
		return show_sample(how);
	default:
		return explain_memory();
	}
}

/*
 * Lines of UTF-8 without control characters. Those above 0x7e may be in JSON,
 * which libsmartcols writes, and in which names are as they are.
 */
static void check_text(const char *text, size_t size, bool json)
{
	mbstate_t state = {0};
	wchar_t c;

	FUZZ_CHECK(!size || text[size - 1] == '\n');
	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t at = 0; at < size;) {
		const size_t n = mbrtowc(&c, text + at, size - at, &state);

		FUZZ_CHECK(n > 0 && n <= MB_LEN_MAX);
		FUZZ_CHECK(c == '\n' || c >= ' ');
		FUZZ_CHECK(json || c < 0x7f || c > 0x9f);
		at += n;
	}
}

static void run_and_read(void)
{
	const uint8_t verb = fuzz_byte(&in), how = fuzz_byte(&in);
	FILE *const out = stdout, *const err = stderr;
	char *text[2] = {NULL, NULL};
	size_t size[2];
	int status;

	setlocale(LC_CTYPE, how & 64 ? "C.UTF-8" : "C");
	stdout = open_memstream(&text[0], &size[0]);
	stderr = open_memstream(&text[1], &size[1]);
	status = stdout && stderr ? run(verb, how) : -1;
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = err;
	FUZZ_CHECK(status >= 0);
	/* It says something when it fails, and only then. */
	FUZZ_CHECK(!size[1] == (status == EX_OK));
	check_text(text[0], size[0], (how & 3) == 3);
	check_text(text[1], size[1], false);
	free(text[0]);
	free(text[1]);
}

static void remove_files(void)
{
	char path[128];

	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void make_files(void)
{
	char path[128];

	FUZZ_CHECK(mkdtemp(dir));
	atexit(remove_files);
	for (int i = 0; i < FILES; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		FUZZ_CHECK(fd >= 0 && !ftruncate(fd, i << 20));
		close(fd);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int before;

	if (!before) {
		struct hugepage_pool pool;

		make_files();
		/* The daemon has this name, and so may a user's process. */
		FUZZ_CHECK(!prctl(PR_SET_NAME, "msharefs\033[2J"));
		/* It keeps files of /proc open from its first look on. */
		hugepage_pool_read(4096, &pool);
		before = fuzz_count_fds(false);
	}
	in = (struct fuzz_input){.at = data, .left = size};
	calls = 0;
	endless = 0;
	run_and_read();
	FUZZ_CHECK(fuzz_count_fds(false) == before);
	return 0;
}
