# SPDX-License-Identifier: MIT
# The model: tests/unit_<module>.c.
check_PROGRAMS += tests/unit_backing
tests_unit_backing_CPPFLAGS = $(unit_cppflags)
tests_unit_backing_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_change
tests_unit_change_CPPFLAGS = $(unit_cppflags)
tests_unit_change_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_inode
tests_unit_inode_CPPFLAGS = $(unit_cppflags)
tests_unit_inode_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_mapping
tests_unit_mapping_CPPFLAGS = $(unit_cppflags)
tests_unit_mapping_LDADD = $(unit_ldadd)

# The command line is no part of the model, so it is compiled in.
check_PROGRAMS += tests/unit_options
tests_unit_options_SOURCES = tests/unit_options.c fuse/options.c
tests_unit_options_CPPFLAGS = $(unit_cppflags)
tests_unit_options_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_region
tests_unit_region_CPPFLAGS = $(unit_cppflags)
tests_unit_region_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_size
tests_unit_size_CPPFLAGS = $(unit_cppflags)
tests_unit_size_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_ticket
tests_unit_ticket_CPPFLAGS = $(unit_cppflags)
tests_unit_ticket_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_told
tests_unit_told_CPPFLAGS = $(unit_cppflags)
tests_unit_told_LDADD = $(unit_ldadd)

# The library's half: only what is in lib/.
check_PROGRAMS += tests/unit_window
tests_unit_window_CPPFLAGS = $(AM_CPPFLAGS) $(CUNIT_CFLAGS)
tests_unit_window_LDADD = libharness.la libengine.la $(CUNIT_LIBS)

check_PROGRAMS += tests/unit_fdpass
tests_unit_fdpass_CPPFLAGS = $(AM_CPPFLAGS) $(CUNIT_CFLAGS)
tests_unit_fdpass_LDADD = libharness.la libengine.la $(CUNIT_LIBS)

check_PROGRAMS += tests/unit_modes
tests_unit_modes_CPPFLAGS = $(unit_cppflags)
tests_unit_modes_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_seek
tests_unit_seek_CPPFLAGS = $(unit_cppflags)
tests_unit_seek_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_xattr
tests_unit_xattr_CPPFLAGS = $(unit_cppflags)
tests_unit_xattr_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_attributes
tests_unit_attributes_CPPFLAGS = $(unit_cppflags)
tests_unit_attributes_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_acl
tests_unit_acl_CPPFLAGS = $(unit_cppflags)
tests_unit_acl_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_extents
tests_unit_extents_CPPFLAGS = $(unit_cppflags)
tests_unit_extents_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_protect
tests_unit_protect_CPPFLAGS = $(unit_cppflags)
tests_unit_protect_LDADD = $(unit_ldadd)

check_PROGRAMS += tests/unit_held
tests_unit_held_CPPFLAGS = $(unit_cppflags)
tests_unit_held_LDADD = $(unit_ldadd)
