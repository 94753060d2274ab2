# SPDX-License-Identifier: MIT
# One program a topic. unit_*: the model, and nothing else is needed; mount_*:
# real mounts, written as programs for the kernel series.
check_LTLIBRARIES = libharness.la
libharness_la_CPPFLAGS = $(EXAMPLE_CPPFLAGS) $(CUNIT_CFLAGS)
libharness_la_SOURCES = tests/harness.c tests/harness.h \
	tests/harness_daemon.c tests/harness_held.c tests/harness_held.h \
	tests/harness_processes.c tests/harness_regions.c \
	tests/small_region.h
libharness_la_LIBADD = $(CUNIT_LIBS)

unit_cppflags = $(libmodel_la_CPPFLAGS) $(CUNIT_CFLAGS)
unit_ldadd = libharness.la libmodel.la $(FUSE_LIBS) $(CUNIT_LIBS)
mount_cppflags = $(EXAMPLE_CPPFLAGS) $(CUNIT_CFLAGS)
mount_ldadd = libharness.la $(CUNIT_LIBS)

shell_tests = $(srcdir)/tests/static_code.sh \
	$(srcdir)/tests/static_install.sh $(srcdir)/tests/mount_flows.sh \
	$(srcdir)/tests/mount_at.sh
EXTRA_DIST += tests/static_code.sh tests/static_install.sh tests/mount_flows.sh tests/shell.sh \
	tests/mount_at.sh

# Not a test: mount_at.sh runs it, as somebody else's program.
noinst_PROGRAMS += tests/at_names
tests_at_names_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
tests_at_names_CFLAGS = $(EXAMPLE_CFLAGS)
tests_at_names_LDFLAGS =

check_PROGRAMS += tests/mount_sharing
tests_mount_sharing_CPPFLAGS = $(mount_cppflags)
tests_mount_sharing_LDADD = $(mount_ldadd)

include $(srcdir)/tests/units.mk
include $(srcdir)/tests/mounts.mk
include $(srcdir)/tests/inert.mk
include $(srcdir)/tests/conform.mk
include $(srcdir)/tests/ctl.mk
include $(srcdir)/tests/pack.mk
include $(srcdir)/tests/lib.mk
include $(srcdir)/tests/man.mk

check_PROGRAMS += tests/mount_faults
tests_mount_faults_CPPFLAGS = $(mount_cppflags)
tests_mount_faults_LDADD = $(mount_ldadd)

check_PROGRAMS += tests/mount_fork
tests_mount_fork_CPPFLAGS = $(mount_cppflags)
tests_mount_fork_LDADD = $(mount_ldadd)

check_PROGRAMS += tests/mount_attach
tests_mount_attach_CPPFLAGS = $(mount_cppflags) -I$(srcdir)/lib
tests_mount_attach_LDADD = $(mount_ldadd)

check_PROGRAMS += tests/mount_churn
tests_mount_churn_CPPFLAGS = $(mount_cppflags)
tests_mount_churn_LDADD = $(mount_ldadd)

check_PROGRAMS += tests/mount_interrupt
tests_mount_interrupt_CPPFLAGS = $(mount_cppflags) -I$(srcdir)/lib
tests_mount_interrupt_LDADD = $(mount_ldadd)
