/* SPDX-License-Identifier: MIT */
/*
 * The cost of the preload for a program that does not use msharefs. Processes
 * that differ only in LD_PRELOAD make the same calls, in short turns; and a
 * program that does nothing is started with and without the preload.
 *
 * The control "none-again", one more process without the preload, shows how far
 * equal processes differ here: each has its own layout of memory.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define SELF "/proc/self/exe"

/* Names under which this program starts itself */
static char self[] = SELF;
static char as_server[] = "--serve", as_nothing[] = "--do-nothing";

/* The calls, in a separate process */

static struct {
	int fd; /* an ordinary file that always exists */
	size_t size;
} file;

static char read_of_file;

/*
 * The address is a hint, so the kernel searches as usual; but nothing lies next
 * to it, in any of the processes.
 */
static char *map(size_t size, int flags, int fd)
{
	char *at = mmap((void *)0x200000000000, size, PROT_READ, flags, fd, 0);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static void unmap(char *at, size_t size)
{
	if (munmap(at, size))
		die("munmap");
}

static void map_anonymous(void)
{
	unmap(map(file.size, MAP_PRIVATE | MAP_ANONYMOUS, -1), file.size);
}

static void map_file_shared(void)
{
	unmap(map(file.size, MAP_SHARED, file.fd), file.size);
}

static void map_file_private(void)
{
	unmap(map(file.size, MAP_PRIVATE, file.fd), file.size);
}

/* As programs do that read a file by mapping it. */
static void read_file(void)
{
	int fd = open(SELF, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *at;

	if (fd < 0 || fstat(fd, &st))
		die(SELF);
	at = map((size_t)st.st_size, MAP_PRIVATE, fd);
	for (off_t o = 0; o < st.st_size; o += (off_t)SMALL_PAGE)
		read_of_file ^= *(volatile char *)(at + o);
	unmap(at, (size_t)st.st_size);
	close(fd);
}

static void set_action(void)
{
	const struct sigaction act = {.sa_handler = SIG_IGN};

	if (sigaction(SIGUSR1, &act, NULL))
		die("sigaction");
}

static void fork_and_wait(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		_exit(0);
	if (waitpid(pid, NULL, 0) < 0)
		die("waitpid");
}

static const struct way {
	const char *measure;
	void (*call)(void);
	int n; /* calls per turn: some milliseconds */
} ways[] = {
	{"inert.mmap-anonymous", map_anonymous, 4000},
	{"inert.mmap-file", map_file_shared, 4000},
	{"inert.mmap-file-private", map_file_private, 4000},
	{"inert.read-file", read_file, 1000},
	{"inert.sigaction", set_action, 50000},
	{"inert.fork", fork_and_wait, 60},
};

#define N_WAYS (sizeof(ways) / sizeof(ways[0]))

static double us_a_call(const struct way *way)
{
	double us = now_us();

	for (int i = 0; i < way->n; i++)
		way->call();
	return (now_us() - us) / way->n;
}

/* Reads an index from standard input, writes the time to standard output. */
static int serve(void)
{
	struct stat st;
	unsigned char index;
	double us;

	file.fd = open(SELF, O_RDONLY | O_CLOEXEC);
	if (file.fd < 0 || fstat(file.fd, &st))
		die(SELF);
	file.size = (size_t)st.st_size;
	/* First reports whether it runs under the preload. */
	us = dlsym(RTLD_DEFAULT, "mshare_engine") != NULL;
	do
		if (write(1, &us, sizeof(us)) != sizeof(us))
			die("write");
	while (read(0, &index, 1) == 1 && index < N_WAYS &&
	       ((us = us_a_call(&ways[index])), true));
	return 0;
}

/* Processes with the preload and without */

enum kind {
	PRELOAD,
	NONE,
	NONE_AGAIN,
	KINDS
};

static const char *const names[KINDS] = {"preload", "none", "none-again"};

/* LD_PRELOAD as inherited, and without msharefs; "": none */
static char *with, *without;

static bool is_ours(const char *entry, size_t length)
{
	const char *ours = getenv("MSHAREFS_PRELOAD");

	return ours && strlen(ours) == length && !memcmp(entry, ours, length);
}

static void find_preload(void)
{
	const char *list = getenv("LD_PRELOAD");
	bool found = false;
	size_t length;

	with = strdup(list ? list : "");
	without = calloc(strlen(with) + 1, 1);
	for (const char *entry = with; *entry; entry += length) {
		length = strcspn(entry, ": ");
		if (is_ours(entry, length)) {
			found = true;
		} else if (length) {
			strcat(without, *without ? ":" : "");
			strncat(without, entry, length);
		}
		length += entry[length] != '\0';
	}
	if (!found) {
		fprintf(stderr, "inert: MSHAREFS_PRELOAD is not in LD_PRELOAD: "
				"start it under msharectl run\n");
		exit(1);
	}
}

/* in, out: its standard input and output, or -1 */
static pid_t start(int kind, char *mode, int in, int out)
{
	const char *preload = kind == PRELOAD ? with : without;
	char *argv[] = {self, mode, NULL};
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	if (*preload ? setenv("LD_PRELOAD", preload, 1)
		     : unsetenv("LD_PRELOAD"))
		die("environment");
	if ((in >= 0 && dup2(in, 0) < 0) || (out >= 0 && dup2(out, 1) < 0))
		die("dup2");
	execv(self, argv);
	die(self);
}

static void await(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	if (status) {
		fprintf(stderr, "inert: a process ended with status %#x\n",
			(unsigned)status);
		exit(1);
	}
}

struct process {
	pid_t pid;
	int in, out;
};

static double hear(const struct process *p)
{
	double us;

	if (read(p->out, &us, sizeof(us)) != sizeof(us))
		die("pipe to a process");
	return us;
}

static double ask(const struct process *p, unsigned char index)
{
	if (write(p->in, &index, 1) != 1)
		die("pipe to a process");
	return hear(p);
}

static void process_start(struct process *p, int kind)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		die("pipe");
	p->pid = start(kind, as_server, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	p->in = in[1];
	p->out = out[0];
	if ((hear(p) != 0) != (kind == PRELOAD)) {
		fprintf(stderr,
			"inert: process \"%s\" has a wrong LD_PRELOAD\n",
			names[kind]);
		exit(1);
	}
}

static void process_end(struct process *p)
{
	close(p->in);
	await(p->pid);
	close(p->out);
}

static double start_up(int kind)
{
	double us = now_us();

	await(start(kind, as_nothing, -1, -1));
	return now_us() - us;
}

/* One turn of each kind; a different one begins each time. */
static void sample_turns(const struct process *processes, size_t index,
			 int turn, int turns)
{
	const char *measure =
		processes ? ways[index].measure : "inert.start-up";

	for (int end = turn + turns; turn < end; turn++)
		for (int i = 0; i < KINDS; i++) {
			const int kind = (i + turn) % KINDS;

			sample(measure, names[kind], 0, 0, turn,
			       processes ? ask(&processes[kind],
					       (unsigned char)index)
					 : start_up(kind));
		}
}

static void one_round(int round, int turns)
{
	struct process processes[KINDS];

	for (int kind = 0; kind < KINDS; kind++)
		process_start(&processes[kind], kind);
	for (size_t i = 0; i < N_WAYS; i++) {
		for (int kind = 0; kind < KINDS; kind++)
			ask(&processes[kind], (unsigned char)i); /* warm */
		sample_turns(processes, i, round * turns, turns);
	}
	for (int kind = 0; kind < KINDS; kind++)
		process_end(&processes[kind]);
	start_up(PRELOAD);
	start_up(NONE);
	sample_turns(NULL, 0, round * turns, turns);
}

/* Children inherit this: waking them on another CPU only adds noise. */
static void stay_on_this_cpu(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (cpu < 0 || sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

int main(int argc, char **argv)
{
	struct args args;

	if (argc == 2 && !strcmp(argv[1], as_nothing))
		return 0;
	if (argc == 2 && !strcmp(argv[1], as_server))
		return serve();
	args = bench_args(argc, argv);
	find_preload();
	stay_on_this_cpu();
	for (int round = 0; round < (args.quick ? 2 : 12); round++)
		one_round(round, args.quick ? 6 : 18);
	return 0;
}
