/* SPDX-License-Identifier: MIT */
/*
 * The calls of 2026: a ring of messages between two processes, and the point of
 * it all, mshare_protect(). One call of the writer, and when it returns nobody
 * can write the messages, neither the reader nor itself.
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
#define PART ((size_t)2 << 20) /* protection is a huge page's */
#define SLOTS 8
#define MESSAGES 100

/* The region: messages in its first part, counters in its second. */
struct counters {
	atomic_uint written;
	atomic_uint read;
	atomic_uint closed; /* nothing more comes, and messages are protected */
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

/* The reader strikes out what it has read, as long as it may. */
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
	return 1; /* it did not obey */
}

int main(void)
{
	int fd = mshare_create(MSHARE_CLOEXEC), status;
	struct ring ring;
	char *window;
	pid_t child;

	alarm(20); /* should the other one die, do not wait for ever */
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

	child = fork(); /* it has the window, too */
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
