#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests that a program that uses no file of msharefs behaves the same under the
# preload as without, whether it has windows or what --share sets: the outputs of
# inert_calls must be equal byte for byte.
set -u
. "$(dirname "$0")/shell.sh"

work=$(new_dir inert)
dir=$work/mount
backing=${MSHARE_TEST_BACKING:-auto}

clean_up()
{
	! grep -q " $dir fuse.msharefs " /proc/self/mounts ||
		fusermount3 -u "$dir" || fusermount3 -u -z "$dir"
	rm -rf "$work"
}
trap clean_up EXIT

# calls NAME PRELOAD ARGUMENT...: writes output and status to $work/NAME
calls()
{
	name=$1 under=$2
	shift 2
	(
		cd "$work" || exit 1
		env -i PATH="$PATH" INERT_PLUGIN="$INERT/inert_plugin.so" \
			${MSHAREFS_SHARE:+MSHAREFS_SHARE="$MSHAREFS_SHARE"} \
			${under:+LD_PRELOAD="$under"} "$INERT/inert_calls" "$@" \
			>"$name" 2>"$name.err" </dev/null
	)
	echo "status $?" >>"$work/$name"
	cat "$work/$name.err" >>"$work/$name"
	# The programs that it starts show their environment.
	sed -i '/^MSHAREFS_SHARE=anon$/d' "$work/$name"
}

# Runs it twice without the preload: output that differs cannot be compared.
reference()
{
	calls reference "" never "$dir/region"
	calls again "" never "$dir/region"
	grep -q '^== malloc$' "$work/reference" &&
		[ "$(tail -n 1 "$work/reference")" = "status 0" ] &&
		same again
}

same()
{
	cmp -s "$work/reference" "$work/$1" && return 0
	# -F names the section of each difference
	diff -F '^==' -U 2 "$work/reference" "$work/$1" | head -n 60
	return 1
}

inert()
{
	calls "$1" "$MSHAREFS_PRELOAD" "$1" "$dir/region"
	same "$1"
}

mkdir "$dir"
check "mount" "$MSHAREFS" -o "backing=$backing" "$dir"
check "a region" truncate -s "$(cat "$dir/mshare_info")" "$dir/region"
check "without the preload, twice" reference
check "preload, no window" inert never
check "preload, windows of the parent" inert inherited
check "preload, a window from the start" inert first
check "preload, windows made in between" inert between
export MSHAREFS_SHARE=anon
check "preload, --share" inert never
unset MSHAREFS_SHARE
check "unmount" fusermount3 -u "$dir"
finish mount_inert
