/* SPDX-License-Identifier: MIT */
/* The daemon's messages: on stderr in the foreground, else in syslog. */
#ifndef LOG_H
#define LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

#define LOG_LINE 1024 /* bytes of a message; longer ones are cut off */

/* debug: write messages of priority LOG_DEBUG too. */
void log_open(bool debug);
/* Switches to syslog. Called before the daemon leaves the terminal. */
void log_to_syslog(void);

/* priority as in syslog(3). */
void log_msg(int priority, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define LOG_LIMIT_MS 60000 /* a minute */

/* One for each kind of message; static, so all but burst is zero at first. */
struct log_limit {
	unsigned int burst;    /* messages a minute; 0: one */
	_Atomic uint64_t next; /* now_ms() when the next minute begins */
	_Atomic uint64_t n;    /* messages in this minute */
};

/*
 * The same for messages that a client can cause: few of a kind a minute. The
 * first one in a later minute says how many have been left out.
 */
void log_limited(struct log_limit *limit, int priority, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Thirty of a kind a minute: those that name what they are about. */
#define log_each(priority, ...)                                         \
	do {                                                            \
		static struct log_limit log_each_limit = {.burst = 30}; \
		log_limited(&log_each_limit, priority, __VA_ARGS__);    \
	} while (0)

#endif
