/* SPDX-License-Identifier: MIT */
/* Makes, guards and gives up windows, as protocol.h describes. */
#include "engine/attach_client.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "engine/sigbus.h"
#include "common/address_reserve.h"
#include "common/syscalls.h"
#include "engine/daemon_channel.h"
#include "common/uffd.h"

static int read_statx(int fd, struct statx *stx)
{
	return (int)SYS_CALL(SYS_statx, fd, "",
			     AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO,
			     stx);
}

bool attach_is_msharefs(int fd)
{
	struct statx stx;

	return !read_statx(fd, &stx) && MSHARE_INO_IS_OURS(stx.stx_ino) &&
	       stx.stx_dev_major == 0;
}

/* Our copies of userfaultfds */

/*
 * Moves fd to a high number, as programs expect open() to return low ones.
 * Stays below 64, the size of the table that every process has.
 */
static int move_up(int fd)
{
	for (int slot = 63; slot > 55 && slot > fd; slot--) {
		int at = (int)SYS_CALL(SYS_fcntl, fd, F_DUPFD_CLOEXEC, slot);

		if (at == slot) {
			sys_close(fd);
			return at;
		}
		if (at >= 0)
			sys_close(at);
	}
	return fd;
}

static void keep_uffd(struct window *w, int uffd)
{
	struct statx stx;

	w->uffd = -1;
	if (uffd < 0)
		return;
	uffd = move_up(uffd);
	if (read_statx(uffd, &stx)) {
		sys_close(uffd);
		return;
	}
	w->uffd = uffd;
	w->uffd_ino = stx.stx_ino;
}

/* The program may have closed our descriptor and reused its number. */
static void close_uffd(struct window *w)
{
	struct statx stx;

	if (w->uffd >= 0 && !read_statx(w->uffd, &stx) &&
	    stx.stx_ino == w->uffd_ino && !(stx.stx_mode & S_IFMT))
		sys_close(w->uffd);
	w->uffd = -1;
}

static void keep_file(struct window *w, const struct answer *answer, int fd)
{
	w->file = -1;
	if (answer->flags & ANSWER_KEEP_FILE)
		w->file = (int)SYS_CALL(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);
	if (w->file >= 0)
		w->file = move_up(w->file);
}

static void set_file_id(struct window *w, int fd)
{
	struct statx stx = {0};

	read_statx(fd, &stx);
	w->device = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	w->ino = stx.stx_ino;
}

/* The program may have reused this number, too. */
static void close_file(struct window *w)
{
	if (w->file >= 0 && attach_is_msharefs(w->file))
		sys_close(w->file);
	w->file = -1;
}

/*
 * Guards a range with uffd. If the kernel refuses, as under a seccomp filter,
 * closes uffd and returns -1: the window works without it.
 */
static int guard(int uffd, uintptr_t base, size_t size)
{
	if (uffd < 0)
		return -1;
	if (!uffd_register(uffd, base, size))
		return uffd;
	sys_close(uffd);
	return -1;
}

static int do_step(int uffd, uintptr_t base, size_t size,
		   const struct uffd_op *op)
{
	if (op->start >= op->end || op->end > size)
		return -EIO;
	return uffd_do(uffd, base, op);
}

#define STEPS_AT_ONCE 32

static int do_steps(int uffd, uintptr_t base, size_t size, uint32_t n, int file)
{
	struct uffd_op steps[STEPS_AT_ONCE];
	off_t at = 0;
	int err = 0;

	while (n && !err) {
		size_t some = n < STEPS_AT_ONCE ? n : STEPS_AT_ONCE;
		size_t bytes = some * sizeof(steps[0]);

		if (SYS_CALL(SYS_pread64, file, steps, bytes, at) !=
		    (long)bytes)
			return -EIO;
		for (size_t i = 0; i < some && !err; i++)
			err = do_step(uffd, base, size, &steps[i]);
		at += (off_t)bytes;
		n -= (uint32_t)some;
	}
	/*
	 * Fail where a protection could be missed. Other errors mean that the
	 * kernel cannot write-protect.
	 */
	return err == -ENOMEM || err == -EIO ? err : 0;
}

static int send_mapped(int sock, const unsigned char *key, uintptr_t base,
		       int uffd)
{
	struct hello hello = channel_hello(HELLO_MAPPED, key, base);

	if (uffd < 0)
		hello.flags |= HELLO_UNGUARDED;
	return channel_send(sock, &hello, -1);
}

/*
 * Guards the window and applies the operations that the daemon sent with its
 * answer, so that the window equals the others. It is not accessible yet.
 */
static int guard_as_answered(int sock, const struct answer *answer,
			     uintptr_t base, size_t size, int *uffd)
{
	struct answer again;
	int file, err;

	*uffd = guard(*uffd, base, size);
	if (*uffd < 0 && answer->flags & ANSWER_MUST_GUARD) {
		send_mapped(sock, answer->key, base, -1); /* for the log */
		return -EPERM;
	}
	if (*uffd < 0)
		return 0;
	if (!answer->n)
		return 0;
	err = channel_receive(sock, &again, &file);
	if (err)
		return err;
	err = do_steps(*uffd, base, size, answer->n, file);
	sys_close(file);
	return err;
}

/*
 * Asks the daemon to stop changing this window. Returns sock when it has, or
 * closes it and returns -1.
 */
static int send_leaving(int sock, const unsigned char *key)
{
	struct hello hello = channel_hello(HELLO_LEAVING, key, 0);
	struct answer answer;

	if (!channel_send(sock, &hello, -1) &&
	    !channel_receive(sock, &answer, NULL))
		return sock;
	sys_close(sock);
	return -1;
}

static void cancel_at_daemon(const char *socket, const unsigned char *key)
{
	int sock = channel_connect(socket);

	if (sock >= 0)
		sock = send_leaving(sock, key);
	if (sock >= 0)
		sys_close(sock);
}

static bool out_of_descriptors(int err)
{
	return err == -EMFILE || err == -ENFILE;
}

static int announce_unmap(struct window *w)
{
	int sock = channel_connect(w->socket);

	/* The window no longer needs its userfaultfd: closing it makes room. */
	if (out_of_descriptors(sock)) {
		close_uffd(w);
		sock = channel_connect(w->socket);
	}
	/* without a daemon there are no changes */
	return sock < 0 ? -1 : send_leaving(sock, w->key);
}

/* The mapping is inaccessible until it is guarded and the daemon knows it. */
static int map_and_guard(int sock, const struct placement *p, uintptr_t base,
			 const struct answer *answer,
			 const struct mshare_attach *attach, int prot,
			 int *uffd)
{
	int err = guard_as_answered(sock, answer, base, p->size, uffd);

	if (!err)
		err = send_mapped(sock, answer->key, base, *uffd);
	if (err)
		return err; /* the daemon forgets the window */
	err = sys_mprotect(base, p->size, prot);
	if (err)
		cancel_at_daemon(attach->socket, answer->key);
	return err;
}

static int make_window(int sock, const struct mshare_attach *attach,
		       const struct mmap_args *args, struct window *w)
{
	const struct placement p = {
		.place = attach->place,
		.addr = attach->place_addr,
		.size = attach->size,
		.align = attach->align,
		.extra_flags = args->flags & MAP_32BIT,
	};
	const bool over = p.place == PLACE_REPLACE;
	struct hello hello = channel_hello(HELLO_ATTACH, attach->ticket, 0);
	struct answer answer;
	uintptr_t base = 0;
	int file, err, uffd = uffd_open();

	/* Out of resources: the window must not go unguarded for that. */
	if (out_of_descriptors(uffd) || uffd == -ENOMEM)
		return uffd;
	if (uffd < 0)
		hello.flags |= HELLO_UNGUARDED;
	err = channel_send(sock, &hello, uffd);
	if (err)
		err = channel_refusal(sock);
	/* Reserve the address while the daemon works on the answer. */
	if (!err)
		err = address_reserve(&p, &base);
	if (err)
		goto close;
	err = channel_receive(sock, &answer, &file);
	if (!err) {
		if (over)
			attach_unmap_begins(base, p.size);
		err = address_reserve_map(&p, attach->kind, file, base);
		if (over)
			attach_unmap_ended(base, p.size, !err);
		sys_close(file);
	}
	if (err) {
		address_reserve_cancel(&p, base);
		goto close;
	}
	err = map_and_guard(sock, &p, base, &answer, attach, args->prot, &uffd);
	if (err) {
		sys_munmap(base, p.size);
		goto close;
	}
	keep_uffd(w, uffd);
	keep_file(w, &answer, args->fd);
	set_file_id(w, args->fd);
	w->known = true;
	memcpy(w->key, answer.key, sizeof(w->key));
	memcpy(w->socket, attach->socket, sizeof(w->socket));
	window_publish(w, base, p.size);
	return 0;
close:
	if (uffd >= 0)
		sys_close(uffd);
	return err;
}

/*
 * The answer may come from another filesystem that forges our inode numbers.
 * Whatever it says, we map only what the program asked for, and never over
 * anything that the program did not give up itself.
 */
static bool is_sane(const struct mmap_args *args, const struct mshare_attach *a)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const int fixed = MAP_FIXED | MAP_FIXED_NOREPLACE;
	const char *prefix = MSHARE_SOCKET_PREFIX;

	if (a->place > PLACE_REPLACE || a->kind > WINDOW_PRIVATE)
		return false;
	if (a->align < page || a->align & (a->align - 1))
		return false;
	if (a->size < args->length || a->size - args->length >= page)
		return false;
	if (a->place == PLACE_REPLACE &&
	    ((args->flags & fixed) != MAP_FIXED ||
	     a->place_addr != (uintptr_t)args->addr))
		return false;
	return !strncmp(a->socket, prefix, strlen(prefix));
}

static int try_to_attach(const struct mmap_args *args, void **base)
{
	struct mshare_attach attach = {
		.addr = (uintptr_t)args->addr,
		.length = args->length,
		.offset = (uint64_t)args->offset,
		.prot = (uint32_t)args->prot,
		.flags = (uint32_t)args->flags,
	};
	struct window *w;
	int sock, err = sys_ioctl(args->fd, MSHARE_IOC_ATTACH, &attach);

	if (err)
		return err == -ENOTTY ? -ENODEV : err;
	if (!is_sane(args, &attach))
		return -EIO;
	/* Mapping over a part of a window would cut that window. */
	if (attach.place == PLACE_REPLACE &&
	    window_table_overlap(attach.place_addr, attach.size) ==
		    OVERLAP_PART)
		return -EINVAL;
	w = window_new();
	if (!w)
		return -ENOMEM;
	sigbus_install();
	sock = channel_connect(attach.socket);
	if (out_of_descriptors(sock) || sock == -ENOMEM)
		return sock;
	if (sock < 0)
		return -EIO; /* the daemon ended after the ioctl() */
	err = make_window(sock, &attach, args, w);
	sys_close(sock);
	if (!err)
		*base = (void *)atomic_load(&w->base);
	return err;
}

/* The daemon gives up on a process that was stopped for seconds half-way. */
static bool was_too_slow(int err)
{
	return err == -EIO || err == -ETIMEDOUT || err == -ENOENT;
}

int attach_window(const struct mmap_args *args, void **base)
{
	int err = try_to_attach(args, base);

	for (int again = 0; again < 3 && was_too_slow(err); again++)
		err = try_to_attach(args, base);
	return err;
}

/* The next window after w (NULL: the first) that begins in the range. */
static struct window *next_in(struct window *w, uintptr_t addr, size_t len)
{
	while ((w = window_next(w))) {
		uintptr_t base = atomic_load(&w->base);

		if (base >= addr && base - addr < len)
			return w;
	}
	return NULL;
}

void attach_unmap_begins(uintptr_t addr, size_t len)
{
	struct window *w;

	for (w = next_in(NULL, addr, len); w; w = next_in(w, addr, len))
		w->leaving = w->known ? announce_unmap(w) : -1;
}

static void send_stays(struct window *w)
{
	struct hello hello = channel_hello(HELLO_STAYS, w->key, 0);

	if (w->leaving >= 0)
		channel_send(w->leaving, &hello, -1);
}

void attach_unmap_ended(uintptr_t addr, size_t len, bool gone)
{
	struct window *w;

	for (w = next_in(NULL, addr, len); w; w = next_in(w, addr, len)) {
		if (gone) {
			window_forget(w);
			close_uffd(w);
			close_file(w);
		} else {
			send_stays(w);
		}
		if (w->leaving >= 0)
			sys_close(w->leaving);
	}
}

/* Tells the daemon that this process inherited the window. 0 or -errno. */
static int register_child_window(struct window *w, uintptr_t base, int *uffd)
{
	struct hello hello = channel_hello(HELLO_FORKED, w->key, base);
	size_t size = atomic_load(&w->size);
	int err, sock = channel_connect(w->socket);
	struct answer answer;

	if (sock < 0)
		return sock;
	err = channel_send(sock, &hello, *uffd);
	if (!err)
		err = channel_receive(sock, &answer, NULL);
	if (!err)
		err = guard_as_answered(sock, &answer, base, size, uffd);
	if (!err)
		err = send_mapped(sock, answer.key, base, *uffd);
	if (!err)
		memcpy(w->key, answer.key, sizeof(w->key));
	sys_close(sock);
	return err;
}

/* fork() copies the mapping, but not its userfaultfd registration. */
static void guard_again(struct window *w)
{
	uintptr_t base = atomic_load(&w->base);
	size_t size = atomic_load(&w->size);
	int uffd, err = 0;

	close_uffd(w); /* both are the parent's */
	close_file(w);
	/* With MADV_DONTFORK, fork() did not copy the mapping. */
	if (SYS_CALL(SYS_msync, base, 1UL, MS_ASYNC) == -ENOMEM) {
		window_forget(w);
		return;
	}
	uffd = guard(uffd_open(), base, size);
	if (w->known)
		err = register_child_window(w, base, &uffd);
	if (err == -EPERM && uffd < 0) {
		/* The option require=guard forbids unguarded windows. */
		sys_munmap(base, size);
		window_forget(w);
		return;
	}
	w->known = w->known && !err;
	keep_uffd(w, uffd);
}

void attach_forked(void)
{
	for (struct window *w = window_next(NULL); w; w = window_next(w))
		guard_again(w);
}
