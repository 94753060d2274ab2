/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 7: the process that created a region owns it (v3).
 * By default, and in v1 and v2, regions outlive it. The peer is the creator.
 */
#include "conform/conform.h"

#define OPTION "an option of the mount, off by default"
#define MADE "peer " FRESH "; peer set-size S A; peer map 0 H; open r"
#define SHARED MADE "; window; write 0 7"

static const struct row rows[] = {
	ROW("a region outlives its creator", SHARED "; peer exit", "read 0",
	    "7", "map H H; read H is 0; size A", .revisions = V1 | V2),
	ROW("a region outlives its creator: a new window",
	    SHARED "; munmap 0 A; peer exit", "window", "ok", "read 0 is 7",
	    .revisions = V1 | V2),
	ROW("by default a region outlives its creator", SHARED "; peer exit",
	    "read 0", "7", "map H H; read H is 0", .revisions = V3,
	    .deviates = OPTION, .posted = "SIGSEGV MAPERR"),
	ROW("by default a region outlives its creator: a new window",
	    SHARED "; munmap 0 A; peer exit", "window", "ok", "read 0 is 7",
	    .revisions = V3, .deviates = OPTION, .posted = "EINVAL"),

	ROW("the creator lives: memory", SHARED "; peer window", "peer read 0",
	    "7", "write 0 8", .revisions = V3, .needs = OWNERSHIP),
	ROW("the creator exits: read", SHARED "; peer exit", "read 0",
	    "SIGSEGV MAPERR", NULL, .revisions = V3, .needs = OWNERSHIP),
	ROW("the creator exits: write", SHARED "; peer exit", "write 0 8",
	    "SIGSEGV MAPERR", NULL, .revisions = V3, .needs = OWNERSHIP),
	ROW("the creator exits: read() into it", SHARED "; peer exit",
	    "read-call 0", "EFAULT", NULL, .revisions = V3, .needs = OWNERSHIP),
	ROW("the creator exits: others' mappings too",
	    SHARED "; map H H; write H 9; peer exit", "read H",
	    "SIGSEGV MAPERR", NULL, .revisions = V3, .needs = OWNERSHIP),
	ROW("the creator exits: a child's window",
	    MADE "; window; write 0 7; child read 0 is 7; peer exit",
	    "child read 0", "SIGSEGV MAPERR", NULL, .revisions = V3,
	    .needs = OWNERSHIP),
	ROW("the creator exits: a new window", MADE "; peer exit", "window",
	    "EINVAL", NULL, .revisions = V3, .needs = OWNERSHIP),
	ROW("the creator exits: opened later, a new window",
	    MADE "; peer exit; open r", "window", "EINVAL", NULL,
	    .revisions = V3, .needs = OWNERSHIP),
	ROW("the creator exits: an old window can be unmapped",
	    SHARED "; peer exit", "munmap 0 A", "ok", "unlink r",
	    .revisions = V3, .needs = OWNERSHIP),
	ROW("the creator is killed: read", SHARED "; peer die", "read 0",
	    "SIGSEGV MAPERR", NULL, .revisions = V3, .needs = OWNERSHIP),
	ROW("the creator is killed: a new window", MADE "; peer die", "window",
	    "EINVAL", NULL, .revisions = V3, .needs = OWNERSHIP),
	ROW("the creator closes and exits: read",
	    SHARED "; peer close; peer exit; moment", "read 0",
	    "SIGSEGV MAPERR", NULL, .revisions = V3, .needs = OWNERSHIP,
	    .deviates = "a creator with neither file nor window is missed "
			"only once it is gone",
	    .posted = "SIGSEGV MAPERR"),
	ROW("the creator closes it: no exit", SHARED "; peer close", "read 0",
	    "7", NULL, .revisions = V3, .needs = OWNERSHIP),
	ROW("the creator's exec: no exit", SHARED "; peer exec", "read 0", "7",
	    "map H H; window; read 0 is 7", .revisions = V3,
	    .needs = OWNERSHIP),
	ROW("the creator's exec, then its exit",
	    SHARED "; peer exec; peer exit", "read 0", "SIGSEGV MAPERR", NULL,
	    .revisions = V3, .needs = OWNERSHIP),
	ROW("the creating thread's end: no exit",
	    "peer thread " FRESH "; peer set-size S A; peer map 0 H; open r;"
	    "window; write 0 7; peer window",
	    "read 0", "7", "peer write 0 8", .revisions = V3,
	    .needs = OWNERSHIP),
	ROW("the creating thread's end, then the process's",
	    "peer thread " FRESH "; peer set-size S A; peer map 0 H; open r;"
	    "window; write 0 7; peer exit",
	    "read 0", "SIGSEGV MAPERR", NULL, .revisions = V3,
	    .needs = OWNERSHIP),
	ROW("a child of the creator exits: no exit",
	    SHARED "; peer child close", "read 0", "7", NULL, .revisions = V3,
	    .needs = OWNERSHIP),
	ROW("another who has it open exits: no exit",
	    SIZED "; map 0 H; window; write 0 7; peer open r; peer window;"
		  "peer exit",
	    "read 0", "7", NULL, .revisions = V3, .needs = OWNERSHIP),
};

const struct table owner_table = TABLE("7", rows);
