/* SPDX-License-Identifier: MIT */
/* Ends the session on SIGTERM, SIGINT and SIGHUP. */
#ifndef END_SIGNALS_H
#define END_SIGNALS_H

struct fuse_session;

/*
 * Takes the place of libfuse's handlers, which can be missed: libfuse's loop
 * looks whether the session has ended and then sleeps, and a signal that comes
 * in between does not wake it. Here the signal is repeated until
 * end_signals_done(). 0 or -errno.
 */
int end_signals_install(struct fuse_session *session);
/* The loop has ended: signals are ignored while the mount is taken down. */
void end_signals_done(void);
/* The mount is down: a signal ends the process, whatever it still waits for. */
void end_signals_default(void);

#endif
