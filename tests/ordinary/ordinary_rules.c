/* SPDX-License-Identifier: MIT */
/*
 * The rules of shared memory, for programs that know nothing of msharefs: each
 * call is made on ordinary memory and on redirected memory, and gives the same
 * result, errno, signals and contents. Rows that differ say what is seen there,
 * and why (the manual page msharectl-run(1) lists them).
 *
 * Runs under the preload.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <linux/futex.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define HUGE ((size_t)2 << 20)
#define GIB ((size_t)1 << 30)
#define ROOM (6 * GIB) /* addresses around the memory that are the test's */
#define LEN (GIB + 3 * (HUGE / 2) + PAGE) /* no multiple of a huge page */

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Where the memory is, in the middle of addresses without any access. */
static char *room;
static char *result;
static size_t used;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	used += (size_t)vsnprintf(result + used, 250 - used, format, args);
	va_end(args);
}

/* What a call returned, once it is known not to be an address. */
static void call(long ret)
{
	say("%s ", ret == -1 ? strerrorname_np(errno) : "ok");
}

static sigjmp_buf back;
static volatile sig_atomic_t caught, caught_code;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught = sig;
	caught_code = info->si_code;
	siglongjmp(back, 1);
}

static void catch_faults(void)
{
	struct sigaction act = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_NODEFER,
	};

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
}

static void say_caught(void)
{
	if (caught)
		say("%s/%d ", sigabbrev_np(caught), caught_code);
	else
		say("ok ");
}

static void look(const char *at)
{
	caught = 0;
	if (!sigsetjmp(back, 1))
		(void)*(const volatile char *)at;
	say_caught();
}

static void store(char *at)
{
	caught = 0;
	if (!sigsetjmp(back, 1))
		*(volatile char *)at = 1;
	say_caught();
}

static void byte(const char *at)
{
	caught = 0;
	if (!sigsetjmp(back, 1))
		say("%d ", *(const volatile char *)at);
	else
		say_caught();
}

/* A hole in the middle of addresses that nothing else gets. */
static char *make_room(void)
{
	char *at;

	room = mmap(NULL, ROOM, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	at = (char *)(((uintptr_t)room + 2 * GIB - 1) & ~(GIB - 1));
	munmap(at, 3 * GIB);
	return at;
}

static char *make(bool redirected)
{
	const int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED;
	char *at = make_room(), *got;

	got = redirected
		      ? mmap(at, LEN, PROT_READ | PROT_WRITE, flags, -1, 0)
		      : (char *)syscall(SYS_mmap, at, LEN,
					PROT_READ | PROT_WRITE, flags, -1, 0L);
	if (got != at)
		abort();
	return got;
}

static void map_call(const void *at)
{
	call(at == MAP_FAILED ? -1 : 0);
}

/* Zeroed, to the byte; and what is beyond. */

static void is_zero(char *p)
{
	long sum = 0;

	for (size_t i = 0; i < HUGE; i += 64)
		sum += p[i] + p[LEN - 1 - i];
	say("%ld ", sum);
}

static void beyond_the_length(char *p)
{
	look(p + LEN);
}

static void beyond_the_huge_page(char *p)
{
	const size_t end = (LEN + HUGE - 1) & ~(HUGE - 1);

	look(p + end);
	store(p + end + PAGE);
	look(p + 2 * GIB - 1);
}

static void beyond_by_a_system_call(char *p)
{
	int ends[2];

	if (pipe(ends))
		abort();
	call(write(ends[1], p + LEN - LEN % HUGE + HUGE, 8));
}

static void mapped_after_it(char *p)
{
	const size_t end = (LEN + HUGE - 1) & ~(HUGE - 1);
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	char *q;

	p[0] = 3;
	q = mmap(p + end, PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
	map_call(q);
	store(q);
	q = mmap(p + end + HUGE, HUGE, PROT_READ,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	map_call(q);
	byte(p + 0);
	look(p + end + PAGE);
}

static void mapped_right_after_it(char *p)
{
	char *q;

	p[HUGE] = 3;
	q = mmap(p + LEN, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	map_call(q);
	look(p + LEN);
	byte(p + HUGE);
	look(p + LEN + PAGE);
}

static void mapped_low_twice(char *p)
{
	const int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT;

	(void)p;
	for (int i = 0; i < 2; i++)
		map_call(mmap(NULL, 64 * HUGE, PROT_READ, flags, -1, 0));
}

static void mapped_onto_it(char *p)
{
	map_call(mmap(p + LEN - PAGE, PAGE, PROT_READ,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		      0));
}

static void mapped_whole_onto_it(char *p)
{
	map_call(mmap(p, LEN, PROT_READ,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
}

/* munmap() */

static void unmap(char *p, size_t offset, size_t len)
{
	const size_t end = (offset + len + PAGE - 1) & ~(PAGE - 1);

	memset(p, 5, HUGE);
	p[LEN - 1] = 6;
	call(munmap(p + offset, len));
	look(p + offset);
	if (offset)
		look(p + offset - 1);
	if (end < LEN)
		byte(p + end);
}

static void unmap_huge_page(char *p)
{
	unmap(p, HUGE, HUGE);
}

static void unmap_first_unit(char *p)
{
	unmap(p, 0, GIB);
}

static void unmap_second_half(char *p)
{
	unmap(p, GIB / 2, LEN - GIB / 2);
}

static void unmap_all(char *p)
{
	unmap(p, 0, LEN);
	look(p + LEN + HUGE);
}

static void unmap_all_and_more(char *p)
{
	p[LEN - 1] = 4;
	call(munmap(p - PAGE, LEN + GIB / 2));
	look(p);
	look(p + LEN - 1);
	look(p + GIB + GIB / 2);
}

static void unmap_beyond(char *p)
{
	call(munmap(p + LEN, HUGE));
	look(p + LEN - 1);
}

static void unmap_small_parts_until_all_is_gone(char *p)
{
	long last = 0;

	for (size_t at = 0; at < HUGE; at += PAGE)
		last |= munmap(p + at, PAGE);
	call(last);
	look(p);
	look(p + HUGE);
}

static void unmap_small_part(char *p)
{
	unmap(p, PAGE, PAGE);
}

/* What is left of the huge page becomes ordinary: then there is a gap. */
static void unmap_small_part_of_ordinary_memory(char *p)
{
	p[3 * PAGE] = 5;
	call(munmap(p + PAGE, PAGE));
	call(mprotect(p, 2 * PAGE, PROT_READ));
	look(p);
	look(p + PAGE);
	byte(p + 3 * PAGE);
}

static void unmap_badly(char *p)
{
	call(munmap(p + 1, PAGE));
	call(munmap(p, 0));
	call(munmap(p, SIZE_MAX));
}

/* mprotect() */

static void protect(char *p, size_t offset, size_t len, int prot)
{
	const size_t end = (offset + len + PAGE - 1) & ~(PAGE - 1);

	p[offset] = 7;
	call(mprotect(p + offset, len, prot));
	look(p + offset);
	store(p + offset);
	if (end < LEN)
		store(p + end);
	mprotect(p + offset, len, PROT_READ);
	byte(p + offset);
}

static void protect_all(char *p)
{
	protect(p, 0, LEN, PROT_READ);
}

static void protect_all_from_all(char *p)
{
	protect(p, 0, LEN, PROT_NONE);
}

static void protect_huge_page(char *p)
{
	protect(p, HUGE, HUGE, PROT_READ);
}

static void protect_page(char *p)
{
	protect(p, HUGE + PAGE, PAGE, PROT_READ);
	store(p + HUGE);
	store(p + GIB);
}

static void protect_page_from_all(char *p)
{
	protect(p, PAGE, PAGE, PROT_NONE);
}

static void protect_beyond(char *p)
{
	call(mprotect(p, LEN + PAGE, PROT_READ));
	store(p);
	call(mprotect(p + LEN + HUGE, PAGE, PROT_READ));
}

static void protect_over_a_gap(char *p)
{
	munmap(p + 2 * HUGE, HUGE);
	call(mprotect(p, 4 * HUGE, PROT_READ));
	call(mprotect(p + GIB + PAGE, PAGE, PROT_READ));
	store(p);
	store(p + 3 * HUGE);
	store(p + GIB);
}

static void protect_to_execute(char *p)
{
	call(mprotect(p, LEN, PROT_READ | PROT_EXEC));
}

/* mremap() */

static void remap_to_the_same(char *p)
{
	say("%d ", mremap(p, LEN, LEN, 0) == p);
}

static void remap_to_less(char *p)
{
	p[GIB] = 4;
	say("%d ", mremap(p, LEN, GIB + PAGE, 0) == p);
	byte(p + GIB);
	look(p + GIB + HUGE);
}

static void remap_to_more(char *p)
{
	char *q = mremap(p, LEN, LEN + 4 * HUGE, 0);

	map_call(q);
	look(p + LEN - 1);
	look(p + LEN + 2 * HUGE);
}

static void remap_to_too_much(char *p)
{
	map_call(mremap(p, LEN, LEN + 4 * GIB, 0));
}

static void remap_elsewhere(char *p)
{
	char *to = p + 2 * GIB + 4 * PAGE, *q;

	p[5] = 7;
	q = mremap(p, LEN - GIB, LEN - GIB, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	map_call(q);
	look(to + 5);
	look(p + 5);
	say("%d ", q == MAP_FAILED ? 0 : to[5]);
}

static void remap_twice(char *p)
{
	char *q;

	p[5] = 7;
	q = mremap(p, 0, LEN, MREMAP_MAYMOVE);
	map_call(q);
	say("%d ", q == MAP_FAILED ? 0 : q[5]);
}

static void remap_onto_it(char *p)
{
	char *q = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	q[0] = 9;
	p[HUGE] = 4;
	q = mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE);
	map_call(q);
	byte(p + PAGE);
	byte(p + HUGE);
}

static void remap_badly(char *p)
{
	map_call(mremap(p + 1, LEN, LEN, 0));
	map_call(mremap(p, LEN, 0, 0));
	map_call(mremap(p, LEN, LEN, 64));
	map_call(mremap(p + LEN + HUGE, PAGE, HUGE, 0));
	map_call(mremap(p + LEN + HUGE, PAGE, HUGE,
			MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
	map_call(mremap(p - HUGE, 2 * HUGE, HUGE, 0));
	look(p);
}

/* What is there is lost only if the call can succeed. */
static void remap_badly_onto_it(char *p)
{
	char *q = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	p[HUGE] = 4;
	map_call(mremap(q, PAGE, PAGE, MREMAP_FIXED, p + HUGE));
	byte(p + HUGE);
	map_call(mremap(p + 2 * GIB, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			p + HUGE));
	byte(p + HUGE);
	map_call(mremap(p, 2 * HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			p + HUGE));
	byte(p + HUGE);
}

/* madvise() */

static void advise(char *p, size_t offset, size_t len, int advice)
{
	p[offset] = 7;
	p[offset + len] = 8;
	call(madvise(p + offset, len, advice));
	byte(p + offset);
	byte(p + offset + len);
}

static void hints(char *p)
{
	static const int advices[] = {
		MADV_NORMAL,	 MADV_RANDOM,	  MADV_SEQUENTIAL,
		MADV_WILLNEED,	 MADV_DONTNEED,	  MADV_COLD,
		MADV_PAGEOUT,	 MADV_MERGEABLE,  MADV_UNMERGEABLE,
		MADV_HUGEPAGE,	 MADV_NOHUGEPAGE, MADV_FREE,
		MADV_WIPEONFORK, MADV_KEEPONFORK,
	};

	p[1] = 7;
	p[LEN - 1] = 8;
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		call(madvise(p, LEN, advices[i]));
		call(madvise(p + PAGE, PAGE, advices[i]));
	}
	byte(p + 1);
	byte(p + LEN - 1);
}

static void advise_not_to_dump(char *p)
{
	advise(p, 0, LEN - 1, MADV_DONTDUMP);
	advise(p, 0, LEN - 1, MADV_DODUMP);
}

static void advise_not_to_dump_page(char *p)
{
	advise(p, PAGE, PAGE, MADV_DONTDUMP);
}

static void advise_remove_all(char *p)
{
	p[9] = 1;
	p[LEN - 1] = 1;
	call(madvise(p, LEN, MADV_REMOVE));
	byte(p + 9);
	byte(p + LEN - 1);
}

static void advise_remove_page(char *p)
{
	p[0] = 6;
	advise(p, PAGE, PAGE, MADV_REMOVE);
	byte(p + 0);
}

static void advise_remove_read_only(char *p)
{
	p[0] = 6;
	mprotect(p, LEN, PROT_READ);
	call(madvise(p, PAGE, MADV_REMOVE));
	byte(p + 0);
}

/* A kernel that does not know it for ordinary memory knows it for none. */
static void advise_no_guard(char *p)
{
	char *q = (char *)syscall(SYS_mmap, NULL, PAGE, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0L);
	bool known = !madvise(q, PAGE, MADV_GUARD_INSTALL);

	say("%d ", known && madvise(p, 2 * HUGE, MADV_GUARD_REMOVE));
}

static void advise_populate(char *p)
{
	advise(p, 0, 2 * HUGE, MADV_POPULATE_READ);
	advise(p, PAGE, PAGE, MADV_POPULATE_WRITE);
	call(madvise(p + LEN - PAGE, 2 * PAGE, MADV_POPULATE_WRITE));
}

static void advise_in_a_gap(char *p)
{
	munmap(p, PAGE);
	mprotect(p + GIB, HUGE, PROT_READ);
	call(madvise(p, 2 * PAGE, MADV_RANDOM));
	call(madvise(p, GIB + HUGE, MADV_POPULATE_WRITE));
	call(madvise(p, PAGE, 12345));
}

static void advise_beyond(char *p)
{
	call(madvise(p, LEN + PAGE, MADV_RANDOM));
	call(madvise(p + LEN + HUGE, PAGE, MADV_NORMAL));
	call(madvise(p + 1, PAGE, MADV_NORMAL));
	call(madvise(p, PAGE, 12345));
}

static void posix_advice(char *p)
{
	p[0] = 3;
	say("%d ", posix_madvise(p, LEN, POSIX_MADV_RANDOM));
	say("%d ", posix_madvise(p + PAGE, PAGE, POSIX_MADV_DONTNEED));
	byte(p + 0);
}

/* Its addresses are free in the child. */
static void in_child_without_it(char *p)
{
	look(p);
	map_call(mmap(p, 2 * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		      0));
	store(p);
	call(munmap(p, PAGE));
	look(p);
	look(p + PAGE);
}

/* result is shared with the child. */
static void in_child(void (*act)(char *p), char *p)
{
	const size_t before = used;
	int status;
	pid_t pid = fork();

	if (!pid) {
		act(p);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	used = before + strlen(result + before);
	if (status)
		say("status %#x ", status);
}

static void advise_not_to_inherit(char *p)
{
	call(madvise(p, LEN, MADV_DONTFORK));
	in_child(in_child_without_it, p);
	call(madvise(p, LEN, MADV_DOFORK));
	look(p);
}

/* A guard page, when another process has the memory. */
static void protect_first_page(char *p)
{
	call(mprotect(p + PAGE, PAGE, PROT_NONE));
}

static void protect_page_that_is_shared(char *p)
{
	in_child(protect_first_page, p);
}

static void protect_from_a_gap(char *p)
{
	munmap(p - PAGE, PAGE);
	call(mprotect(p - PAGE, 3 * PAGE, PROT_NONE));
	look(p);
}

/* The huge page of the second need not be divided for that. */
static void protect_from_a_gap_in_child(char *p)
{
	in_child(protect_from_a_gap, p);
}

/* Other calls */

static void lock(char *p)
{
	call(mlock(p + PAGE, LEN - PAGE));
	call(munlock(p + PAGE, LEN - PAGE));
	call(mlock2(p, PAGE, MLOCK_ONFAULT));
}

static void sync_it(char *p)
{
	call(msync(p, LEN, MS_SYNC));
	call(msync(p + PAGE, PAGE, MS_ASYNC));
	call(msync(p, LEN, MS_INVALIDATE));
}

static void in_core(char *p)
{
	unsigned char there[2] = {9, 9};

	p[0] = 1;
	call(mincore(p, PAGE, there));
	say("%d ", there[0] & 1);
}

static void bind_to_a_node(char *p)
{
	unsigned long nodes = 1;

	call(syscall(SYS_mbind, p, GIB, 2, &nodes, 64UL, 0));
}

static void replaced_by_fixed(char *p, size_t offset, size_t len)
{
	char *q;

	memset(p + offset, 7, len);
	p[offset + len] = 8;
	q = mmap(p + offset, len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	map_call(q);
	byte(p + offset);
	byte(p + offset + len);
	if (offset)
		store(p + offset - 1);
}

static void replace_page(char *p)
{
	replaced_by_fixed(p, PAGE, PAGE);
}

static void replace_huge_page(char *p)
{
	replaced_by_fixed(p, HUGE, HUGE);
}

static void replace_all(char *p)
{
	char *q = mmap(p, LEN, PROT_READ,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
		       -1, 0);

	say("%d ", q == p);
	look(p + GIB);
	look(p + LEN + HUGE);
}

static void replace_by_a_bad_file(char *p)
{
	void *q;

	p[HUGE] = 5;
	q = mmap(p, LEN, PROT_READ, MAP_SHARED | MAP_FIXED, 999, 0);
	map_call(q);
	look(p + HUGE);
	byte(p + HUGE);
}

static void remap_file(char *p)
{
	call(syscall(SYS_remap_file_pages, p, HUGE, 0, 512, 0));
}

/* Processes */

static void change_in_child(char *p)
{
	p[9]++;
	p[LEN - 1] = 5;
	call(munmap(p, LEN));
}

static void shared_with_children(char *p)
{
	p[9] = 1;
	in_child(change_in_child, p);
	byte(p + 9);
	byte(p + LEN - 1);
}

static void wait_on_futex(char *p)
{
	uint32_t *word = (uint32_t *)(p + HUGE);
	int status;
	pid_t pid = fork();

	if (!pid) {
		while (syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) !=
		       1)
			sched_yield();
		_exit(0);
	}
	call(syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0));
	waitpid(pid, &status, 0);
	say("%d ", status);
}

static void read_by_another_process(char *p)
{
	struct iovec to = {(char[8]){0}, 8}, from = {p + PAGE - 4, 8};

	memset(p, 3, 2 * PAGE);
	call(process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 8 ? 0 : -1);
	say("%d ", ((char *)to.iov_base)[7]);
}

static void gone_after_exec(char *p)
{
	int status;
	pid_t pid = fork();

	(void)p;
	if (!pid) {
		execl("/bin/sh", "sh", "-c",
		      "! grep -e mshare:anon -e /dev/zero /proc/$$/maps", NULL);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	say("%d ", status);
}

struct row {
	const char *name;
	void (*act)(char *p);
	const char *redirected; /* if it differs from ordinary memory */
	const char *why;
};

#define SMALL_PARTS "a part smaller than a huge page stays with it"

static const struct row rows[] = {
	{"zeroed", is_zero, NULL, NULL},
	{"beyond the length", beyond_the_length, "ok ",
	 "accesses up to the next huge page do not fault"},
	{"beyond the huge page", beyond_the_huge_page, NULL, NULL},
	{"beyond, system call", beyond_by_a_system_call, NULL, NULL},
	{"mapped after it", mapped_after_it, NULL, NULL},
	{"mapped right after it", mapped_right_after_it, NULL, NULL},
	{"mapped low twice", mapped_low_twice, NULL, NULL},
	{"mapped onto it", mapped_onto_it, NULL, NULL},
	{"mapped whole onto it", mapped_whole_onto_it, NULL, NULL},
	{"munmap huge page", unmap_huge_page, NULL, NULL},
	{"munmap first unit", unmap_first_unit, NULL, NULL},
	{"munmap second half", unmap_second_half, NULL, NULL},
	{"munmap all", unmap_all, NULL, NULL},
	{"munmap all and more", unmap_all_and_more, NULL, NULL},
	{"munmap beyond", unmap_beyond, NULL, NULL},
	{"munmap page by page", unmap_small_parts_until_all_is_gone, NULL,
	 NULL},
	{"munmap page", unmap_small_part, "ok ok ok 5 ", SMALL_PARTS},
	{"munmap page, then ordinary", unmap_small_part_of_ordinary_memory,
	 NULL, NULL},
	{"munmap badly", unmap_badly, NULL, NULL},
	{"mprotect all", protect_all, NULL, NULL},
	{"mprotect all, none", protect_all_from_all, NULL, NULL},
	{"mprotect huge page", protect_huge_page, NULL, NULL},
	{"mprotect page", protect_page, NULL, NULL},
	{"mprotect page, none", protect_page_from_all, NULL, NULL},
	{"mprotect beyond", protect_beyond, NULL, NULL},
	{"mprotect over a gap", protect_over_a_gap, NULL, NULL},
	{"mprotect from a gap", protect_from_a_gap_in_child, NULL, NULL},
	{"mprotect exec", protect_to_execute, NULL, NULL},
	{"mprotect shared page", protect_page_that_is_shared, "EINVAL ",
	 "a huge page that other processes have cannot be divided"},
	{"mremap same", remap_to_the_same, NULL, NULL},
	{"mremap less", remap_to_less, NULL, NULL},
	{"mremap more", remap_to_more, NULL, NULL},
	{"mremap too much", remap_to_too_much, NULL, NULL},
	{"mremap elsewhere", remap_elsewhere, NULL, NULL},
	{"mremap twice", remap_twice, NULL, NULL},
	{"mremap onto it", remap_onto_it, NULL, NULL},
	{"mremap badly", remap_badly, NULL, NULL},
	{"mremap badly onto it", remap_badly_onto_it, NULL, NULL},
	{"madvise hints", hints, NULL, NULL},
	{"madvise no dump", advise_not_to_dump, NULL, NULL},
	{"madvise no dump, page", advise_not_to_dump_page, NULL, NULL},
	{"madvise remove", advise_remove_all, NULL, NULL},
	{"madvise remove page", advise_remove_page, NULL, NULL},
	{"madvise remove read-only", advise_remove_read_only, NULL, NULL},
	{"madvise no guard", advise_no_guard, NULL, NULL},
	{"madvise populate", advise_populate, NULL, NULL},
	{"madvise in a gap", advise_in_a_gap, NULL, NULL},
	{"madvise beyond", advise_beyond, NULL, NULL},
	{"posix_madvise", posix_advice, NULL, NULL},
	{"madvise no fork", advise_not_to_inherit, NULL, NULL},
	{"mlock", lock, NULL, NULL},
	{"msync", sync_it, NULL, NULL},
	{"mincore", in_core, NULL, NULL},
	{"mbind", bind_to_a_node, NULL, NULL},
	{"MAP_FIXED page", replace_page, NULL, NULL},
	{"MAP_FIXED huge page", replace_huge_page, NULL, NULL},
	{"MAP_FIXED all", replace_all, NULL, NULL},
	{"MAP_FIXED bad file", replace_by_a_bad_file, NULL, NULL},
	{"remap_file_pages", remap_file, NULL, NULL},
	{"children", shared_with_children, NULL, NULL},
	{"futex", wait_on_futex, NULL, NULL},
	{"process_vm_readv", read_by_another_process, NULL, NULL},
	{"exec", gone_after_exec, NULL, NULL},
};

/* In a process of its own, as what it does to its memory is not undone. */
static void act(const struct row *row, bool redirected, char *text)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		result = text;
		catch_faults();
		row->act(make(redirected));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		snprintf(text, 250, "killed by SIG%s",
			 sigabbrev_np(WTERMSIG(status)));
}

static bool compare(const struct row *row, char texts[2][256])
{
	const char *wanted = row->redirected ? row->redirected : texts[0];

	memset(texts[0], 0, 512);
	act(row, false, texts[0]);
	act(row, true, texts[1]);
	if (strcmp(texts[1], wanted) || !texts[1][0]) {
		printf("FAIL %s: ordinary: %s; redirected: %s; wanted: %s\n",
		       row->name, texts[0], texts[1], wanted);
		return false;
	}
	/* A difference that is none any more does not belong into the manual.
	 */
	if (row->redirected && !strcmp(texts[0], texts[1])) {
		printf("FAIL %s: does not differ any more: %s\n", row->name,
		       row->why);
		return false;
	}
	printf("ok   %s: %s%s%s\n", row->name, texts[1],
	       row->why ? " - differs: " : "", row->why ? row->why : "");
	return true;
}

/* Whether as much as a row uses can be had at once. */
static bool has_huge_pages(void)
{
	void *at =
		mmap(NULL, LEN, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at != MAP_FAILED && !munmap(at, LEN);
}

int main(int argc, char **argv)
{
	const size_t n = sizeof(rows) / sizeof(rows[0]);
	size_t passed = 0, tried = 0;
	char(*texts)[256];

	if (!getenv("MSHAREFS_SHARE")) {
		setenv("MSHAREFS_SHARE", "anon,require", 1);
		execv("/proc/self/exe", argv);
		return 1;
	}
	if (!has_huge_pages()) {
		puts("SKIP redirected memory: 600 huge pages cannot be had\n"
		     "ordinary_rules: 0 passed, 0 failed, 1 skipped");
		return 77;
	}
	texts = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < n; i++) {
		if (argc > 1 && strcmp(argv[1], rows[i].name) != 0)
			continue;
		tried++;
		passed += compare(&rows[i], texts) ? 1 : 0;
	}
	printf("ordinary_rules: %zu passed, %zu failed, 0 skipped\n", passed,
	       tried - passed);
	return passed && passed == tried ? 0 : 1;
}
