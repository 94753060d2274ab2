/* SPDX-License-Identifier: MIT */
/* Tickets: good once, for one user, for some seconds. */
#include "harness/harness.h"

#include <errno.h>
#include <string.h>

#include "common/protocol.h"
#include "attach/ticket.h"

#define NOW 1000000ULL
#define LAST_MS (TICKET_SECONDS * 1000 - 1) /* of a ticket's life */

_Static_assert(TICKET_BYTES == MSHARE_KEY_BYTES, "the protocol carries it");

static struct ticket_table table;

/* Stands for regions; a ticket holds one reference. */
static int refs[64];

static void drop(void *region)
{
	--*(int *)region;
}

static void set_up(void)
{
	ticket_table_init(&table, drop);
	memset(refs, 0, sizeof(refs));
}

static int issue(int i, uint64_t now, uid_t uid,
		 unsigned char bits[TICKET_BYTES])
{
	refs[i] = 1;
	return ticket_issue(&table, now, uid, &refs[i], WINDOW_PRIVATE, 5,
			    bits);
}

static void test_redeem(void)
{
	unsigned char bits[TICKET_BYTES];
	struct ticket t = {0};

	set_up();
	CU_ASSERT(issue(0, NOW, 1000, bits) == 0);
	CU_ASSERT(refs[0] == 1); /* taken over, not taken once more */
	CU_ASSERT(ticket_redeem(&table, NOW, 1000, bits, &t) == 0);
	CU_ASSERT_PTR_EQUAL(t.region, &refs[0]);
	CU_ASSERT(t.uid == 1000);
	CU_ASSERT(t.kind == WINDOW_PRIVATE);
	CU_ASSERT(t.prot == 5);
	CU_ASSERT(refs[0] == 1); /* ours now */
	ticket_table_free(&table);
	CU_ASSERT(refs[0] == 1);
}

static void test_replay(void)
{
	unsigned char bits[TICKET_BYTES];
	struct ticket t;

	set_up();
	CU_ASSERT(issue(0, NOW, 1000, bits) == 0);
	CU_ASSERT(ticket_redeem(&table, NOW, 1000, bits, &t) == 0);
	CU_ASSERT(ticket_redeem(&table, NOW, 1000, bits, &t) == -ENOENT);
	CU_ASSERT(refs[0] == 1);
	ticket_table_free(&table);
}

static void test_other_user(void)
{
	unsigned char bits[TICKET_BYTES];
	struct ticket t;

	set_up();
	CU_ASSERT(issue(0, NOW, 1000, bits) == 0);
	CU_ASSERT(ticket_redeem(&table, NOW, 1001, bits, &t) == -EACCES);
	/* Not even root: it has no need to. */
	CU_ASSERT(ticket_redeem(&table, NOW, 0, bits, &t) == -EACCES);
	CU_ASSERT(refs[0] == 1);
	/* The owner must not suffer from that. */
	CU_ASSERT(ticket_redeem(&table, NOW, 1000, bits, &t) == 0);
	ticket_table_free(&table);
}

static void test_made_up(void)
{
	unsigned char bits[TICKET_BYTES], forged[TICKET_BYTES] = {0};
	struct ticket t;

	set_up();
	CU_ASSERT(ticket_redeem(&table, NOW, 1000, forged, &t) == -ENOENT);
	CU_ASSERT(issue(0, NOW, 1000, bits) == 0);
	CU_ASSERT(ticket_redeem(&table, NOW, 1000, forged, &t) == -ENOENT);
	/* Each byte counts. */
	for (size_t i = 0; i < TICKET_BYTES; i++) {
		memcpy(forged, bits, TICKET_BYTES);
		forged[i] ^= 1;
		CU_ASSERT(ticket_redeem(&table, NOW, 1000, forged, &t) ==
			  -ENOENT);
	}
	CU_ASSERT(ticket_redeem(&table, NOW, 1000, bits, &t) == 0);
	ticket_table_free(&table);
}

static void test_too_late(void)
{
	unsigned char bits[2][TICKET_BYTES];
	struct ticket t;

	set_up();
	CU_ASSERT(issue(0, NOW, 1000, bits[0]) == 0);
	CU_ASSERT(issue(1, NOW, 1000, bits[1]) == 0);
	CU_ASSERT(ticket_redeem(&table, NOW + LAST_MS, 1000, bits[0], &t) == 0);
	CU_ASSERT(ticket_redeem(&table, NOW + LAST_MS + 1, 1000, bits[1], &t) ==
		  -ETIMEDOUT);
	CU_ASSERT(refs[1] == 1);
	/* A stranger learns no more than that either. */
	CU_ASSERT(ticket_redeem(&table, NOW + LAST_MS + 1, 7, bits[1], &t) ==
		  -ETIMEDOUT);
	ticket_table_free(&table);
	CU_ASSERT(refs[0] == 1); /* redeemed: ours */
	CU_ASSERT(refs[1] == 0);
}

static void test_expire(void)
{
	unsigned char bits[3][TICKET_BYTES];
	struct ticket t;

	set_up();
	CU_ASSERT(ticket_expire(&table, NOW) == 0);
	for (int i = 0; i < 3; i++)
		CU_ASSERT(issue(i, NOW + 100 * (uint64_t)i, 1, bits[i]) == 0);
	CU_ASSERT(ticket_expire(&table, NOW) == 3);
	CU_ASSERT(ticket_expire(&table, NOW + LAST_MS) == 3);
	CU_ASSERT(refs[0] == 1);
	CU_ASSERT(ticket_expire(&table, NOW + LAST_MS + 1) == 2);
	CU_ASSERT(refs[0] == 0 && refs[1] == 1 && refs[2] == 1);
	CU_ASSERT(ticket_redeem(&table, NOW, 1, bits[0], &t) == -ENOENT);
	CU_ASSERT(ticket_redeem(&table, NOW + LAST_MS + 1, 1, bits[1], &t) ==
		  0);
	CU_ASSERT(ticket_expire(&table, NOW + LAST_MS + 201) == 0);
	CU_ASSERT(refs[1] == 1); /* redeemed before: ours */
	CU_ASSERT(refs[2] == 0);
	ticket_table_free(&table);
}

static void test_many(void)
{
	unsigned char bits[64][TICKET_BYTES];
	int same = 0, dropped = 0;
	struct ticket t;

	set_up();
	for (int i = 0; i < 64; i++)
		CU_ASSERT(issue(i, NOW, (uid_t)i, bits[i]) == 0);
	for (int i = 0; i < 64; i++)
		for (int j = 0; j < i; j++)
			same += !memcmp(bits[i], bits[j], TICKET_BYTES);
	CU_ASSERT(same == 0);
	/* Each opens its own region, in any order. */
	for (int i = 63; i >= 0; i -= 2) {
		CU_ASSERT(ticket_redeem(&table, NOW, (uid_t)i, bits[i], &t) ==
			  0);
		CU_ASSERT_PTR_EQUAL(t.region, &refs[i]);
	}
	CU_ASSERT(ticket_expire(&table, NOW) == 32);
	ticket_table_free(&table);
	for (int i = 0; i < 64; i++)
		dropped += refs[i] == 0;
	CU_ASSERT(dropped == 32);
}

static void test_free(void)
{
	unsigned char bits[TICKET_BYTES];

	set_up();
	CU_ASSERT(issue(0, NOW, 1000, bits) == 0);
	/* So late that it would still be good for ages. */
	CU_ASSERT(issue(1, UINT64_MAX - TICKET_SECONDS * 1000, 1000, bits) ==
		  0);
	ticket_table_free(&table);
	CU_ASSERT(refs[0] == 0);
	CU_ASSERT(refs[1] == 0);
}

static const struct test tests[] = {
	{"redeem", test_redeem},
	{"single use", test_replay},
	{"another user", test_other_user},
	{"made up", test_made_up},
	{"too late", test_too_late},
	{"expire", test_expire},
	{"many", test_many},
	{"free drops references", test_free},
};

int main(void)
{
	return run_tests("unit_ticket", tests, N_TESTS(tests));
}
