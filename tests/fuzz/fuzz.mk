# SPDX-License-Identifier: MIT
# tests/fuzz/: libFuzzer targets. They need clang, and a build of their own of
# which only they can be made:
#   mkdir build-fuzz && cd build-fuzz && ../configure CC=clang --enable-fuzzers
#   make check-fuzz FUZZ_SECONDS=30
# Each runs for so long, from the inputs in tests/fuzz/corpus/.
FUZZ_SECONDS = 30

fuzz_programs = tests/fuzz/fuzz_attach tests/fuzz/fuzz_ioctl \
	tests/fuzz/fuzz_mapping tests/fuzz/fuzz_mounts \
	tests/fuzz/fuzz_options tests/fuzz/fuzz_status
EXTRA_DIST += tests/fuzz/run tests/fuzz/fuzz.h tests/fuzz/corpus

if FUZZ
noinst_PROGRAMS += $(fuzz_programs)
$(fuzz_programs): LDFLAGS += -fsanitize=fuzzer
fuzz_libs = libmodel.la libengine.la
tests_fuzz_fuzz_attach_LDADD = $(fuzz_libs)
# The daemon's operations; the functions of libfuse are in the target itself.
tests_fuzz_fuzz_ioctl_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_ioctl_SOURCES = tests/fuzz/fuzz_ioctl.c \
	tests/fuzz/ioctl_rules.c tests/fuzz/ioctl_rules.h \
	tests/fuzz/region_model.c tests/fuzz/region_model.h \
	fuse/ops/ioctl.c fuse/ops/ioctl_status.c fuse/ops/ioctl_turns.c \
	fuse/ops/region_status.c fuse/ops/server.c
tests_fuzz_fuzz_ioctl_CPPFLAGS = $(AM_CPPFLAGS) $(FUSE_CFLAGS)
tests_fuzz_fuzz_mapping_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_mounts_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_mounts_SOURCES = tests/fuzz/fuzz_mounts.c \
	lib/preload/fstype_view.c
tests_fuzz_fuzz_options_LDADD = $(fuzz_libs) $(FUSE_LIBS)
tests_fuzz_fuzz_options_SOURCES = tests/fuzz/fuzz_options.c fuse/options.c
tests_fuzz_fuzz_options_CPPFLAGS = $(AM_CPPFLAGS) $(FUSE_CFLAGS)
# The daemon and the mount that the tools see are in the target itself.
tests_fuzz_fuzz_status_SOURCES = tests/fuzz/fuzz_status.c \
	tools/amount.c tools/daemon_status.c tools/messages.c \
	tools/mount_sample.c tools/process_info.c tools/prot.c \
	tools/redirected_list.c tools/region_list.c tools/resolve_target.c \
	tools/table.c tools/utf8.c \
	tools/cmd/cmd_ls.c tools/cmd/cmd_maps.c tools/cmd/cmd_windows.c \
	lib/common/default_mount.c
tests_fuzz_fuzz_status_CPPFLAGS = $(AM_CPPFLAGS) $(SMARTCOLS_CFLAGS)
tests_fuzz_fuzz_status_LDADD = $(fuzz_libs) $(SMARTCOLS_LIBS)
status_seams = ioctl resolve_target target_open target_try_open
tests_fuzz_fuzz_status_LDFLAGS = $(AM_LDFLAGS) $(status_seams:%=-Wl,--wrap=%)

check-fuzz: $(fuzz_programs)
	$(AM_V_at)SRC=$(abs_srcdir) $(srcdir)/tests/fuzz/run $(FUZZ_SECONDS) \
		$(fuzz_programs)
else
check-fuzz:
	@echo "make check-fuzz needs a build with CC=clang and" \
		"--enable-fuzzers: see tests/fuzz/fuzz.mk" >&2; exit 1
endif

.PHONY: check-fuzz soak
