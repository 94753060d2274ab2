/* SPDX-License-Identifier: MIT */
/*
 * Talks to the attach socket as the input says: messages of any kind, in any
 * order, on several connections, with descriptors of any kind. After each input
 * a client that keeps to the protocol is served, and nothing is left open.
 */
#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach/attach_server.h"
#include "base/clock.h"
#include "common/fdpass.h"
#include "common/protocol.h"
#include "memory/backing.h"
#include "region/region_life.h"

#define CONNECTIONS 4
#define MAX_FDS 4
#define TICKETS 4
#define INPUT_BYTES 1024
#define ALIGN (1UL << 30)
#define PATIENCE_MS 10000

static struct attach_server *server;
static struct backing backing;
static struct region *region;
static unsigned char last_key[MSHARE_KEY_BYTES];
/* For one input: its process is not the server's and cannot issue any. */
static struct mshare_attach tickets[TICKETS];

static void new_ticket(struct mshare_attach *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->kind = WINDOW_SHARED;
	FUZZ_CHECK(!attach_server_ticket(server, geteuid(), region_get(region),
					 PROT_READ | PROT_WRITE, answer));
}

static int connect_to_server(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *name = tickets[0].socket;
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				       1 + strlen(name));
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	FUZZ_CHECK(fd >= 0);
	memcpy(addr.sun_path + 1, name, strlen(name));
	FUZZ_CHECK(!connect(fd, (struct sockaddr *)&addr, length));
	return fd;
}

static int some_descriptor(int kind)
{
	switch (kind) {
	case 0:
		return (int)syscall(SYS_userfaultfd,
				    O_CLOEXEC | UFFD_USER_MODE_ONLY);
	case 1:
		return memfd_create("some", MFD_CLOEXEC);
	case 2:
		return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	case 3:
		return eventfd(0, EFD_CLOEXEC);
	default:
		return open("/", O_PATH | O_CLOEXEC);
	}
}

/* Sends size bytes and n descriptors; whether it arrives does not matter. */
static void send_packet(int to, const void *data, size_t size,
			struct fuzz_input *in, int n)
{
	union {
		char space[CMSG_SPACE(MAX_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {.iov_base = (void *)data, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int fds[MAX_FDS], got = 0;

	for (; got < n; got++) {
		fds[got] = some_descriptor(fuzz_byte(in) % 6);
		if (fds[got] < 0)
			break;
	}
	if (got) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE((size_t)got * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)got * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)got * sizeof(int));
	}
	sendmsg(to, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (got)
		close(fds[--got]);
}

static void fill_key(struct hello *hello, struct fuzz_input *in, int how)
{
	switch (how) {
	case 0:
		memcpy(hello->key, tickets[fuzz_byte(in) % TICKETS].ticket,
		       sizeof(hello->key));
		break;
	case 1:
		memcpy(hello->key, last_key, sizeof(hello->key));
		break;
	default:
		memset(hello->key, fuzz_byte(in), sizeof(hello->key));
	}
}

static void say(int to, struct fuzz_input *in, uint8_t what)
{
	struct hello hello = {.op = HELLO_ATTACH + what % 7};
	uint8_t shape = fuzz_byte(in);
	char packet[2 * sizeof(hello)] = {0};
	size_t size = sizeof(hello);

	fill_key(&hello, in, shape & 3);
	hello.flags = shape & 4 ? fuzz_byte(in) : 0;
	hello.base = shape & 8 ? fuzz_number(in, 8) : 0;
	if (shape & 16)
		size = fuzz_byte(in) % (sizeof(packet) + 1);
	memcpy(packet, &hello, sizeof(hello));
	send_packet(to, packet, size, in,
		    shape >> 5 & 1 ? fuzz_byte(in) % 5 : 0);
}

/* Reads what has come, and remembers the key of a window. */
static void hear(int from, int ms)
{
	struct pollfd p = {.fd = from, .events = POLLIN};
	struct answer answer;
	int fd;

	if (poll(&p, 1, ms) <= 0)
		return;
	if (fdpass_receive(from, &answer, sizeof(answer), &fd, MSG_DONTWAIT) ==
	    sizeof(answer))
		memcpy(last_key, answer.key, sizeof(last_key));
	if (fd >= 0)
		close(fd);
}

static void converse(struct fuzz_input *in)
{
	int fds[CONNECTIONS] = {-1, -1, -1, -1};

	for (int i = 0; i < 64 && fuzz_more(in); i++) {
		uint8_t what = fuzz_byte(in);
		int *fd = &fds[what >> 6];

		if (*fd < 0)
			*fd = connect_to_server();
		switch (what >> 3 & 7) {
		case 0:
			close(*fd);
			*fd = -1;
			break;
		case 1:
			shutdown(*fd, SHUT_WR);
			break;
		case 2:
			hear(*fd, 1);
			break;
		default:
			say(*fd, in, what & 7);
		}
	}
	for (int i = 0; i < CONNECTIONS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/*
 * The clients are children of a process that was forked before the server: they
 * inherit nothing of it. Each input has one of its own, as windows last as long
 * as their process.
 */
struct input {
	struct mshare_attach tickets[TICKETS];
	size_t size;
	uint8_t data[INPUT_BYTES];
};

static int to_clients;

static _Noreturn void serve_inputs(int from)
{
	static struct input input;

	while (read(from, &input, sizeof(input)) > 0) {
		struct fuzz_input in = {.at = input.data, .left = input.size};
		int status = -1;
		pid_t pid = fork();

		if (!pid) {
			memcpy(tickets, input.tickets, sizeof(tickets));
			converse(&in);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid ||
		    write(from, &status, sizeof(status)) != sizeof(status))
			break;
	}
	_exit(0);
}

static void start_clients(void)
{
	int ends[2];
	pid_t pid;

	FUZZ_CHECK(
		!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	pid = fork();
	if (!pid) {
		close(ends[0]);
		serve_inputs(ends[1]);
	}
	FUZZ_CHECK(pid > 0);
	close(ends[1]);
	to_clients = ends[0];
}

static void converse_in_child(const uint8_t *data, size_t size)
{
	static struct input input;
	int status = -1;

	for (int i = 0; i < TICKETS; i++)
		new_ticket(&input.tickets[i]);
	input.size = size;
	memcpy(input.data, data, size);
	FUZZ_CHECK(write(to_clients, &input, sizeof(input)) == sizeof(input));
	FUZZ_CHECK(read(to_clients, &status, sizeof(status)) ==
			   sizeof(status) &&
		   !status);
}

static bool is_answered(struct pollfd *p)
{
	const uint64_t end = now_ms() + PATIENCE_MS;
	int n;

	do {
		n = poll(p, 1, PATIENCE_MS);
	} while (n < 0 && errno == EINTR && now_ms() < end);
	return n == 1;
}

/* A client that keeps to the protocol gets its window. */
static void check_service(void)
{
	struct hello hello = {.op = HELLO_ATTACH, .flags = HELLO_UNGUARDED};
	struct mshare_attach ticket;
	struct answer answer;
	struct pollfd p = {.events = POLLIN};
	int file, to;

	new_ticket(&ticket);
	tickets[0] = ticket;
	to = p.fd = connect_to_server();
	memcpy(hello.key, ticket.ticket, sizeof(hello.key));
	FUZZ_CHECK(!fdpass_send(to, &hello, sizeof(hello), -1, 0));
	FUZZ_CHECK(is_answered(&p));
	FUZZ_CHECK(fdpass_receive(to, &answer, sizeof(answer), &file, 0) ==
		   sizeof(answer));
	FUZZ_CHECK(answer.error == 0 && file >= 0);
	close(file);
	close(to); /* before MAPPED: the window is forgotten */
}

/* The server closes what it was sent a moment later. */
static void check_nothing_is_open(void)
{
	static int before;
	const struct timespec moment = {.tv_nsec = 1000000};

	if (!before) {
		nanosleep(&(const struct timespec){.tv_nsec = 500000000}, NULL);
		before = fuzz_count_fds(false);
	}
	for (int i = 0; i < PATIENCE_MS && fuzz_count_fds(false) > before; i++)
		nanosleep(&moment, NULL);
	FUZZ_CHECK(fuzz_count_fds(false) <= before ||
		   fuzz_count_fds(true) <= before);
}

/* libFuzzer's clock must not end them. It still ends a poll(). */
static void restart_calls(void)
{
	struct sigaction act;

	FUZZ_CHECK(!sigaction(SIGALRM, NULL, &act));
	act.sa_flags |= SA_RESTART;
	FUZZ_CHECK(!sigaction(SIGALRM, &act, NULL));
}

static void start(void)
{
	const struct backing_spec spec = {.kind = BACKING_SHMEM};
	char message[BACKING_MESSAGE];

	signal(SIGPIPE, SIG_IGN);
	restart_calls();
	start_clients();
	FUZZ_CHECK(!backing_open(&backing, &spec, message));
	region = region_new(&backing);
	FUZZ_CHECK(region && !region_truncate(region, ALIGN, ALIGN));
	FUZZ_CHECK(!region_need_file(region));
	FUZZ_CHECK(!attach_server_open(&server, false));
	FUZZ_CHECK(!attach_server_start(server));
	check_service();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned int runs;

	if (size > INPUT_BYTES)
		return 0;
	if (!server)
		start();
	converse_in_child(data, size);
	check_service();
	if (runs++ % 64 == 0)
		check_nothing_is_open();
	return 0;
}
