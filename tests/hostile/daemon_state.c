/* SPDX-License-Identifier: MIT */
#include "hostile/daemon_state.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "harness/harness.h"

/*
 * Threads that may stay: those that libfuse keeps for later (IDLE_THREADS in
 * fuse/main.c), and those that are there always or for a moment. Each has a
 * stack and a buffer.
 */
#define THREADS_KEPT 24
#define THREAD_AREAS 4
#define THREAD_RESIDENT_KIB 1200
#define THREAD_SIZE_KIB 12000

/* What may stay besides, as the heap is in pieces */
#define AREAS_KEPT 16
#define RESIDENT_KEPT_KIB (8 << 10)
#define SIZE_KEPT_KIB (64 << 10)

static void count_areas(struct daemon_state *state)
{
	char path[64], line[512];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", mount_daemon);
	maps = fopen(path, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		state->areas++;
		state->regions += strstr(line, "memfd:msharefs") != NULL;
	}
	if (maps)
		fclose(maps);
}

static struct daemon_state look(void)
{
	struct daemon_state state = {
		.fds = daemon_fds(),
		.threads = daemon_kib("Threads"),
		.resident_kib = daemon_kib("VmRSS"),
		.size_kib = daemon_kib("VmSize"),
	};

	count_areas(&state);
	return state;
}

struct daemon_state daemon_state_settled(void)
{
	daemon_settled_fds();
	return look();
}

/* libfuse ends a thread that is too many when it has done something. */
static void have_it_work(void)
{
	struct statvfs fs;

	statvfs(mount_dir, &fs);
}

#ifdef __SANITIZE_ADDRESS__ /* which delays freeing */
static bool has_memory_of(const struct daemon_state *now,
			  const struct daemon_state *before, long more)
{
	(void)now;
	(void)before;
	(void)more;
	return true;
}
#else
static bool has_memory_of(const struct daemon_state *now,
			  const struct daemon_state *before, long more)
{
	return now->areas <= before->areas + more * THREAD_AREAS + AREAS_KEPT &&
	       now->resident_kib <= before->resident_kib +
					    more * THREAD_RESIDENT_KIB +
					    RESIDENT_KEPT_KIB &&
	       now->size_kib <= before->size_kib + more * THREAD_SIZE_KIB +
					SIZE_KEPT_KIB;
}
#endif

static bool is_again(void *arg)
{
	const struct daemon_state *before = arg;
	struct daemon_state now;
	long more;

	have_it_work();
	now = look();
	more = now.threads > before->threads ? now.threads - before->threads
					     : 0;
	return now.fds == before->fds && now.regions == before->regions &&
	       (!more || now.threads <= THREADS_KEPT) &&
	       has_memory_of(&now, before, more);
}

static void print(const char *when, const struct daemon_state *s)
{
	printf("     the daemon %s: %d descriptors, %ld threads, %d mappings "
	       "(%d of regions), %ld KiB resident of %ld\n",
	       when, s->fds, s->threads, s->areas, s->regions, s->resident_kib,
	       s->size_kib);
}

bool daemon_is_again(struct daemon_state *before)
{
	struct daemon_state now;
	bool again = wait_until(is_again, before);

	if (again)
		return true;
	now = look();
	print("before", before);
	print("now", &now);
	return false;
}
