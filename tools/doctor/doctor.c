/* SPDX-License-Identifier: MIT */
#include "doctor/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 10 /* seconds, for a program that hangs */

void found(struct finding *f, enum doctor_state state, const char *format, ...)
{
	va_list args;

	f->state = state;
	va_start(args, format);
	vsnprintf(f->found, sizeof(f->found), format, args);
	va_end(args);
}

void mend(struct finding *f, const char *format, ...)
{
	va_list args;

	f->as_root = false;
	va_start(args, format);
	vsnprintf(f->mend, sizeof(f->mend), format, args);
	va_end(args);
}

void mend_as_root(struct finding *f, const char *format, ...)
{
	va_list args;

	f->as_root = true;
	va_start(args, format);
	vsnprintf(f->mend, sizeof(f->mend), format, args);
	va_end(args);
}

const char *quoted(const char *word, char text[QUOTED_TEXT])
{
	size_t n = 0;

	if (*word && !word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"abcdefghijklmnopqrstuvwxyz"
					"0123456789/._+@:-")]) {
		snprintf(text, QUOTED_TEXT, "%s", word);
		return text;
	}
	text[n++] = '\'';
	for (; *word && n < QUOTED_TEXT - 6; word++) {
		if (*word == '\'')
			n += (size_t)sprintf(text + n, "'\\''");
		else
			text[n++] = *word;
	}
	text[n++] = '\'';
	text[n] = 0;
	return text;
}

bool read_number(const char *path, uint64_t *n)
{
	FILE *file = fopen(path, "re");
	bool is = file && fscanf(file, "%" SCNu64, n) == 1;

	if (file)
		fclose(file);
	return is;
}

void read_status(const char *key, char *value, size_t size)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];

	*value = 0;
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, key, (size_t)(colon - line)) != 0 ||
		    strlen(key) != (size_t)(colon - line))
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		colon[strcspn(colon, "\n")] = 0;
		snprintf(value, size, "%s", colon);
		break;
	}
	if (file)
		fclose(file);
}

bool in_container(void)
{
	static const char *const marks[] = {"/.dockerenv", "/run/.containerenv",
					    "/run/systemd/container"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (!access(marks[i], F_OK))
			return true;
	return getenv("container") || getenv("KUBERNETES_SERVICE_HOST");
}

static _Noreturn void become(const char *path, const char *argument,
			     const char *preload, int out)
{
	alarm(PATIENCE);
	unsetenv("LD_PRELOAD");
	if ((preload && setenv("LD_PRELOAD", preload, 1)) ||
	    dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(125);
	execl(path, path, argument, (char *)NULL);
	dprintf(STDERR_FILENO, "%s: %s", path, strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

int run_program(const char *path, const char *argument, const char *preload,
		char *said, size_t size)
{
	int out[2], status = 125 << 8;
	size_t used = 0;
	char rest[256];
	ssize_t n;
	pid_t pid;

	*said = 0;
	if (pipe2(out, O_CLOEXEC))
		return status;
	pid = fork();
	if (pid == 0)
		become(path, argument, preload, out[1]);
	close(out[1]);
	do {
		n = used < size - 1 ? read(out[0], said + used, size - 1 - used)
				    : read(out[0], rest, sizeof(rest));
		if (n > 0 && used < size - 1)
			used += (size_t)n;
	} while (pid > 0 && (n > 0 || (n < 0 && errno == EINTR)));
	said[used] = 0;
	said[strcspn(said, "\n")] = 0;
	close(out[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}
