/* SPDX-License-Identifier: MIT */
/*
 * The protocol between the daemon and the library. It is no interface for
 * programs: both ends come from one build.
 *
 * 1. ioctl(MSHARE_IOC_ATTACH) on the region's file: the daemon checks the rules
 *    for windows and answers with the place of the window and a ticket.
 * 2. On the socket named in that answer (SOCK_SEQPACKET, one struct a packet):
 *
 *      library                                daemon
 *      hello{ATTACH, ticket} + uffd    ->
 *                                      <-     answer{0, key, n} + backing file
 *                                      <-     if n: answer{0, key, n} + a file
 *      hello{MAPPED, base}             ->
 *
 *    The second file contains n struct uffd_op, which the library applies to
 *    the window before it grants access. From its first answer on, the daemon
 *    counts the window, and changes of the region wait for MAPPED. If the
 *    library hangs up before MAPPED, the daemon forgets the window. There is
 *    one round trip only: a second one would cost as much as all the rest,
 *    because it wakes threads. An answer with an error ends the conversation.
 *    The library sends no uffd if it has none or must not hand it over.
 * 3. After fork(), which copies no window, the child sends hello{FORKED, the
 *    parent's key} + uffd. The daemon answers with a new key (with the backing
 *    file, if the flag HELLO_WANTS_FILE was set; and, if n, the file of steps),
 *    the child with MAPPED.
 * 4. Before the library unmaps a window or maps over it, it sends
 *    hello{LEAVING, key}. The daemon answers when no change of the window is
 *    under way, and starts none before the conversation ends. The library then
 *    sends hello{STAYS} if the window could not be unmapped; otherwise it hangs
 *    up.
 * 5. After a fault in a window, the library sends hello{FAULT_QUERY, key,
 *    base: the offset}. The daemon answers with answer{.n: enum fault_answer}.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <errno.h>
#include <stdint.h>
#include <linux/ioctl.h>

/*
 * The upper half of an inode number of msharefs is MSHARE_MAGIC. So the library
 * recognises files of msharefs with statx() from the kernel's cache, and sends
 * no ioctl to the daemon of another FUSE filesystem.
 */
#define MSHARE_INO_MAGIC 0x4d534852 /* MSHARE_MAGIC of <linux/msharefs.h> */
#define MSHARE_INO_BASE ((uint64_t)MSHARE_INO_MAGIC << 32)
#define MSHARE_INO_IS_OURS(ino) ((uint64_t)(ino) >> 32 == MSHARE_INO_MAGIC)

/* The abstract names of the sockets begin with this, after the NUL. */
#define MSHARE_SOCKET_PREFIX "msharefs/"
#define MSHARE_SOCKET_MAX 64

#define MSHARE_KEY_BYTES 16

enum window_kind {
	/* A MAP_SHARED mapping of the backing file: shares page tables. */
	WINDOW_SHARED = 0,
	/*
	 * For a file opened read-only: a MAP_PRIVATE mapping without write
	 * access. It maps the same pages, but does not share page tables.
	 * MAP_SHARED is impossible, as userfaultfd guards only mappings that
	 * can be made writable.
	 */
	WINDOW_PRIVATE = 1,
};

enum window_place {
	PLACE_ANY,     /* at any free, aligned address */
	PLACE_HINT,    /* at addr, or anywhere if that is taken */
	PLACE_AT,      /* at addr, or EEXIST if that is taken */
	PLACE_REPLACE, /* at addr, replacing what is mapped there */
};

struct mshare_attach {
	/* request: the arguments of mmap() */
	uint64_t addr;
	uint64_t length;
	uint64_t offset;
	uint32_t prot;
	uint32_t flags;
	/* answer */
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
	HELLO_FAULT_QUERY,
};

/* The kernel refused to guard the holes of the window. */
#define HELLO_UNGUARDED 1U
/* HELLO_FORKED: the child has no descriptor of the backing file any more. */
#define HELLO_WANTS_FILE 2U

struct hello {
	uint32_t op;
	uint32_t flags;
	unsigned char key[MSHARE_KEY_BYTES];
	uint64_t base;
};

/* What the region has at the offset of a fault. */
enum fault_answer {
	FAULT_HOLE,
	FAULT_NO_ACCESS, /* PROT_NONE */
	FAULT_READ_ONLY,
	FAULT_MAPPED,	 /* writable; allocated by now */
	FAULT_LAZY,	 /* a lazy page, allocated by now */
	FAULT_NO_MEMORY, /* a lazy page that cannot be allocated */
	FAULT_CHANGING,	 /* a change of the region is under way */
};

/* A window that cannot be guarded is refused: the option require=guard. */
#define ANSWER_MUST_GUARD 1U
/*
 * The process owns the region (the option ownership) and should keep a
 * descriptor of its file open: the exit of the process closes it, so the daemon
 * learns of the exit before anybody else.
 */
#define ANSWER_KEEP_FILE 2U

/*
 * The error by which the daemon turns away a client that it has not listened
 * to, for want of something that will be there in a moment: connect again.
 */
#define ANSWER_TURNED_AWAY EUSERS

struct answer {
	int32_t error; /* 0 or -errno */
	uint32_t n;
	unsigned char key[MSHARE_KEY_BYTES];
	uint32_t flags;
	uint32_t reserved;
};

#endif
