# SPDX-License-Identifier: MIT
# The rules of the interface on a real mount: tests/mount_<topic>.c.
check_LTLIBRARIES += libcalls.la
libcalls_la_CPPFLAGS = $(mount_cppflags)
libcalls_la_SOURCES = tests/calls.c tests/calls.h tests/attached.h \
	tests/surrounded.c tests/surrounded.h

call_ldadd = libcalls.la $(mount_ldadd)

check_PROGRAMS += tests/mount_names
tests_mount_names_CPPFLAGS = $(mount_cppflags)
tests_mount_names_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_files
tests_mount_files_CPPFLAGS = $(mount_cppflags)
tests_mount_files_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_size
tests_mount_size_CPPFLAGS = $(mount_cppflags)
tests_mount_size_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_mappings
tests_mount_mappings_CPPFLAGS = $(mount_cppflags)
tests_mount_mappings_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_memory
tests_mount_memory_CPPFLAGS = $(mount_cppflags)
tests_mount_memory_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_windows
tests_mount_windows_CPPFLAGS = $(mount_cppflags)
tests_mount_windows_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_mapped
tests_mount_mapped_CPPFLAGS = $(mount_cppflags)
tests_mount_mapped_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_info
tests_mount_info_CPPFLAGS = $(mount_cppflags)
tests_mount_info_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_visible
tests_mount_visible_CPPFLAGS = $(mount_cppflags)
tests_mount_visible_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_beside
tests_mount_beside_CPPFLAGS = $(mount_cppflags)
tests_mount_beside_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_protection
tests_mount_protection_CPPFLAGS = $(mount_cppflags)
tests_mount_protection_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_ugly
tests_mount_ugly_CPPFLAGS = $(mount_cppflags) -I$(srcdir)/lib
tests_mount_ugly_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_crowd
tests_mount_crowd_CPPFLAGS = $(mount_cppflags)
tests_mount_crowd_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_calls
tests_mount_calls_CPPFLAGS = $(mount_cppflags)
tests_mount_calls_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_view
tests_mount_view_CPPFLAGS = $(mount_cppflags)
tests_mount_view_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_lazy
tests_mount_lazy_CPPFLAGS = $(mount_cppflags)
tests_mount_lazy_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_moments
tests_mount_moments_CPPFLAGS = $(mount_cppflags)
tests_mount_moments_LDADD = $(call_ldadd)

# A filesystem among filesystems: the same as tmpfs does.
check_LTLIBRARIES += libtwins.la
libtwins_la_CPPFLAGS = $(mount_cppflags)
libtwins_la_SOURCES = tests/twins.c tests/twins.h
twins_ldadd = libtwins.la $(mount_ldadd)

check_PROGRAMS += tests/mount_edges
tests_mount_edges_CPPFLAGS = $(mount_cppflags)
tests_mount_edges_LDADD = $(twins_ldadd)

check_PROGRAMS += tests/mount_times
tests_mount_times_CPPFLAGS = $(mount_cppflags)
tests_mount_times_LDADD = $(twins_ldadd)

check_PROGRAMS += tests/mount_handles
tests_mount_handles_CPPFLAGS = $(mount_cppflags)
tests_mount_handles_LDADD = $(twins_ldadd)

check_PROGRAMS += tests/mount_tmpfs
tests_mount_tmpfs_SOURCES = tests/mount_tmpfs.c tests/fsops.c tests/fsops.h \
	tests/fsops_random.c tests/fstwins.c tests/fstwins.h
tests_mount_tmpfs_CPPFLAGS = $(mount_cppflags)
tests_mount_tmpfs_LDADD = $(twins_ldadd)

check_PROGRAMS += tests/mount_together
tests_mount_together_SOURCES = tests/mount_together.c tests/fsops.c tests/fsops.h \
	tests/fsops_random.c
tests_mount_together_CPPFLAGS = $(mount_cppflags)
tests_mount_together_LDADD = $(twins_ldadd)

check_PROGRAMS += tests/mount_acl
tests_mount_acl_CPPFLAGS = $(mount_cppflags)
tests_mount_acl_LDADD = $(twins_ldadd)

check_PROGRAMS += tests/mount_locks
tests_mount_locks_CPPFLAGS = $(mount_cppflags)
tests_mount_locks_LDADD = $(twins_ldadd)

check_PROGRAMS += tests/mount_owner
tests_mount_owner_CPPFLAGS = $(mount_cppflags)
tests_mount_owner_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_limits
tests_mount_limits_CPPFLAGS = $(mount_cppflags) $(LINKED_CPPFLAGS)
tests_mount_limits_LDADD = $(call_ldadd) libengine.la

check_PROGRAMS += tests/mount_seccomp
tests_mount_seccomp_CPPFLAGS = $(mount_cppflags) -I$(srcdir)/lib
tests_mount_seccomp_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_align
tests_mount_align_CPPFLAGS = $(mount_cppflags)
tests_mount_align_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_users
tests_mount_users_CPPFLAGS = $(mount_cppflags)
tests_mount_users_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_status
tests_mount_status_CPPFLAGS = $(mount_cppflags) -I$(srcdir)/lib
tests_mount_status_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_kind
tests_mount_kind_CPPFLAGS = $(mount_cppflags) -I$(srcdir)/lib
tests_mount_kind_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_protect
tests_mount_protect_CPPFLAGS = $(mount_cppflags) -I$(srcdir)/lib
tests_mount_protect_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_races
tests_mount_races_CPPFLAGS = $(mount_cppflags) -I$(srcdir)/lib
tests_mount_races_LDADD = $(call_ldadd)
