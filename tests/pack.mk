# SPDX-License-Identifier: MIT
# The verbs plan and doctor of msharectl.
check_PROGRAMS += tests/unit_plan
tests_unit_plan_SOURCES = tests/unit_plan.c tools/plan.c
tests_unit_plan_CPPFLAGS = $(AM_CPPFLAGS) $(CUNIT_CFLAGS) -I$(srcdir)/tools
tests_unit_plan_LDADD = libharness.la $(CUNIT_LIBS)

shell_tests += $(srcdir)/tests/static_plan.sh $(srcdir)/tests/doctor.sh
EXTRA_DIST += tests/static_plan.sh tests/doctor.sh

# Not a test: doctor.sh runs it.
noinst_PROGRAMS += tests/refusing
tests_refusing_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
tests_refusing_CFLAGS = $(EXAMPLE_CFLAGS)
tests_refusing_LDFLAGS =

# The units, and what they run.
shell_tests += $(srcdir)/tests/service.sh
EXTRA_DIST += tests/service.sh tests/notified.py \
	tests/package.sh

# The manual.
shell_tests += $(srcdir)/tests/static_man.sh
EXTRA_DIST += tests/static_man.sh

# The benchmarks' arithmetic.
shell_tests += $(srcdir)/tests/static_bench.sh
EXTRA_DIST += tests/static_bench.sh tests/static_bench.py
