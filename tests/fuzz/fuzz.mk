# SPDX-License-Identifier: MIT
# tests/fuzz/: libFuzzer targets. They need clang, and a build of their own of
# which only they can be made:
#   mkdir build-fuzz && cd build-fuzz && ../configure CC=clang --enable-fuzzers
#   make check-fuzz FUZZ_SECONDS=30
# Each runs for so long, from the inputs in tests/fuzz/corpus/.
FUZZ_SECONDS = 30

fuzz_programs = tests/fuzz/fuzz_attach tests/fuzz/fuzz_mapping \
	tests/fuzz/fuzz_mounts tests/fuzz/fuzz_options
EXTRA_DIST += tests/fuzz/run tests/fuzz/fuzz.h tests/fuzz/corpus

if FUZZ
noinst_PROGRAMS += $(fuzz_programs)
$(fuzz_programs): LDFLAGS += -fsanitize=fuzzer
fuzz_libs = libmodel.la libengine.la
tests_fuzz_fuzz_attach_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_mapping_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_mounts_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_mounts_SOURCES = tests/fuzz/fuzz_mounts.c \
	lib/preload/fstype_view.c
tests_fuzz_fuzz_options_LDADD = $(fuzz_libs) $(FUSE_LIBS)
tests_fuzz_fuzz_options_SOURCES = tests/fuzz/fuzz_options.c fuse/options.c
tests_fuzz_fuzz_options_CPPFLAGS = $(AM_CPPFLAGS) $(FUSE_CFLAGS)

check-fuzz: $(fuzz_programs)
	$(AM_V_at)SRC=$(abs_srcdir) $(srcdir)/tests/fuzz/run $(FUZZ_SECONDS) \
		$(fuzz_programs)
else
check-fuzz:
	@echo "make check-fuzz needs a build with CC=clang and" \
		"--enable-fuzzers: see tests/fuzz/fuzz.mk" >&2; exit 1
endif

.PHONY: check-fuzz soak
