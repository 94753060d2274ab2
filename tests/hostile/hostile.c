/* SPDX-License-Identifier: MIT */
#include "hostile/hostile.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "hostile/bystander.h"
#include "hostile/daemon_state.h"

uint64_t align, page;

/* If the test ends without ending the attack */
#define ATTACK_SECONDS 60

static int tell = -1; /* by a byte: the attack has begun */

/* Users */

void become(uid_t uid)
{
	CHILD_ASSERT(!setgroups(0, NULL) && !setresgid(uid, uid, uid) &&
		     !setresuid(uid, uid, uid));
}

void become_traceable(uid_t uid)
{
	become(uid);
	CHILD_ASSERT(!prctl(PR_SET_DUMPABLE, 1));
}

bool can_be_others(void)
{
	if (geteuid() != 0)
		skip_test("only root can be two other users");
	return geteuid() == 0;
}

/* Attacks */

void attack_has_begun(void)
{
	if (tell < 0)
		return;
	CHILD_ASSERT(write(tell, "", 1) == 1);
	close(tell);
	tell = -1;
}

void attack_is_anothers(void)
{
	close(tell);
	tell = -1;
}

_Noreturn void attack_goes_on(void)
{
	alarm(ATTACK_SECONDS);
	for (;;)
		pause();
}

static _Noreturn void attack_as(const struct attack *attack)
{
	setpgid(0, 0);
	become_traceable(attack->uid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	attack->run();
	attack_has_begun();
	attack_goes_on();
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
		attack_as(attack);
	}
	close(pair[1]);
	CU_ASSERT(read(pair[0], &byte, 1) == 1);
	close(pair[0]);
	return pid;
}

/* Its processes may wait for each other, so all get it at once. */
void end_attack(pid_t pid)
{
	CU_ASSERT(!kill(-pid, SIGKILL));
	CU_ASSERT(wait_for_exit(pid) == 256 + SIGKILL);
}

static void meanwhile(void *arg)
{
	const struct attack *attack = arg;

	become_traceable(attack->uid);
	attack->meanwhile(NULL);
}

void under_attack(const struct attack *attack)
{
	struct bystander *normal = bystander_new();
	struct daemon_state before;
	pid_t pid;

	if (!can_be_others())
		return;
	CU_ASSERT_FATAL(normal != NULL);
	bystander_lives(normal, QUIET);
	before = daemon_state_settled();
	pid = begin_attack(attack);
	bystander_lives(normal, ATTACKED);
	if (attack->meanwhile)
		CU_ASSERT(!in_child(meanwhile, (void *)attack));
	end_attack(pid);
	bystander_report(normal);
	if (attack->said)
		CU_ASSERT(daemon_said(attack->said));
	unlink(in_mount("hostile")); /* it may not exist */
	CU_ASSERT(daemon_is_again(&before));
	bystander_free(normal);
}

/* Programs */

void hostile_look(void)
{
	align = mount_align();
	page = mount_page();
}

int run_hostile_tests(const char *name, const struct test *tests, size_t n)
{
	return run_mount_tests(name, geteuid() == 0 ? "allow_other" : NULL,
			       tests, n);
}
