# SPDX-License-Identifier: MIT
# The conformance suite: one program a revision, all of the same sources, with
# nothing of ours but the uapi header. tests/mount_conform.sh runs them.
conform_sources = tests/conform.c tests/conform.h tests/conform_script.c \
	tests/conform_do_files.c tests/conform_do_processes.c \
	tests/conform_do_regions.c tests/conform_do_windows.c \
	tests/conform_faults.c tests/conform_files.c tests/conform_mappings.c \
	tests/conform_numbers.c tests/conform_ownership.c \
	tests/conform_sizes.c tests/conform_windows.c

check_PROGRAMS += tests/conform_v1 tests/conform_v2 tests/conform_v3
tests_conform_v1_SOURCES = $(conform_sources)
tests_conform_v2_SOURCES = $(conform_sources)
tests_conform_v3_SOURCES = $(conform_sources)
tests_conform_v1_CPPFLAGS = $(EXAMPLE_CPPFLAGS) -DREVISION=1 -DMSHAREFS_API_V1
tests_conform_v2_CPPFLAGS = $(EXAMPLE_CPPFLAGS) -DREVISION=2
tests_conform_v3_CPPFLAGS = $(EXAMPLE_CPPFLAGS) -DREVISION=3

shell_tests += $(srcdir)/tests/mount_conform.sh
EXTRA_DIST += tests/mount_conform.sh
