/* SPDX-License-Identifier: MIT */
/* Sends what libfuse has to say to the daemon's own log (base/log.h). */
#ifndef LIBFUSE_LOG_H
#define LIBFUSE_LOG_H

void libfuse_log_open(void);

#endif
