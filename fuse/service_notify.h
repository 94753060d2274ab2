/* SPDX-License-Identifier: MIT */
/* Telling the service manager, if one has started us (Type=notify). */
#ifndef SERVICE_NOTIFY_H
#define SERVICE_NOTIFY_H

/* It serves from now on; status is a line for people. */
void notify_ready(const char *status);
/* It is about to end. */
void notify_stopping(void);

#endif
