# SPDX-License-Identifier: MIT
# bench/: one program a kind of work, with its peers; bench/run starts them all.

bench_programs = bench/page_tables bench/attach bench/fork bench/fill \
	bench/changes bench/files
bench_common = bench/bench.c bench/bench.h bench/crowd.c bench/crowd.h \
	bench/peers.c bench/peers.h

# What files is measured beside
noinst_PROGRAMS += $(bench_programs) bench/null_fuse
bench_page_tables_SOURCES = bench/page_tables.c $(bench_common)
bench_attach_SOURCES = bench/attach.c $(bench_common)
bench_fork_SOURCES = bench/fork.c $(bench_common)
bench_fill_SOURCES = bench/fill.c $(bench_common)
bench_changes_SOURCES = bench/changes.c $(bench_common)
bench_files_SOURCES = bench/files.c $(bench_common)
bench_null_fuse_SOURCES = bench/null_fuse.c
bench_page_tables_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
bench_attach_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
bench_fork_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
bench_fill_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
bench_changes_CPPFLAGS = $(EXAMPLE_CPPFLAGS)
bench_files_CPPFLAGS = $(EXAMPLE_CPPFLAGS) -I$(srcdir)/lib
bench_null_fuse_CPPFLAGS = -D_GNU_SOURCE $(FUSE_CFLAGS) $(BSD_CFLAGS)
bench_null_fuse_LDADD = $(FUSE_LIBS)
