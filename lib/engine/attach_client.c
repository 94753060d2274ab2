/* SPDX-License-Identifier: MIT */
/* Makes windows, as protocol.h describes. */
#include "engine/attach_client.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "engine/sigbus.h"
#include "common/address_reserve.h"
#include "common/syscalls.h"
#include "engine/daemon_channel.h"
#include "common/uffd.h"
#include "engine/own_descriptors.h"
#include "engine/window_guard.h"
#include "engine/window_leave.h"
#include <mshare_ioctl.h>

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

static void set_file_id(struct window *w, int fd)
{
	struct statx stx = {0};

	read_statx(fd, &stx);
	w->device = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	w->ino = stx.stx_ino;
}

/* What children and later messages need. */
static void fill_in(struct window *w, const struct mshare_attach *attach,
		    const struct answer *answer, const struct mmap_args *args)
{
	w->file = KEPT_NONE;
	if (answer->flags & ANSWER_KEEP_FILE)
		kept_fd_set(&w->file, (int)SYS_CALL(SYS_fcntl, args->fd,
						    F_DUPFD_CLOEXEC, 0));
	set_file_id(w, args->fd);
	w->known = true;
	w->kind = attach->kind;
	w->prot = args->prot;
	w->stays_behind = args->flags & MSHARE_MAP_AWAY;
	w->leaving = -1;
	memcpy(w->key, answer->key, sizeof(w->key));
	memcpy(w->socket, attach->socket, sizeof(w->socket));
}

/* Maps the memory at its place. On failure what is there stays. */
static int map_there(const struct placement *p, const struct mshare_attach *a,
		     int file, uintptr_t base)
{
	const bool over = p->place == PLACE_REPLACE;
	int err = over ? window_leave_begins(base, p->size) : 0;

	if (err)
		return err;
	err = address_reserve_map(p, a->kind, file, base);
	if (over)
		window_leave_ended(base, p->size, !err);
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
	struct hello hello = channel_hello(HELLO_ATTACH, attach->ticket, 0);
	struct answer answer;
	uintptr_t base = 0;
	int file = -1, err, uffd = uffd_open();

	if (is_short(uffd))
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
	if (!err)
		err = map_there(&p, attach, file, base);
	if (err) {
		address_reserve_cancel(&p, base);
		goto close;
	}
	err = window_guard(sock, &answer, base, p.size, args->prot, &uffd);
	if (err) {
		sys_munmap(base, p.size);
		goto close;
	}
	kept_fd_set(&w->uffd, uffd);
	kept_fd_set(&w->memory, file);
	w->netns = channel_netns(sock);
	fill_in(w, attach, &answer, args);
	window_publish(w, base, p.size);
	return 0;
close:
	if (file >= 0)
		sys_close(file);
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
	return !strncmp(a->socket, prefix, strlen(prefix)) &&
	       memchr(a->socket, 0, sizeof(a->socket));
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
	if (is_short(sock))
		return sock;
	if (sock < 0)
		return -EIO; /* the daemon ended after the ioctl() */
	err = make_window(sock, &attach, args, w);
	sys_close(sock);
	if (!err)
		*base = (void *)atomic_load(&w->base);
	return err;
}

/*
 * The daemon gives up on a process that was stopped for seconds half-way. If it
 * had given up the ticket by then, that counts as hanging up, too.
 */
static int hung_up(int err)
{
	return err == -ETIMEDOUT || err == -ENOENT ? -EIO : err;
}

int attach_window(const struct mmap_args *args, void **base)
{
	struct channel_tries tries = {0};
	int err;

	do
		err = try_to_attach(args, base);
	while (channel_try_again(hung_up(err), &tries));
	return err == -ANSWER_TURNED_AWAY ? -EAGAIN : err;
}
