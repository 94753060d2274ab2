/* SPDX-License-Identifier: MIT */
#include "hostile/hostile.h"

#include <grp.h>
#include <signal.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>

static int tell = -1; /* by a byte: the attack has begun */

uint64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void become(uid_t uid)
{
	CHILD_ASSERT(!setgroups(0, NULL) && !setresgid(uid, uid, uid) &&
		     !setresuid(uid, uid, uid));
}

void attack_has_begun(void)
{
	if (tell < 0)
		return;
	CHILD_ASSERT(write(tell, "", 1) == 1);
	close(tell);
	tell = -1;
}

pid_t begin_attack(const struct attack *attack)
{
	int pair[2];
	char byte;
	pid_t pid;

	CU_ASSERT_FATAL(!pipe2(pair, O_CLOEXEC));
	fflush(NULL);
	pid = fork();
	if (!pid) {
		tell = pair[1];
		become(attack->uid);
		attack->run();
		attack_has_begun();
		pause();
		_exit(1);
	}
	close(pair[1]);
	CU_ASSERT(read(pair[0], &byte, 1) == 1);
	close(pair[0]);
	return pid;
}

bool can_be_others(void)
{
	if (geteuid() != 0)
		skip_test("only root can be two other users");
	return geteuid() == 0;
}

void under_attack(const struct attack *attack, void (*normal_life)(void *arg))
{
	int fds;
	pid_t pid;

	if (!can_be_others())
		return;
	fds = daemon_settled_fds();
	pid = begin_attack(attack);
	CU_ASSERT(!in_child(normal_life, NULL));
	CU_ASSERT(!kill(pid, SIGKILL));
	CU_ASSERT(wait_for_exit(pid) == 256 + SIGKILL);
	if (attack->said)
		CU_ASSERT(daemon_said(attack->said));
	unlink(in_mount("hostile")); /* it may not exist */
	CU_ASSERT(wait_until(daemon_fds_are, &fds));
}
