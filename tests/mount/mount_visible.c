/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 5: memory is shared between processes, and what one
 * of them maps and unmaps all of them see before the ioctl returns.
 */
#include "harness/attached.h"
#include "harness/calls.h"
#include "harness/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_all(const char *from, char value, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (from[i] != value)
			return false;
	return true;
}

static bool is_hole(const char *byte)
{
	return try_read(byte).signal == SIGSEGV;
}

/* A child that acts on each letter it is sent, and reports when it is done. */
struct peer {
	pid_t pid;
	int tell, told;
};

static void serve(int from, int to)
{
	int region = open(in_mount("f"), O_RDWR);
	char *window = region_window(region, align), letter;

	CHILD_ASSERT(window != NULL);
	while (read(from, &letter, 1) == 1) {
		if (letter == 'm')
			CHILD_ASSERT(!region_add(region, 0, page));
		else if (letter == 'u')
			CHILD_ASSERT(!region_unmap_range(region, 0, page));
		else if (letter == 'w')
			CHILD_ASSERT(!try_write(window, 'w').signal);
		else if (letter == 'r')
			CHILD_ASSERT(!try_read(window).signal &&
				     window[0] == 'r');
		else if (letter == '0')
			CHILD_ASSERT(is_all(window, 0, page));
		else
			CHILD_ASSERT(is_hole(window) && is_hole(window + 17));
		CHILD_ASSERT(write(to, &letter, 1) == 1);
	}
	_exit(0);
}

static struct peer peer_start(void)
{
	struct peer peer;
	int there[2], back[2];

	CU_ASSERT_FATAL(!pipe(there) && !pipe(back));
	fflush(NULL);
	peer.pid = fork();
	if (peer.pid == 0) {
		close(there[1]);
		close(back[0]);
		serve(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	peer.tell = there[1];
	peer.told = back[0];
	return peer;
}

static bool ask(const struct peer *peer, char letter)
{
	char answer = 0;

	return write(peer->tell, &letter, 1) == 1 &&
	       read(peer->told, &answer, 1) == 1 && answer == letter;
}

static void peer_end(const struct peer *peer)
{
	int status;

	close(peer->tell);
	close(peer->told);
	CU_ASSERT(waitpid(peer->pid, &status, 0) == peer->pid && !status);
}

/* Every change is followed by an access as soon as possible. */
static void seen_by_others(void)
{
	struct peer peer;

	begin();
	peer = peer_start();
	CU_ASSERT(ask(&peer, 'h'));
	for (int i = 0; i < 50; i++) {
		CU_ASSERT(!region_add(fd, 0, page));
		CU_ASSERT(ask(&peer, '0'));
		at[0] = 'r';
		CU_ASSERT(ask(&peer, 'r'));
		CU_ASSERT(ask(&peer, 'w'));
		CU_ASSERT(at[0] == 'w');
		CU_ASSERT(!region_unmap_range(fd, 0, page));
		CU_ASSERT(ask(&peer, 'h'));
	}
	peer_end(&peer);
	end();
}

static void done_by_others(void)
{
	struct peer peer;

	begin();
	peer = peer_start();
	for (int i = 0; i < 50; i++) {
		CU_ASSERT(is_hole(at) && ask(&peer, 'm'));
		CU_ASSERT(region_mapped(fd) == page && is_all(at, 0, page));
		CU_ASSERT(ask(&peer, 'w') && at[0] == 'w');
		/* replaced by fresh memory */
		CU_ASSERT(ask(&peer, 'm') && at[0] == 0);
		CU_ASSERT(ask(&peer, 'u') && is_hole(at));
		CU_ASSERT(region_mapped(fd) == 0);
	}
	peer_end(&peer);
	end();
}

static const struct test tests[] = {
	{"seen by other processes at once", seen_by_others},
	{"done by other processes", done_by_others},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_visible", NULL, tests, N_TESTS(tests));
}
