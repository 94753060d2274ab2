#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the examples in the manual as a reader would use them: they must
# compile, run on a mount, and exit with status 0.
set -u
. "$SRC/tests/harness/shell.sh"
. "$SRC/tests/harness/man.sh"

dir=$(new_dir man)
CC=${CC:-cc}
mount=$dir/mount
MSHAREFS_MOUNT=$mount
LD_LIBRARY_PATH=$LIBTESTS
export MSHAREFS_MOUNT LD_LIBRARY_PATH
if [ "${SANITIZE:-no}" = yes ]; then
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0:detect_leaks=0
	export ASAN_OPTIONS
fi

clean_up()
{
	while grep -q " $mount fuse.msharefs " /proc/self/mounts; do
		fusermount3 -u -z "$mount"
	done
	rm -rf "$dir"
}
trap clean_up EXIT

builds()
{
	man_example "$1" >"$dir/example.c" &&
		$CC -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror \
			-I"$SRC/lib/include" -o "$dir/example" "$dir/example.c" \
			-L"$BUILD/.libs" -lmshare
}

works()
{
	builds "$1" && timeout 20 "$dir/example" && left_nothing
}

left_nothing()
{
	[ "$(ls -A "$mount")" = mshare_info ] && return 0
	ls -lA "$mount"
	return 1
}

mkdir "$mount"
check "mount" "$MSHAREFS" "$mount"
for page in "$SRC"/man/*.3 "$SRC/man/libmshare.7"; do
	check "$(basename "$page")" works "$page"
done
check "unmount" fusermount3 -u "$mount"
finish man_examples
