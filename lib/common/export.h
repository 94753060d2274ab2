/* SPDX-License-Identifier: MIT */
/* Marks a symbol that a library exports; all others are hidden. */
#ifndef EXPORT_H
#define EXPORT_H

#define EXPORT __attribute__((visibility("default")))

#endif
