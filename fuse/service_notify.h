/* SPDX-License-Identifier: MIT */
/* Notifies the service manager, if it has started the daemon (Type=notify). */
#ifndef SERVICE_NOTIFY_H
#define SERVICE_NOTIFY_H

/* The daemon serves; status is a line that systemctl(1) shows. */
void notify_ready(const char *status);
void notify_stopping(void);

#endif
