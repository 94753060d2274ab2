/* SPDX-License-Identifier: MIT */
#include "attach.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "fault.h"
#include "fdpass.h"
#include "place.h"
#include "sys.h"
#include "uffd.h"

/* A daemon that does not answer for so long is taken for dead. */
#define DAEMON_SECONDS 10

static int read_statx(int fd, struct statx *stx)
{
	return (int)SYS_CALL(SYS_statx, fd, "",
			     AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO,
			     stx);
}

bool attach_is_ours(int fd)
{
	struct statx stx;

	return !read_statx(fd, &stx) && MSHARE_INO_IS_OURS(stx.stx_ino) &&
	       stx.stx_dev_major == 0;
}

/* Our copies of userfaultfds */

/*
 * Into a high slot, but in the table every process has (64 entries): the low
 * numbers are what programs expect open() to give out.
 */
static int park(int fd)
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
	uffd = park(uffd);
	if (read_statx(uffd, &stx)) {
		sys_close(uffd);
		return;
	}
	w->uffd = uffd;
	w->uffd_ino = stx.stx_ino;
}

/* Only if it still is ours: the program may have closed it and gone on. */
static void close_uffd(struct window *w)
{
	struct statx stx;

	if (w->uffd >= 0 && !read_statx(w->uffd, &stx) &&
	    stx.stx_ino == w->uffd_ino && !(stx.stx_mode & S_IFMT))
		sys_close(w->uffd);
	w->uffd = -1;
}

/* The conversation */

static int connect_to(const char *name)
{
	const struct timeval timeout = {.tv_sec = DAEMON_SECONDS};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t n = strnlen(name, MSHARE_SOCKET_MAX);
	int err, fd = (int)SYS_CALL(SYS_socket, AF_UNIX,
				    SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	memcpy(addr.sun_path + 1, name, n);
	SYS_CALL(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
		 sizeof(timeout));
	SYS_CALL(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
		 sizeof(timeout));
	err = (int)SYS_CALL(SYS_connect, fd, &addr,
			    offsetof(struct sockaddr_un, sun_path) + 1 + n);
	if (!err)
		return fd;
	sys_close(fd);
	return err;
}

/*
 * A userfaultfd is power over this whole process. Who gets it must have that
 * power anyway: root, or the same user.
 */
static bool may_have_uffd(int sock)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (SYS_CALL(SYS_getsockopt, sock, SOL_SOCKET, SO_PEERCRED, &peer,
		     &size))
		return false;
	return peer.uid == 0 || peer.uid == (uid_t)SYS_CALL(SYS_geteuid);
}

static int say(int sock, const struct hello *hello, int uffd)
{
	if (uffd >= 0 && !may_have_uffd(sock))
		uffd = -1;
	return fdpass_send(sock, hello, sizeof(*hello), uffd, 0) ? -EIO : 0;
}

static struct hello hello_of(enum hello_op op, const unsigned char *key,
			     uintptr_t base)
{
	struct hello hello = {.op = op, .base = base};

	memcpy(hello.key, key, sizeof(hello.key));
	return hello;
}

/* 0, or what the daemon says, or -EIO where it says nothing sensible. */
static int hear(int sock, struct answer *answer, int *fd)
{
	int got;
	long n = fdpass_receive(sock, answer, sizeof(*answer), &got, 0);

	if (n == sizeof(*answer) && !answer->error) {
		if (!fd && got < 0)
			return 0;
		if (fd && got >= 0) {
			*fd = got;
			return 0;
		}
	}
	if (got >= 0)
		sys_close(got);
	if (n == -EMFILE)
		return -EMFILE;
	if (n == sizeof(*answer) && answer->error < 0 && answer->error >= -4095)
		return answer->error;
	return -EIO;
}

static void detach(const char *socket, const unsigned char *key, uintptr_t base)
{
	struct hello hello = hello_of(HELLO_DETACH, key, base);
	int sock = connect_to(socket);

	if (sock < 0)
		return; /* no daemon, no record */
	say(sock, &hello, -1);
	sys_close(sock);
}

/*
 * Guards a range with uffd. If the kernel refuses (a seccomp filter, say), the
 * window works without: -1.
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

/* What is mapped has no access rights before all is in order. */
static int map_and_guard(int sock, const struct placement *p, uintptr_t base,
			 const struct answer *answer,
			 const struct mshare_attach *attach, int prot,
			 int *uffd)
{
	struct hello hello = hello_of(HELLO_MAPPED, answer->key, base);
	int err;

	*uffd = guard(*uffd, base, p->size);
	if (*uffd < 0)
		hello.flags |= HELLO_UNGUARDED;
	err = say(sock, &hello, -1);
	if (err)
		return err; /* and it forgets us */
	err = sys_mprotect(base, p->size, prot);
	if (err)
		detach(attach->socket, answer->key, base);
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
	struct hello hello = hello_of(HELLO_ATTACH, attach->ticket, 0);
	struct answer answer;
	uintptr_t base = 0;
	int file, err, uffd = uffd_open();

	err = say(sock, &hello, uffd);
	/* While the daemon looks: what can be done without its answer. */
	if (!err)
		err = place_reserve(&p, &base);
	if (err)
		goto close;
	err = hear(sock, &answer, &file);
	if (!err) {
		err = place_map(&p, attach->kind, file, base);
		sys_close(file);
	}
	if (err) {
		place_cancel(&p, base);
		goto close;
	}
	if (p.place == PLACE_REPLACE)
		attach_gone_in(base, p.size); /* what it was mapped over */
	err = map_and_guard(sock, &p, base, &answer, attach, args->prot, &uffd);
	if (err) {
		sys_munmap(base, p.size);
		goto close;
	}
	keep_uffd(w, uffd);
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
 * The answer may be somebody else's who forges our inode numbers. Nothing he
 * says may make us map anything but what was asked for, or over anything that
 * the program did not give up itself.
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

int attach_window(const struct mmap_args *args, void **base)
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
	/* It would be cut by what is mapped over a part of it. */
	if (attach.place == PLACE_REPLACE &&
	    windows_overlap(attach.place_addr, attach.size) == OVERLAP_PART)
		return -EINVAL;
	w = window_new();
	if (!w)
		return -ENOMEM;
	fault_install();
	sock = connect_to(attach.socket);
	if (sock < 0)
		return -EIO; /* it answered a moment ago and is gone */
	err = make_window(sock, &attach, args, w);
	sys_close(sock);
	if (!err)
		*base = (void *)atomic_load(&w->base);
	return err;
}

void attach_gone(struct window *w)
{
	uintptr_t base = atomic_load(&w->base);

	window_forget(w);
	close_uffd(w);
	if (w->known)
		detach(w->socket, w->key, base);
}

void attach_gone_in(uintptr_t addr, size_t len)
{
	struct window *w, *next;

	for (w = window_next(NULL); w; w = next) {
		uintptr_t base = atomic_load(&w->base);

		next = window_next(w);
		if (base >= addr && base - addr < len)
			attach_gone(w);
	}
}

/* The mapping came along with fork(), its registration did not. */
static void guard_again(struct window *w)
{
	uintptr_t base = atomic_load(&w->base);
	struct hello hello = hello_of(HELLO_FORKED, w->key, base);
	struct answer answer;
	int sock, uffd;

	close_uffd(w); /* that one is the parent's */
	/* With MADV_DONTFORK it did not come along at all. */
	if (SYS_CALL(SYS_msync, base, 1UL, MS_ASYNC) == -ENOMEM) {
		window_forget(w);
		return;
	}
	uffd = guard(uffd_open(), base, atomic_load(&w->size));
	if (uffd < 0)
		hello.flags |= HELLO_UNGUARDED;
	sock = w->known ? connect_to(w->socket) : -1;
	w->known = false;
	if (sock >= 0) {
		w->known =
			!say(sock, &hello, uffd) && !hear(sock, &answer, NULL);
		sys_close(sock);
	}
	if (w->known)
		memcpy(w->key, answer.key, sizeof(w->key));
	keep_uffd(w, uffd);
}

void attach_forked(void)
{
	for (struct window *w = window_next(NULL); w; w = window_next(w))
		guard_again(w);
}
