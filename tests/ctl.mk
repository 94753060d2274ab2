# SPDX-License-Identifier: MIT
# msharectl, as people use it: its verbs on real mounts.
ctl_tests = $(srcdir)/tests/mount_ctl_mount.sh \
	$(srcdir)/tests/mount_ctl_lists.sh \
	$(srcdir)/tests/mount_ctl_changes.sh \
	$(srcdir)/tests/mount_ctl_terminal.sh
shell_tests += $(ctl_tests)
EXTRA_DIST += $(ctl_tests) tests/ctl.sh

# Not tests: those run them.
noinst_PROGRAMS += tests/ctl_windows tests/ctl_bar
tests_ctl_windows_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
tests_ctl_windows_CFLAGS = $(EXAMPLE_CFLAGS)
tests_ctl_windows_LDFLAGS =
tests_ctl_bar_SOURCES = tests/ctl_bar.c tools/bar.c tools/bar.h \
	tools/amount.c tools/amount.h
tests_ctl_bar_CPPFLAGS = $(AM_CPPFLAGS)
tests_ctl_bar_LDADD = -lpthread
