# SPDX-License-Identifier: MIT
# Programs that link libmshare: tests/mount_lib.sh runs them.
lib_cppflags = $(mount_cppflags) -I$(srcdir)/lib
lib_ldadd = liblibtest.la libcalls.la $(mount_ldadd) libmshare.la

check_LTLIBRARIES += liblibtest.la
liblibtest_la_CPPFLAGS = $(lib_cppflags)
liblibtest_la_SOURCES = tests/lib.c tests/lib.h

check_PROGRAMS += tests/lib_2022
tests_lib_2022_CPPFLAGS = $(lib_cppflags)
tests_lib_2022_LDADD = $(lib_ldadd)
tests_lib_2022_LDFLAGS = $(AM_LDFLAGS) -no-install

check_PROGRAMS += tests/lib_2026
tests_lib_2026_CPPFLAGS = $(lib_cppflags)
tests_lib_2026_LDADD = $(lib_ldadd)
tests_lib_2026_LDFLAGS = $(AM_LDFLAGS) -no-install

check_PROGRAMS += tests/lib_fd
tests_lib_fd_CPPFLAGS = $(lib_cppflags)
tests_lib_fd_LDADD = $(lib_ldadd)
tests_lib_fd_LDFLAGS = $(AM_LDFLAGS) -no-install

check_PROGRAMS += tests/lib_half_way
tests_lib_half_way_CPPFLAGS = $(lib_cppflags)
tests_lib_half_way_LDADD = $(lib_ldadd)
tests_lib_half_way_LDFLAGS = $(AM_LDFLAGS) -no-install

check_PROGRAMS += tests/lib_mount
tests_lib_mount_CPPFLAGS = $(lib_cppflags)
tests_lib_mount_LDADD = $(lib_ldadd)
tests_lib_mount_LDFLAGS = $(AM_LDFLAGS) -no-install

check_PROGRAMS += tests/lib_refused
tests_lib_refused_CPPFLAGS = $(lib_cppflags)
tests_lib_refused_LDADD = $(lib_ldadd)
tests_lib_refused_LDFLAGS = $(AM_LDFLAGS) -no-install

check_PROGRAMS += tests/lib_rules
tests_lib_rules_CPPFLAGS = $(lib_cppflags)
tests_lib_rules_LDADD = $(lib_ldadd)
tests_lib_rules_LDFLAGS = $(AM_LDFLAGS) -no-install

check_PROGRAMS += tests/lib_tasks
tests_lib_tasks_CPPFLAGS = $(lib_cppflags)
tests_lib_tasks_LDADD = $(lib_ldadd)
tests_lib_tasks_LDFLAGS = $(AM_LDFLAGS) -no-install

# Not linked with it, on purpose.
check_PROGRAMS += tests/lib_dlopen
tests_lib_dlopen_CPPFLAGS = $(lib_cppflags)
tests_lib_dlopen_LDADD = $(mount_ldadd)

check_PROGRAMS += tests/lib_other_engine
tests_lib_other_engine_CPPFLAGS = $(lib_cppflags)
tests_lib_other_engine_LDADD = $(lib_ldadd)
tests_lib_other_engine_LDFLAGS = $(AM_LDFLAGS) -no-install
check_LTLIBRARIES += strange_engine.la
strange_engine_la_CFLAGS = $(EXAMPLE_CFLAGS)
strange_engine_la_SOURCES = tests/strange_engine.c
strange_engine_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

# As somebody else builds it, but that the library is not installed yet.
check_SCRIPTS = tests/lib_cxx
tests/lib_cxx: $(srcdir)/tests/lib_cxx.cc libmshare.la
	$(AM_V_GEN)$(CC) -x c++ -std=c++11 $(CXX_WARNINGS) -pedantic -fno-exceptions \
		-I$(srcdir)/lib -o $@ $(srcdir)/tests/lib_cxx.cc \
		-L.libs -lmshare
CXX_WARNINGS = -Wall -Wextra -Werror
EXTRA_DIST += tests/lib_cxx.cc
CLEANFILES += tests/lib_cxx

shell_tests += $(srcdir)/tests/mount_lib.sh
EXTRA_DIST += tests/mount_lib.sh
