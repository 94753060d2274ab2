/* SPDX-License-Identifier: MIT */
/*
 * doc/interface.md, section 6, faults: SIGSEGV, never SIGBUS, at the faulting
 * instruction; si_addr is checked wherever a row expects a signal. And changes
 * take effect everywhere before the ioctl returns.
 */
#include "conform/conform.h"

/* The peer has a window of its own too, not an inherited one. */
#define BOTH                                                            \
	"peer " FRESH "; peer set-size S A; peer map 0 H; peer window;" \
	"peer write 0 7; open r; window; read 0 is 7"

static const struct row rows[] = {
	ROW("a hole: read", MAPPED, "read H", "SIGSEGV MAPERR", NULL),
	ROW("a hole: write", MAPPED, "write H 1", "SIGSEGV MAPERR",
	    "read H is SIGSEGV MAPERR"),
	ROW("a hole: its first byte", MAPPED, "write H 1", "SIGSEGV MAPERR",
	    "write H-1 1"),
	ROW("a hole: its last byte", WINDOW "; map 2H H", "read 2H-1",
	    "SIGSEGV MAPERR", "read 2H is 0"),
	ROW("a hole: in the middle of a page", MAPPED, "read H+P+123",
	    "SIGSEGV MAPERR", NULL),
	ROW("a hole: the end of the window", MAPPED, "read A-1",
	    "SIGSEGV MAPERR", NULL),
	ROW("a hole: an empty region", WINDOW, "read 0", "SIGSEGV MAPERR",
	    NULL),
	ROW("a hole: again and again",
	    MAPPED "; read H is SIGSEGV MAPERR; write H 1 is SIGSEGV MAPERR",
	    "read H", "SIGSEGV MAPERR", "write 0 1"),
	ROW("a hole: a window that is read-only",
	    SIZED "; map 0 H; window prot=r", "read H", "SIGSEGV MAPERR", NULL),
	ROW("a hole: a descriptor that is read-only",
	    SIZED "; map 0 H; open r ro; window prot=r", "read H",
	    "SIGSEGV MAPERR", NULL),
	ROW("a hole: a thread", MAPPED, "thread read H", "SIGSEGV MAPERR",
	    "thread read 0 is 0"),
	ROW("a hole: nobody catches it", MAPPED, "child touch H",
	    "killed by SIGSEGV", NULL),
	ROW("a hole: SIGSEGV is ignored", MAPPED, "child touch H ignored",
	    "killed by SIGSEGV", NULL),
	ROW("a hole: SIGSEGV is blocked", MAPPED, "child touch H blocked",
	    "killed by SIGSEGV", NULL),
	ROW("a hole: the handler mends it and returns", MAPPED,
	    "write-and-repair H 9", "repaired 1 times", "read H is 9"),
	ROW("a hole beside a mapping, in its huge page", WINDOW "; map 0 P",
	    "read P", "0", NULL, .needs = HUGE_PAGES,
	    .deviates = "memory is held per huge page",
	    .posted = "SIGSEGV MAPERR"),
	ROW("a hole beside a mapping, in its huge page", WINDOW "; map 0 P",
	    "read P", "SIGSEGV MAPERR", NULL, .needs = SMALL_PAGES),

	ROW("a hole: read() into it", MAPPED, "read-call H", "EFAULT",
	    "read H is SIGSEGV MAPERR"),
	ROW("a hole: write() from it", MAPPED, "write-call H", "EFAULT", NULL),
	ROW("memory: read() into it", MAPPED, "read-call 0", "ok",
	    "read 0 is 120"),
	ROW("memory: write() from it", MAPPED, "write-call 0", "ok", NULL),
	ROW("memory: read() is the first to touch it", WINDOW "; map 0 2H",
	    "read-call H", "ok", "read H is 120"),

	ROW("unmapped by oneself", MAPPED "; write 0 7; unmap 0 H", "read 0",
	    "SIGSEGV MAPERR", "write 0 1 is SIGSEGV MAPERR"),
	ROW("unmapped by another: read", BOTH "; peer unmap 0 H", "read 0",
	    "SIGSEGV MAPERR", NULL),
	ROW("unmapped by another: write", BOTH "; peer unmap 0 H", "write 0 1",
	    "SIGSEGV MAPERR", NULL),
	ROW("unmapped by another: read() into it", BOTH "; peer unmap 0 H",
	    "read-call 0", "EFAULT", NULL),
	ROW("unmapped by another: write() from it", BOTH "; peer unmap 0 H",
	    "write-call 0", "EFAULT", NULL),
	ROW("unmapped by another: a thread", BOTH "; peer unmap 0 H",
	    "thread read 0", "SIGSEGV MAPERR", NULL),
	ROW("unmapped by another: nobody catches it", BOTH "; peer unmap 0 H",
	    "child touch 0", "killed by SIGSEGV", NULL),
	ROW("mapped by another: read",
	    BOTH "; read H is SIGSEGV MAPERR; peer map H H", "read H", "0",
	    NULL),
	ROW("mapped by another: write", BOTH "; peer map H H", "write H 8",
	    "ok", "peer read H is 8"),
	ROW("mapped by another: read() into it", BOTH "; peer map H H",
	    "read-call H", "ok", "peer read H is 120"),
	ROW("unmapped and mapped by another: zeros",
	    BOTH "; peer unmap 0 H; peer map 0 H", "read 0", "0", NULL),
};

const struct table fault_table = TABLE("6", rows);
