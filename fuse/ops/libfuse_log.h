/* SPDX-License-Identifier: MIT */
/* Sends libfuse's messages to the daemon's log (base/log.h). */
#ifndef LIBFUSE_LOG_H
#define LIBFUSE_LOG_H

void libfuse_log_open(void);

#endif
