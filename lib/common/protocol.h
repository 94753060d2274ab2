/* SPDX-License-Identifier: MIT */
/*
 * What the daemon and the library say to each other. Not an interface for
 * programs: both come from one build.
 *
 * 1. ioctl(MSHARE_IOC_ATTACH) on the region's file: the daemon checks the rules
 *    of windows and answers where the window goes, with a ticket.
 * 2. On the socket that the answer names (SOCK_SEQPACKET, one struct a packet):
 *
 *      library                                daemon
 *      hello{ATTACH, ticket} + uffd    ->
 *                                      <-     answer{0, key, n} + backing file
 *                                      <-     if n: answer{0, key, n} + a file
 *      hello{MAPPED, base}             ->
 *
 *    n: how many struct uffd_op the second file holds, which have to be done to
 *    the window before anybody gets at it. From its answer on, the daemon
 *    counts the window, and changes of the region wait for MAPPED; if the
 *    client hangs up before, it is forgotten. One round trip: a second one
 *    would cost as much as all the rest (woken threads, not work). An answer
 *    with an error ends the conversation. uffd is left out if it must not or
 *    cannot be handed over.
 * 3. After fork(), from the child: hello{FORKED, the parent's key} + uffd,
 *    answered with a key of its own (and, if n, the file), then MAPPED.
 * 4. Before the window is unmapped, or mapped over: hello{LEAVING, key}. The
 *    answer comes when no change is at work on it; from then on changes wait.
 *    Then hello{STAYS} if it could not be unmapped, or the end of the
 *    conversation if it was.
 * 5. After a fault in a window: hello{LOOK, key, base: the offset}, answered
 *    with answer{.n: enum look}.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdint.h>
#include <linux/ioctl.h>

/*
 * Inode numbers of msharefs carry MSHARE_MAGIC in the upper half. So the shim
 * recognises its files by statx() alone, from the kernel's cache, and need not
 * send an ioctl to the daemon of somebody else's FUSE filesystem.
 */
#define MSHARE_INO_BASE ((uint64_t)0x4d534852 << 32)
#define MSHARE_INO_IS_OURS(ino) ((uint64_t)(ino) >> 32 == 0x4d534852)

/* Abstract names of sockets begin with this (after the NUL). */
#define MSHARE_SOCKET_PREFIX "msharefs/"
#define MSHARE_SOCKET_MAX 64

#define MSHARE_KEY_BYTES 16

enum window_kind {
	/* Backing file open for writing, MAP_SHARED: page tables shared. */
	WINDOW_SHARED = 0,
	/*
	 * Backing file open read-only. userfaultfd guards only what could be
	 * made writable, so the window is a MAP_PRIVATE mapping without write
	 * access: it sees the same pages and its holes are guarded, but its
	 * page tables are its own.
	 */
	WINDOW_PRIVATE = 1,
};

enum window_place {
	PLACE_ANY,     /* any free address that is aligned */
	PLACE_HINT,    /* at addr; if it is taken, anywhere */
	PLACE_AT,      /* at addr; if it is taken, EEXIST */
	PLACE_REPLACE, /* at addr, whatever is there (MAP_FIXED) */
};

struct mshare_attach {
	/* asked: the arguments of mmap() */
	uint64_t addr;
	uint64_t length;
	uint64_t offset;
	uint32_t prot;
	uint32_t flags;
	/* answered */
	uint64_t place_addr;
	uint64_t size;
	uint64_t align;
	uint32_t place; /* enum window_place */
	uint32_t kind;	/* enum window_kind */
	unsigned char ticket[MSHARE_KEY_BYTES];
	char socket[MSHARE_SOCKET_MAX]; /* without the leading NUL */
};

#define MSHARE_IOC_ATTACH _IOWR('x', 0x80, struct mshare_attach)

enum hello_op {
	HELLO_ATTACH = 0x6d730001,
	HELLO_MAPPED,
	HELLO_FORKED,
	HELLO_LEAVING,
	HELLO_STAYS,
	HELLO_LOOK,
};

/* The kernel refuses to guard the window's holes. */
#define HELLO_UNGUARDED 1U

struct hello {
	uint32_t op;
	uint32_t flags;
	unsigned char key[MSHARE_KEY_BYTES];
	uint64_t base;
};

/* What is where a process had a fault. */
enum look {
	LOOK_HOLE,
	LOOK_NO_ACCESS, /* PROT_NONE */
	LOOK_READ_ONLY,
	LOOK_MAPPED,	/* it can be written */
	LOOK_LAZY,	/* it is there now */
	LOOK_NO_MEMORY, /* it should be there, and cannot */
	LOOK_CHANGING,	/* it is just being changed */
};

/* The window must be guarded (the option require=guard), or not be at all. */
#define ANSWER_MUST_GUARD 1U
/*
 * The process owns the region (the option ownership), and should keep a
 * descriptor of its file: when that is closed by its exit, the daemon hears of
 * the exit before anybody else.
 */
#define ANSWER_KEEP_FILE 2U

struct answer {
	int32_t error; /* 0 or -errno */
	uint32_t n;
	unsigned char key[MSHARE_KEY_BYTES];
	uint32_t flags;
	uint32_t reserved;
};

#endif
