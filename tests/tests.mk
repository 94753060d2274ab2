# SPDX-License-Identifier: MIT
# tests/: "make check" runs all tests with tests/run. To add a test, add a file,
# and its name to the list of its kind; CONTRIBUTING.md has an example.

# What test programs share. Each links only what it calls.
check_LTLIBRARIES = libharness.la
libharness_la_SOURCES = \
	tests/harness/attached.h \
	tests/harness/calls.c tests/harness/calls.h \
	tests/harness/fsops.c tests/harness/fsops.h \
	tests/harness/fsops_random.c \
	tests/harness/fstwins.c tests/harness/fstwins.h \
	tests/harness/harness.c tests/harness/harness.h \
	tests/harness/harness_daemon.c \
	tests/harness/harness_held.c tests/harness/harness_held.h \
	tests/harness/harness_processes.c \
	tests/harness/harness_regions.c \
	tests/harness/small_region.h \
	tests/harness/surrounded.c tests/harness/surrounded.h \
	tests/harness/twins.c tests/harness/twins.h \
	tests/lib/lib_common.c tests/lib/lib_common.h
libharness_la_LIBADD = $(CUNIT_LIBS)

# The default for all test programs.
LDADD = libharness.la libmodel.la libengine.la $(CUNIT_LIBS)

# Tests of single modules of the daemon and of the library.
unit_tests = tests/unit/unit_acl tests/unit/unit_attributes \
	tests/unit/unit_backing tests/unit/unit_cgroup_limit tests/unit/unit_errand \
	tests/unit/unit_extents tests/unit/unit_fdpass tests/unit/unit_held \
	tests/unit/unit_inode tests/unit/unit_mapping \
	tests/unit/unit_mapping_change \
	tests/unit/unit_options tests/unit/unit_plan tests/unit/unit_protect \
	tests/unit/unit_protection tests/unit/unit_quota \
	tests/unit/unit_region tests/unit/unit_seek \
	tests/unit/unit_size tests/unit/unit_stale_attr tests/unit/unit_ticket \
	tests/unit/unit_turns tests/unit/unit_utf8 \
	tests/unit/unit_window_table tests/unit/unit_xattr
# The modules under test here are in no library.
tests_unit_unit_options_SOURCES = tests/unit/unit_options.c fuse/options.c
tests_unit_unit_options_CPPFLAGS = $(AM_CPPFLAGS) $(FUSE_CFLAGS)
tests_unit_unit_options_LDADD = $(LDADD) $(FUSE_LIBS)
tests_unit_unit_plan_SOURCES = tests/unit/unit_plan.c tools/plan.c
tests_unit_unit_utf8_SOURCES = tests/unit/unit_utf8.c tools/utf8.c

# Tests of real mounts, written like programs for the kernel series.
mount_tests = tests/mount/mount_acl tests/mount/mount_align \
	tests/mount/mount_attach tests/mount/mount_beside \
	tests/mount/mount_calls \
	tests/mount/mount_churn tests/mount/mount_crowd \
	tests/mount/mount_edges \
	tests/mount/mount_faults tests/mount/mount_files \
	tests/mount/mount_fork \
	tests/mount/mount_handles tests/mount/mount_info \
	tests/mount/mount_interrupt \
	tests/mount/mount_kind tests/mount/mount_lazy tests/mount/mount_limits \
	tests/mount/mount_locks tests/mount/mount_madvise \
	tests/mount/mount_mapped tests/mount/mount_mappings \
	tests/mount/mount_memory tests/mount/mount_moments \
	tests/mount/mount_names \
	tests/mount/mount_owner tests/mount/mount_protect \
	tests/mount/mount_protection tests/mount/mount_races \
	tests/mount/mount_seccomp tests/mount/mount_sharing \
	tests/mount/mount_size \
	tests/mount/mount_status tests/mount/mount_times \
	tests/mount/mount_tmpfs \
	tests/mount/mount_together tests/mount/mount_ugly \
	tests/mount/mount_unmap \
	tests/mount/mount_users \
	tests/mount/mount_view tests/mount/mount_visible tests/mount/mount_windows

# Hostile users on a mount that others use.
hostile_tests = tests/hostile/mount_hostile_attach \
	tests/hostile/mount_hostile_limits \
	tests/hostile/mount_hostile_slow \
	tests/hostile/mount_hostile_squat \
	tests/hostile/mount_hostile_uffd \
	tests/hostile/mount_hostile_windows
mount_tests += $(hostile_tests)
tests_hostile_mount_hostile_attach_SOURCES = $(hostile_sources) \
	tests/hostile/mount_hostile_attach.c
tests_hostile_mount_hostile_limits_SOURCES = $(hostile_sources) \
	tests/hostile/mount_hostile_limits.c
tests_hostile_mount_hostile_slow_SOURCES = $(hostile_sources) \
	tests/hostile/mount_hostile_slow.c \
	tests/hostile/slow_file.c tests/hostile/slow_file.h
tests_hostile_mount_hostile_slow_CPPFLAGS = $(AM_CPPFLAGS) $(FUSE_CFLAGS)
tests_hostile_mount_hostile_slow_LDADD = $(LDADD) $(FUSE_LIBS)
tests_hostile_mount_hostile_squat_SOURCES = $(hostile_sources) \
	tests/hostile/mount_hostile_squat.c
tests_hostile_mount_hostile_uffd_SOURCES = $(hostile_sources) \
	tests/hostile/mount_hostile_uffd.c
tests_hostile_mount_hostile_windows_SOURCES = $(hostile_sources) \
	tests/hostile/mount_hostile_windows.c
hostile_sources = tests/hostile/bystander.c tests/hostile/bystander.h \
	tests/hostile/daemon_state.c tests/hostile/daemon_state.h \
	tests/hostile/hostile.c tests/hostile/hostile.h \
	tests/hostile/raw_client.c tests/hostile/raw_client.h

# "make soak MINUTES=60"; with "make check" it runs for seconds.
mount_tests += tests/soak/mount_soak

# A build with --enable-fault-points.
if FAULT_POINTS
mount_tests += tests/fault/mount_fault_points
endif
EXTRA_DIST += tests/fault/daemon_faults.c tests/fault/engine_faults.c \
	tests/fault/fault_points.c tests/fault/fault_points.h \
	tests/fault/mount_fault_points.c

# Programs that know nothing of msharefs, on redirected memory.
ordinary_tests = tests/ordinary/ordinary_rules
$(ordinary_tests): LDADD =

# Programs that link libmshare; tests/lib/mount_lib.sh runs them.
lib_tests = tests/lib/lib_2022 tests/lib/lib_2026 tests/lib/lib_fd \
	tests/lib/lib_half_way tests/lib/lib_mount tests/lib/lib_other_engine \
	tests/lib/lib_refused tests/lib/lib_rules tests/lib/lib_tasks
$(lib_tests): LDADD += libmshare.la
$(lib_tests): libmshare.la
# Loads the library with dlopen(), so does not link it.
dlopen_tests = tests/lib/lib_dlopen

# The conformance suite: one program for each revision, all built from the same
# sources, which include only the uapi header of this project.
# tests/conform/mount_conform.sh runs them.
conform_tests = tests/conform/conform_v1 tests/conform/conform_v2 \
	tests/conform/conform_v3
conform_sources = tests/conform/conform.c tests/conform/conform.h \
	tests/conform/conform_do_files.c tests/conform/conform_do_processes.c \
	tests/conform/conform_do_regions.c tests/conform/conform_do_windows.c \
	tests/conform/conform_faults.c tests/conform/conform_files.c \
	tests/conform/conform_mappings.c tests/conform/conform_numbers.c \
	tests/conform/conform_ownership.c tests/conform/conform_script.c \
	tests/conform/conform_sizes.c tests/conform/conform_windows.c
tests_conform_conform_v1_SOURCES = $(conform_sources)
tests_conform_conform_v1_CPPFLAGS = $(public_cppflags) -iquote $(srcdir)/tests \
	-DREVISION=1 -DMSHAREFS_API_V1
tests_conform_conform_v1_LDADD =
tests_conform_conform_v2_SOURCES = $(conform_sources)
tests_conform_conform_v2_CPPFLAGS = $(public_cppflags) -iquote $(srcdir)/tests \
	-DREVISION=2
tests_conform_conform_v2_LDADD =
tests_conform_conform_v3_SOURCES = $(conform_sources)
tests_conform_conform_v3_CPPFLAGS = $(public_cppflags) -iquote $(srcdir)/tests \
	-DREVISION=3
tests_conform_conform_v3_LDADD =

check_PROGRAMS += $(unit_tests) $(mount_tests) $(ordinary_tests) $(lib_tests) $(dlopen_tests) \
	$(conform_tests)

# Shell scripts: plain ones run once, the others for each backing and user.
plain_scripts = tests/static/static_code.sh tests/static/static_layers.sh \
	tests/static/static_install.sh \
	tests/static/static_man.sh tests/static/static_bench.sh \
	tests/static/static_docs.sh \
	tests/static/static_calls.sh tests/tools/static_plan.sh \
	tests/tools/doctor.sh \
	tests/tools/service.sh tests/lib/man_examples.sh \
	tests/ordinary/share_run.sh tests/ordinary/share_lists.sh \
	tests/harness/leaks.sh
mount_scripts = tests/mount/mount_flows.sh tests/tools/mount_at.sh \
	tests/tools/mount_ctl_mount.sh tests/tools/mount_ctl_lists.sh \
	tests/tools/mount_ctl_changes.sh tests/tools/mount_ctl_terminal.sh \
	tests/conform/mount_conform.sh tests/lib/mount_lib.sh
# These compare installed files byte by byte, which sanitizers would change.
if !SANITIZE
plain_scripts += tests/inert/inert.sh
mount_scripts += tests/inert/mount_inert.sh
endif
EXTRA_DIST += tests/run tests/plan tests/job tests/tsan.supp $(plain_scripts) $(mount_scripts) tests/inert/inert.sh \
	tests/inert/mount_inert.sh tests/harness/judge.py tests/harness/judge.sh \
	tests/harness/man.sh tests/harness/shell.sh \
	tests/harness/stage.sh tests/tools/ctl.sh tests/tools/notified.py \
	tests/tools/package.sh tests/static/static_bench.py tests/static/layers.py

# Not tests: scripts run these as programs of other people.
foreign_programs = tests/tools/at_names tests/tools/ctl_windows \
	tests/tools/refusing tests/inert/inert_calls \
	tests/ordinary/share_probe
tests_ordinary_share_probe_CPPFLAGS = $(public_cppflags)
tests_ordinary_share_probe_CFLAGS = $(foreign_cflags)
tests_ordinary_share_probe_LDFLAGS =
tests_ordinary_share_probe_LDADD =
noinst_PROGRAMS += $(foreign_programs) tests/tools/ctl_bar
tests_tools_at_names_CPPFLAGS = $(public_cppflags) -iquote $(srcdir)/tests
tests_tools_at_names_CFLAGS = $(foreign_cflags)
tests_tools_at_names_LDFLAGS =
tests_tools_at_names_LDADD =
tests_tools_ctl_windows_CPPFLAGS = $(public_cppflags) -iquote $(srcdir)/tests
tests_tools_ctl_windows_CFLAGS = $(foreign_cflags)
tests_tools_ctl_windows_LDFLAGS =
tests_tools_ctl_windows_LDADD =
tests_tools_refusing_CPPFLAGS = $(public_cppflags) -iquote $(srcdir)/tests
tests_tools_refusing_CFLAGS = $(foreign_cflags)
tests_tools_refusing_LDFLAGS =
tests_tools_refusing_LDADD =
tests_inert_inert_calls_CPPFLAGS = $(public_cppflags) -iquote $(srcdir)/tests
tests_inert_inert_calls_CFLAGS = $(foreign_cflags)
tests_inert_inert_calls_LDFLAGS =
tests_inert_inert_calls_LDADD =
tests_inert_inert_calls_SOURCES = tests/inert/inert.h \
	tests/inert/inert_calls.c tests/inert/inert_memory.c \
	tests/inert/inert_process.c tests/inert/inert_ranges.c \
	tests/inert/inert_signals.c tests/inert/inert_tasks.c
tests_tools_ctl_bar_SOURCES = tests/tools/ctl_bar.c tools/progress_bar.c \
	tools/progress_bar.h tools/amount.c tools/amount.h
tests_tools_ctl_bar_LDADD = -lpthread

# -rpath: or libtool would not make them shared.
check_LTLIBRARIES += inert_plugin.la strange_engine.la
inert_plugin_la_SOURCES = tests/inert/inert_plugin.c
inert_plugin_la_CFLAGS = $(foreign_cflags)
inert_plugin_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
inert_plugin_la_LIBADD =
strange_engine_la_SOURCES = tests/lib/strange_engine.c
strange_engine_la_CFLAGS = $(foreign_cflags)
strange_engine_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
strange_engine_la_LIBADD =

# Built as a user would, but against the library in the build directory.
check_SCRIPTS = tests/lib/lib_cxx
tests/lib/lib_cxx: $(srcdir)/tests/lib/lib_cxx.cc libmshare.la
	$(AM_V_GEN)$(CC) -x c++ -std=c++11 $(CXX_WARNINGS) -pedantic \
	-fno-exceptions \
		-I$(srcdir)/lib/include -o $@ $(srcdir)/tests/lib/lib_cxx.cc \
		-L.libs -lmshare
CXX_WARNINGS = -Wall -Wextra -Werror
EXTRA_DIST += tests/lib/lib_cxx.cc
CLEANFILES += tests/lib/lib_cxx

# All that tests run, and nothing else: for make -j
check-programs: $(check_PROGRAMS) $(check_LTLIBRARIES) $(check_SCRIPTS)

# All kinds of clients for so many minutes; what the daemon held then is in
# soak.csv, drawn in soak.svg. TSan: configure --enable-sanitizers=thread.
MINUTES = 60
soak: all check-programs
	$(AM_V_at)SOAK_MINUTES=$(MINUTES) SOAK_CSV=$(abs_builddir)/soak.csv \
	TEST_TIMEOUT=$$(($(MINUTES) * 60 + 300)) $(MAKE) check-local \
		MATCH='^mount_soak$$' BACKINGS=memfd
	$(AM_V_at)$(srcdir)/tests/soak/plot soak.csv >soak.svg
EXTRA_DIST += tests/soak/plot
