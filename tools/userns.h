/* SPDX-License-Identifier: MIT */
/* User namespaces, which let an ordinary user create mount namespaces. */
#ifndef USERNS_H
#define USERNS_H

/* The command for root that allows them; NULL: no setting forbids them. */
const char *userns_mend(void);

#endif
