# SPDX-License-Identifier: MIT
# What the preload does to programs that have nothing to do with it: nothing.
# As somebody else builds them: without our flags, and of no harness.
noinst_PROGRAMS += tests/inert_calls
tests_inert_calls_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
tests_inert_calls_CFLAGS = $(EXAMPLE_CFLAGS)
tests_inert_calls_LDFLAGS =
tests_inert_calls_SOURCES = tests/inert_calls.c tests/inert.h \
	tests/inert_memory.c tests/inert_process.c tests/inert_ranges.c \
	tests/inert_signals.c tests/inert_tasks.c

# -rpath: or libtool would not make it shared.
check_LTLIBRARIES += inert_plugin.la
inert_plugin_la_CFLAGS = $(EXAMPLE_CFLAGS)
inert_plugin_la_SOURCES = tests/inert_plugin.c
inert_plugin_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

# What is installed is compared to the byte; the sanitizers' runtime is not.
if !SANITIZE
shell_tests += $(srcdir)/tests/inert.sh $(srcdir)/tests/mount_inert.sh
endif
EXTRA_DIST += tests/inert.sh tests/mount_inert.sh
