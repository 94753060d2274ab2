/* SPDX-License-Identifier: MIT */
/*
 * The calls of 2026: a ring of messages between two processes. At the end the
 * writer calls mshare_protect() once; when that returns, neither the reader nor
 * the writer itself can write the messages.
 */
#include <mshare.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNIT ((size_t)1 << 30) /* of sizes: see mshare_info of the mount */
#define PART ((size_t)2 << 20) /* a huge page: the unit of protection */
#define SLOTS 8
#define MESSAGES 100

/* The region: messages in its first part, counters in its second. */
struct counters {
	atomic_uint written;
	atomic_uint read;
	atomic_uint closed; /* no more messages come, and they are protected */
};

struct ring {
	char (*message)[64];
	struct counters *count;
};

static void check(int ok)
{
	if (ok)
		return;
	fprintf(stderr, "ring_2026: %s\n", mshare_error());
	exit(1);
}

static void write_messages(const struct ring *ring)
{
	for (unsigned int n = 0; n < MESSAGES; n++) {
		while (n - ring->count->read == SLOTS)
			usleep(100); /* full */
		sprintf(ring->message[n % SLOTS], "message %u", n);
		ring->count->written = n + 1;
	}
}

/* Overwrites each message that it has read: it may still write. */
static unsigned int read_messages(const struct ring *ring)
{
	char want[64];
	unsigned int good = 0;

	for (unsigned int n = 0; n < MESSAGES; n++) {
		while (ring->count->written == n)
			usleep(100); /* empty */
		sprintf(want, "message %u", n);
		good += !strcmp(ring->message[n % SLOTS], want);
		ring->message[n % SLOTS][0] = '-';
		ring->count->read = n + 1;
	}
	return good;
}

static void obey(int sig, siginfo_t *info, void *context)
{
	static const char said[] =
		"reader: cannot write any more: SIGSEGV (SEGV_ACCERR)\n";

	(void)sig, (void)context;
	if (info->si_code == SEGV_ACCERR &&
	    write(1, said, sizeof(said) - 1) > 0)
		_exit(0);
	_exit(1);
}

static int reader(const struct ring *ring)
{
	struct sigaction act = {.sa_sigaction = obey, .sa_flags = SA_SIGINFO};

	printf("reader: read %u messages of %u\n", read_messages(ring),
	       MESSAGES);
	fflush(stdout);
	while (!ring->count->closed)
		usleep(100);
	sigaction(SIGSEGV, &act, NULL);
	ring->message[0][0] = '!';
	return 1; /* the write was not refused */
}

int main(void)
{
	int fd = mshare_create(MSHARE_CLOEXEC), status;
	struct ring ring;
	char *window;
	pid_t child;

	alarm(20); /* do not wait for ever if the other process dies */
	check(fd >= 0);
	if (ftruncate(fd, (off_t)UNIT)) {
		perror("ftruncate");
		return 1;
	}
	check(!mshare_map(fd, 0, 2 * PART, PROT_READ | PROT_WRITE, 0));
	window = mshare_attach(fd, 0, UNIT, NULL, 0);
	check(window != MAP_FAILED);
	ring.message = (void *)window;
	ring.count = (void *)(window + PART);

	child = fork(); /* the child inherits the window */
	if (child == 0)
		_exit(reader(&ring));
	write_messages(&ring);
	while (ring.count->read != MESSAGES)
		usleep(100);
	check(!mshare_protect(fd, 0, PART, PROT_READ));
	printf("writer: the messages are read-only, for every process\n");
	fflush(stdout);
	ring.count->closed = 1;
	if (waitpid(child, &status, 0) < 0 || status)
		return 1;
	check(!mshare_detach(window, UNIT));
	return 0;
}
