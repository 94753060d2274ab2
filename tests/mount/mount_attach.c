/* SPDX-License-Identifier: MIT */
/*
 * Tests the attach socket against clients that lie, stop half-way or die, and
 * what still works when the daemon is gone. Speaks the protocol of
 * lib/common/protocol.h by hand.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/protocol.h"

static uint64_t align, page;
static int region;

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

static void set_up(void)
{
	region = region_create("region", align);
	CU_ASSERT_FATAL(region >= 0 && !region_add(region, 0, page));
}

static void tear_down(void)
{
	close(region);
	CU_ASSERT(!unlink(in_mount("region")));
}

/* The protocol by hand */

static struct mshare_attach get_ticket(int fd)
{
	struct mshare_attach attach = {
		.length = align,
		.prot = PROT_READ,
		.flags = MAP_SHARED,
	};

	if (ioctl(fd, MSHARE_IOC_ATTACH, &attach))
		attach.socket[0] = 0;
	return attach;
}

static int dial(const struct mshare_attach *attach)
{
	const struct timeval timeout = {.tv_sec = 3};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t n = strlen(attach->socket);
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path + 1, attach->socket, n);
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (sock < 0 ||
	    connect(sock, (struct sockaddr *)&addr,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				n))) {
		close(sock);
		return -1;
	}
	return sock;
}

static int send_bytes(int sock, const void *data, size_t size, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data,
			    .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/*
 * Returns the error of the answer, or 1 if the connection is closed. *fd is -1
 * if no descriptor came.
 */
static int get_answer(int sock, struct answer *answer, int *fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {.iov_base = answer, .iov_len = sizeof(*answer)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;

	*fd = -1;
	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != sizeof(*answer))
		return 1;
	c = CMSG_FIRSTHDR(&msg);
	if (c)
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return answer->error;
}

static struct hello hello_of(uint32_t op, const unsigned char *key)
{
	struct hello hello = {.op = op};

	if (key)
		memcpy(hello.key, key, sizeof(hello.key));
	return hello;
}

/* Sends one hello on a new connection and returns the answer; *fd as above. */
static int say(const struct mshare_attach *attach, const struct hello *hello,
	       int send_fd, int *fd)
{
	int sock = dial(attach), err;
	struct answer answer;

	if (sock < 0)
		return 2;
	err = send_bytes(sock, hello, sizeof(*hello), send_fd);
	if (!err)
		err = get_answer(sock, &answer, fd);
	close(sock);
	return err;
}

static int show(const struct mshare_attach *attach, int *fd)
{
	struct hello hello = hello_of(HELLO_ATTACH, attach->ticket);

	return say(attach, &hello, -1, fd);
}

/* Tickets */

static void ticket_is_good_once(void)
{
	struct mshare_attach attach;
	struct stat st;
	int fd;

	set_up();
	attach = get_ticket(region);
	CU_ASSERT_FATAL(attach.socket[0]);
	CU_ASSERT(show(&attach, &fd) == 0 && fd >= 0);
	CU_ASSERT(!fstat(fd, &st) && (uint64_t)st.st_size == align);
	close(fd);
	CU_ASSERT(show(&attach, &fd) == -ENOENT && fd == -1);
	tear_down();
}

static void made_up_ticket(void)
{
	struct mshare_attach attach;
	int fd;

	set_up();
	attach = get_ticket(region);
	CU_ASSERT_FATAL(attach.socket[0]);
	attach.ticket[3] ^= 1;
	CU_ASSERT(show(&attach, &fd) == -ENOENT && fd == -1);
	memset(attach.ticket, 0, sizeof(attach.ticket));
	CU_ASSERT(show(&attach, &fd) == -ENOENT && fd == -1);
	tear_down();
}

static void expired_ticket(void)
{
	struct mshare_attach attach;
	int fd;

	set_up();
	attach = get_ticket(region);
	CU_ASSERT_FATAL(attach.socket[0]);
	sleep(6);
	CU_ASSERT(show(&attach, &fd) == -ETIMEDOUT && fd == -1);
	tear_down();
}

static void show_as_nobody(void *arg)
{
	int fd;

	CHILD_ASSERT(!setgid(65534) && !setuid(65534));
	CHILD_ASSERT(show(arg, &fd) == -EACCES && fd == -1);
}

/* Only root can become another user. */
static void foreign_ticket(void)
{
	struct mshare_attach attach;
	int fd;

	set_up();
	attach = get_ticket(region);
	CU_ASSERT_FATAL(attach.socket[0]);
	CU_ASSERT(in_child(show_as_nobody, &attach) == 0);
	/* Its owner can still use it. */
	CU_ASSERT(show(&attach, &fd) == 0 && fd >= 0);
	close(fd);
	tear_down();
}

/* The backing file must not give a reader more than read access. */
static void reader_gets_no_more(void)
{
	struct mshare_attach attach;
	int fd, file;

	set_up();
	CU_ASSERT(!fchmod(region, 0400));
	file = open(in_mount("region"), O_RDONLY);
	CU_ASSERT_FATAL(file >= 0);
	attach = get_ticket(file);
	CU_ASSERT_FATAL(show(&attach, &fd) == 0 && fd >= 0);
	CU_ASSERT(attach.kind == WINDOW_PRIVATE);
	CU_ASSERT((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	CU_ASSERT(mmap(NULL, align, PROT_WRITE, MAP_SHARED, fd, 0) ==
		  MAP_FAILED);
	/* (The owner of the region may reopen it for writing.) */
	close(fd);
	close(file);
	tear_down();
}

static void reader_sees_and_is_guarded(void)
{
	char *w, *r;
	int file;

	set_up();
	w = region_window(region, align);
	CU_ASSERT_FATAL(w != NULL);
	CU_ASSERT(!fchmod(region, 0400));
	file = open(in_mount("region"), O_RDONLY);
	r = mmap(NULL, align, PROT_READ, MAP_SHARED, file, 0);
	CU_ASSERT_FATAL(r != MAP_FAILED);
	w[7] = 7;
	CU_ASSERT(r[7] == 7);
	w[7] = 8;
	CU_ASSERT(r[7] == 8);
	CU_ASSERT(try_write(r + 7, 1).signal == SIGSEGV);
	CU_ASSERT(try_read(r + page).signal == SIGSEGV);
	CU_ASSERT(!region_add(region, page, page));
	CU_ASSERT(try_read(r + page).signal == 0);
	CU_ASSERT(!region_unmap_range(region, 0, page));
	CU_ASSERT(try_read(r + 7).signal == SIGSEGV);
	CU_ASSERT(!munmap(r, align) && !munmap(w, align));
	close(file);
	tear_down();
}

/* Invalid messages */

static void nonsense(void)
{
	static const unsigned char noise[200] = {0xff, 1, 2, 3};
	struct mshare_attach attach;
	struct answer answer;
	struct hello hello;
	int fd, sock;

	set_up();
	attach = get_ticket(region);
	CU_ASSERT_FATAL(attach.socket[0]);
	/* Operations in the wrong order, or that do not exist. */
	hello = hello_of(HELLO_MAPPED, attach.ticket);
	CU_ASSERT(say(&attach, &hello, -1, &fd) == -EPROTO);
	hello = hello_of(HELLO_FORKED, attach.ticket);
	CU_ASSERT(say(&attach, &hello, -1, &fd) == -ENOENT);
	hello = hello_of(HELLO_LEAVING, attach.ticket);
	CU_ASSERT(say(&attach, &hello, -1, &fd) == -ENOENT);
	hello = hello_of(HELLO_STAYS, attach.ticket);
	CU_ASSERT(say(&attach, &hello, -1, &fd) == -EPROTO);
	hello = hello_of(HELLO_FAULT_QUERY, attach.ticket);
	CU_ASSERT(say(&attach, &hello, -1, &fd) == -ENOENT);
	hello = hello_of(4711, attach.ticket);
	CU_ASSERT(say(&attach, &hello, -1, &fd) == -EPROTO);
	hello = hello_of(HELLO_ATTACH, attach.ticket);
	hello.flags = 0x80;
	CU_ASSERT(say(&attach, &hello, -1, &fd) == -EPROTO);
	/* Packets of the wrong size. */
	for (size_t size = 0; size <= sizeof(noise); size += 50) {
		sock = dial(&attach);
		CU_ASSERT(!send_bytes(sock, noise, size, -1));
		CU_ASSERT(get_answer(sock, &answer, &fd) == -EPROTO);
		close(sock);
	}
	/* None of it used up the ticket. */
	CU_ASSERT(show(&attach, &fd) == 0 && fd >= 0);
	close(fd);
	/* A descriptor that is no userfaultfd. */
	attach = get_ticket(region);
	hello = hello_of(HELLO_ATTACH, attach.ticket);
	fd = open("/dev/null", O_RDWR);
	CU_ASSERT(say(&attach, &hello, fd, &sock) == -EINVAL && sock == -1);
	close(fd);
	tear_down();
}

/* Clients that stop */

static bool attach_works(void)
{
	char *w = region_window(region, align);
	bool works = w && try_read(w).signal == 0;

	return works && !munmap(w, align);
}

static int settled_fds(void)
{
	CU_ASSERT(attach_works());
	return daemon_settled_fds();
}

/* The daemon closes descriptors beyond the one that belongs in a packet. */
static void too_many_descriptors(void)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {
		0};
	struct mshare_attach attach;
	struct hello hello;
	struct iovec iov = {.iov_base = &hello, .iov_len = sizeof(hello)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int before, fds[2] = {0, 0};

	set_up();
	before = settled_fds();
	attach = get_ticket(region);
	hello = hello_of(HELLO_LEAVING, attach.ticket);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	for (int i = 0; i < 50; i++) {
		int sock = dial(&attach);

		CU_ASSERT(sendmsg(sock, &msg, MSG_NOSIGNAL) == sizeof(hello));
		close(sock);
	}
	CU_ASSERT(wait_until(daemon_fds_are, &before));
	tear_down();
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* 100 clients that send nothing, and 100 that stop once they have the file. */
static void silent_clients(void)
{
	int socks[200], before, good = 0, fd;
	struct mshare_attach attach;
	struct answer answer;
	double start;

	set_up();
	before = settled_fds();
	for (int i = 0; i < 200; i++) {
		struct hello hello;

		attach = get_ticket(region);
		socks[i] = dial(&attach);
		hello = hello_of(HELLO_ATTACH, attach.ticket);
		if (i % 2 && !send_bytes(socks[i], &hello, sizeof(hello), -1) &&
		    !get_answer(socks[i], &answer, &fd))
			close(fd);
	}
	start = now();
	for (int i = 0; i < 20; i++)
		good += attach_works();
	CU_ASSERT(good == 20);
	CU_ASSERT(now() - start < 5);
	/* hung up on after a while, and forgotten */
	sleep(6);
	CU_ASSERT(wait_until(daemon_fds_are, &before));
	for (int i = 0; i < 200; i++) {
		CU_ASSERT(get_answer(socks[i], &answer, &fd) == 1);
		close(socks[i]);
	}
	tear_down();
}

static void die_half_way(void *arg)
{
	struct mshare_attach attach = get_ticket(region);
	struct hello hello = hello_of(HELLO_ATTACH, attach.ticket);
	int sock = dial(&attach), fd;
	struct answer answer;

	if (arg) {
		send_bytes(sock, &hello, sizeof(hello), -1);
		CHILD_ASSERT(!get_answer(sock, &answer, &fd));
	}
	kill(getpid(), SIGKILL);
}

static void die_attached(void *arg)
{
	char *w = region_window(region, align);

	(void)arg;
	CHILD_ASSERT(w != NULL);
	w[0] = 1;
	kill(getpid(), SIGKILL);
}

static void killed_clients(void)
{
	int before, good = 0;

	set_up();
	before = settled_fds();
	for (int i = 0; i < 100; i++) {
		good += in_child(die_half_way, NULL) == 256 + SIGKILL;
		good += in_child(die_half_way, &good) == 256 + SIGKILL;
		good += in_child(die_attached, NULL) == 256 + SIGKILL;
	}
	CU_ASSERT(good == 300);
	CU_ASSERT(wait_until(daemon_fds_are, &before));
	CU_ASSERT(attach_works());
	tear_down();
}

static void attach_and_detach(void)
{
	int before, good = 0;

	set_up();
	before = settled_fds();
	for (int i = 0; i < 1000; i++)
		good += attach_works();
	CU_ASSERT(good == 1000);
	CU_ASSERT(wait_until(daemon_fds_are, &before));
	tear_down();
}

static void count_own_fds(void *arg)
{
	char *w;
	int low;

	(void)arg;
	low = dup(0);
	close(low);
	w = region_window(region, align);
	CHILD_ASSERT(w);
	/* The window's descriptor must not take the lowest number. */
	CHILD_ASSERT(dup(0) == low);
}

static void descriptor_numbers(void)
{
	set_up();
	CU_ASSERT(in_child(count_own_fds, NULL) == 0);
	tear_down();
}

/* The end of the daemon */

struct end {
	char dir[PATH_MAX];
	bool orderly;
};

/* The child guards its window by itself when there is no daemon. */
static void check_after_daemon(void *arg)
{
	char *w = arg;

	CHILD_ASSERT(!strcmp(w, "still here"));
	CHILD_ASSERT(try_write(w + 4 * page, 1).signal == SIGSEGV);
}

static void outlive_daemon(void *arg)
{
	struct end *end = arg;
	const char *umount[] = {"fusermount3", "-u", "-z", end->dir, NULL};
	pid_t daemon = daemon_start(end->dir, NULL);
	char path[PATH_MAX + 8], *w;
	int status;

	CHILD_ASSERT(daemon > 0);
	snprintf(path, sizeof(path), "%s/region", end->dir);
	region = open(path, O_RDWR | O_CREAT, 0600);
	CHILD_ASSERT(region >= 0 && !ftruncate(region, (off_t)align));
	CHILD_ASSERT(!region_add(region, 0, 4 * page));
	w = region_window(region, align);
	CHILD_ASSERT(w);
	strcpy(w, "still here");
	kill(daemon, end->orderly ? SIGTERM : SIGKILL);
	CHILD_ASSERT(waitpid(daemon, &status, 0) == daemon);
	CHILD_ASSERT(end->orderly ? status == 0 : WTERMSIG(status) == SIGKILL);

	CHILD_ASSERT(!strcmp(w, "still here"));
	CHILD_ASSERT(try_write(w + 3 * page, 1).signal == 0);
	CHILD_ASSERT(try_write(w + 4 * page, 1).signal == SIGSEGV);
	/* fork() still works, and a new window fails with a proper errno. */
	CHILD_ASSERT(in_child(check_after_daemon, w) == 0);
	CHILD_ASSERT(region_window(region, align) == NULL);
	CHILD_ASSERT(errno == ENOTCONN || errno == ECONNABORTED);
	CHILD_ASSERT(!munmap(w, align));
	close(region);
	if (!end->orderly)
		CHILD_ASSERT(run_program(umount) == 0);
}

static void daemon_ends(bool orderly)
{
	struct end end = {.orderly = orderly};

	CU_ASSERT_FATAL(new_dir(end.dir, "end") != NULL);
	CU_ASSERT(in_child(outlive_daemon, &end) == 0);
	CU_ASSERT(!rmdir(end.dir));
}

static void daemon_is_killed(void)
{
	daemon_ends(false);
}

static void daemon_is_told_to_end(void)
{
	daemon_ends(true);
}

static const struct test tests[] = {
	{"a ticket is good once", ticket_is_good_once},
	{"made-up ticket", made_up_ticket},
	{"expired ticket", expired_ticket},
	{"reader gets no more", reader_gets_no_more},
	{"reader sees and is guarded", reader_sees_and_is_guarded},
	{"nonsense", nonsense},
	{"too many descriptors", too_many_descriptors},
	{"silent clients", silent_clients},
	{"killed clients", killed_clients},
	{"attach and detach", attach_and_detach},
	{"descriptor numbers", descriptor_numbers},
	{"the daemon is killed", daemon_is_killed},
	{"the daemon is told to end", daemon_is_told_to_end},
	/* Last, because main() leaves it out unless run as root. */
	{"foreign ticket", foreign_ticket},
};

int main(void)
{
	before_tests = look;
	return run_mount_tests("mount_attach", NULL, tests,
			       N_TESTS(tests) - (geteuid() != 0));
}
