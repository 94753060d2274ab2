# SPDX-License-Identifier: MIT
# bench/: one program a kind of work, with its peers; bench/run starts them all.

bench_programs = bench/page_tables bench/attach bench/fork bench/fill \
	bench/changes bench/windows bench/exit
bench_common = bench/bench.c bench/bench.h bench/crowd.c bench/crowd.h \
	bench/peers.c bench/peers.h

noinst_PROGRAMS += $(bench_programs) bench/demo_table
bench_demo_table_SOURCES = bench/demo_table.c $(bench_common)
bench_demo_table_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
bench_page_tables_SOURCES = bench/page_tables.c $(bench_common)
bench_attach_SOURCES = bench/attach.c $(bench_common)
bench_fork_SOURCES = bench/fork.c $(bench_common)
bench_fill_SOURCES = bench/fill.c $(bench_common)
bench_changes_SOURCES = bench/changes.c $(bench_common)
bench_windows_SOURCES = bench/windows.c bench/daemon.c bench/daemon.h \
	$(bench_common)
bench_exit_SOURCES = bench/exit.c $(bench_common)
bench_page_tables_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
bench_attach_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
bench_fork_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
bench_fill_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
bench_changes_CPPFLAGS = $(EXAMPLE_CPPFLAGS) -I$(srcdir)/lib
bench_windows_CPPFLAGS = $(EXAMPLE_CPPFLAGS) $(LINKED_CPPFLAGS)
bench_exit_CPPFLAGS = $(EXAMPLE_CPPFLAGS)

bench_scripts = bench/run bench/compare bench/publish bench/demo bench/model
bench_modules = bench/suite/__init__.py bench/suite/figures.py \
	bench/suite/headline.py bench/suite/limits.py bench/suite/machine.py \
	bench/suite/model.py bench/suite/plots.py \
	bench/suite/readme.py bench/suite/results.py bench/suite/table.py
EXTRA_DIST += $(bench_scripts) $(bench_modules) bench/model.md

# Both write what they measured below the build. A bytecode cache would be
# written to the sources.
bench: all
	PYTHONDONTWRITEBYTECODE=1 BUILD=$(abs_builddir) $(srcdir)/bench/run \
		--output bench/results.json --plots bench/plots

bench-quick: all
	PYTHONDONTWRITEBYTECODE=1 BUILD=$(abs_builddir) $(srcdir)/bench/run \
		--quick --output bench/quick.json

.PHONY: bench bench-quick
