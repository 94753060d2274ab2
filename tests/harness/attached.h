/* SPDX-License-Identifier: MIT */
/*
 * The region that most tests of a program are about: file "f", all of it in a
 * window. Static, for the one file that includes it; before_tests = look.
 */
#ifndef ATTACHED_H
#define ATTACHED_H

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/harness.h"

static uint64_t align, page;
static int fd;
static char *at;

static void begin(void)
{
	fd = region_create("f", align);
	at = region_window(fd, align);
	CU_ASSERT_FATAL(at != NULL);
}

static void end(void)
{
	CU_ASSERT(!munmap(at, align));
	close(fd);
	CU_ASSERT(!unlink(in_mount("f")));
}

static void look(void)
{
	align = mount_align();
	page = mount_page();
}

#endif
