# SPDX-License-Identifier: MIT
# The rules of the interface on a real mount: tests/mount_<topic>.c.
check_LTLIBRARIES += libcalls.la
libcalls_la_CPPFLAGS = $(mount_cppflags)
libcalls_la_SOURCES = tests/calls.c tests/calls.h \
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

check_PROGRAMS += tests/mount_owner
tests_mount_owner_CPPFLAGS = $(mount_cppflags)
tests_mount_owner_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_limits
tests_mount_limits_CPPFLAGS = $(mount_cppflags)
tests_mount_limits_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_seccomp
tests_mount_seccomp_CPPFLAGS = $(mount_cppflags)
tests_mount_seccomp_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_align
tests_mount_align_CPPFLAGS = $(mount_cppflags)
tests_mount_align_LDADD = $(call_ldadd)

check_PROGRAMS += tests/mount_users
tests_mount_users_CPPFLAGS = $(mount_cppflags)
tests_mount_users_LDADD = $(call_ldadd)
