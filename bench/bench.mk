# SPDX-License-Identifier: MIT
# bench/: one program per kind of work, with its peers; bench/run starts them.

noinst_LTLIBRARIES += libbench.la
libbench_la_SOURCES = bench/bench.c bench/bench.h bench/crowd.c bench/crowd.h \
	bench/daemon.c bench/daemon.h bench/peers.c bench/peers.h
libbench_la_CPPFLAGS = $(BENCH_CPPFLAGS)

BENCH_CPPFLAGS = $(lib_cppflags)

noinst_PROGRAMS += bench/demo_table
bench_demo_table_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_demo_table_LDADD = libbench.la

noinst_PROGRAMS += bench/page_tables
bench_page_tables_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_page_tables_LDADD = libbench.la

noinst_PROGRAMS += bench/attach
bench_attach_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_attach_LDADD = libbench.la

noinst_PROGRAMS += bench/fork
bench_fork_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_fork_LDADD = libbench.la

noinst_PROGRAMS += bench/fill
bench_fill_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_fill_LDADD = libbench.la

noinst_PROGRAMS += bench/changes
bench_changes_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_changes_LDADD = libbench.la libengine.la

noinst_PROGRAMS += bench/windows
bench_windows_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_windows_LDADD = libbench.la

noinst_PROGRAMS += bench/exit
bench_exit_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_exit_LDADD = libbench.la

noinst_PROGRAMS += bench/files
bench_files_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_files_LDADD = libbench.la

# What files is measured beside, which starts it.
noinst_PROGRAMS += bench/null_fuse
bench_null_fuse_CPPFLAGS = -D_GNU_SOURCE $(FUSE_CFLAGS) $(BSD_CFLAGS)
bench_null_fuse_LDADD = $(FUSE_LIBS)

noinst_PROGRAMS += bench/access
bench_access_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_access_LDADD = libbench.la

noinst_PROGRAMS += bench/inert
bench_inert_CPPFLAGS = $(BENCH_CPPFLAGS)
bench_inert_LDADD = libbench.la

bench_scripts = bench/run bench/compare bench/publish bench/demo
bench_modules = bench/suite/__init__.py bench/suite/figures.py \
	bench/suite/headline.py bench/suite/limits.py bench/suite/machine.py \
	bench/suite/marks.py bench/suite/model.py bench/suite/model_doc.py \
	bench/suite/model_plots.py bench/suite/performance.py \
	bench/suite/plots.py bench/suite/published.py bench/suite/results.py \
	bench/suite/table.py
EXTRA_DIST += $(bench_scripts) $(bench_modules)

# Both write below the build directory. Python's cache of bytecode would be
# written to the sources.
bench: all
	PYTHONDONTWRITEBYTECODE=1 BUILD=$(abs_builddir) $(srcdir)/bench/run \
		--output bench/results.json --plots bench/plots

bench-quick: all
	PYTHONDONTWRITEBYTECODE=1 BUILD=$(abs_builddir) $(srcdir)/bench/run \
		--quick --output bench/quick.json

.PHONY: bench bench-quick

# A tarball carries the samples and plots of the last "make bench" in this build
# directory, or those that the sources came with.
dist-hook: dist-bench

dist-bench:
	@for from in . $(srcdir); do \
		test -f $$from/bench/results.json || continue; \
		echo "with $$from/bench/results.json"; \
		cp $$from/bench/results.json $(distdir)/bench/ && \
		if test -d $$from/bench/plots; then \
			cp -R $$from/bench/plots $(distdir)/bench/; \
		fi; \
		exit; \
	done; \
	echo "without bench/results.json: make bench would write it"

.PHONY: dist-bench
