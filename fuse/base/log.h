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

/* Messages of one kind may be written once in this time. */
#define LOG_LIMIT_MS 60000

/* One for each kind of message; static, so all zero at first. */
struct log_limit {
	_Atomic uint64_t next; /* now_ms() when one may be written again */
	_Atomic uint64_t more; /* those that were left out since the last one */
};

/*
 * The same for messages that a client can cause: one of a kind a minute. It
 * says how many have been left out before it.
 */
void log_limited(struct log_limit *limit, int priority, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
