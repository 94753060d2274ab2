#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests which files "make install" installs, and that programs build with them.
set -u
. "$SRC/tests/harness/shell.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CC=${CC:-cc}

installs()
{
	make -s -C "$BUILD" install DESTDIR="$work" >"$work/log" 2>&1 ||
		{ cat "$work/log"; return 1; }
}

# has PATTERN...: installed files have paths that end like that
has()
{
	for end; do
		find "$work" -path "*$end" | grep -q . || {
			echo "missing: $end"
			return 1
		}
	done
}

flags()
{
	dir=$(dirname "$(find "$work" -name msharefs-uapi.pc)")
	PKG_CONFIG_PATH=$dir PKG_CONFIG_SYSROOT_DIR=$work \
		pkg-config --cflags msharefs-uapi
}

# library_flags --cflags|--libs
library_flags()
{
	dir=$(dirname "$(find "$work" -name mshare.pc)")
	PKG_CONFIG_PATH=$dir PKG_CONFIG_SYSROOT_DIR=$work \
		pkg-config "$@" mshare
}

# Builds an example; it must be linked by the library's permanent soname.
links()
{
	# shellcheck disable=SC2046 # flags
	$CC -std=gnu11 -Wall -Werror $(library_flags --cflags) \
		-o "$work/$1" "$SRC/examples/$1.c" $(library_flags --libs) &&
		readelf -d "$work/$1" | grep -q 'NEEDED.*libmshare\.so\.0\]'
}

# Builds with the flags of pkg-config alone.
builds()
{
	# shellcheck disable=SC2046 # flags
	$CC -std=gnu11 -Wall -Werror $(flags) -o "$work/$1" "$SRC/examples/$1.c"
}

helper_names_daemon()
{
	daemon=$(sed -n 's/^exec "\([^"]*\)".*/\1/p' \
		"$(find "$work" -name mount.msharefs -type f)")
	[ -x "$work$daemon" ]
}

finds_preload()
{
	# The message names the final path, where nothing is installed yet.
	lib=$(env -u MSHAREFS_PRELOAD "$(find "$work" -name msharectl)" run -- true \
		2>&1 | sed -n 's/^msharectl: \([^:]*\):.*/\1/p')
	[ -z "$lib" ] || [ -f "$work$lib" ]
}

check "make install" installs
check "units, and their examples" has systemd/system/msharefs@.service \
	systemd/user/msharefs.service examples/sysctl.conf \
	man7/mshare_overview.7 man8/mount.msharefs.8
check "what it installs" has bin/msharefs bin/msharectl \
	msharefs/libmshare-preload.so include/msharefs/linux/msharefs.h \
	lib/libmshare.so lib/libmshare.so.0 include/mshare.h \
	include/mshare_ioctl.h pkgconfig/mshare.pc man3/mshare.3 \
	man7/libmshare.7 pkgconfig/msharefs-uapi.pc sbin/mount.msharefs sbin/mount.fuse.msharefs \
	man8/msharefs.8 man1/msharectl.1
check "documents" has doc/msharefs/README.md doc/msharefs/NEWS \
	doc/msharefs/doc/design.md doc/msharefs/doc/interface.md \
	doc/msharefs/doc/performance.md doc/msharefs/doc/model.md \
	doc/msharefs/doc/figures.json doc/msharefs/doc/plots/changes.svg
check "what msharectl comes with" has bash-completion/completions/msharectl \
	man1/msharectl-ls.1 man1/msharectl-run.1
check "the mount helper names the daemon" helper_names_daemon
check "msharectl knows where the shim goes" finds_preload
check "a v3 program builds with pkg-config's flags" builds donor_v3
check "a v1 program builds with pkg-config's flags" builds consumer_v1
check "a program links with pkg-config's flags" links donor_2022
check "a 2026 program links with pkg-config's flags" links ring_2026
finish static_install
