#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the conformance suite on a mount with default options, and v3's rows
# about ownership on one with -o ownership. Each row counts as a test. tests/run
# shows the lines "TABLE ...".
set -u
. "$(dirname "$0")/shell.sh"

dir=$(new_dir conform)
backing=${MSHARE_TEST_BACKING:-auto}

is_mounted()
{
	grep -q " $dir/$1 fuse.msharefs " /proc/self/mounts
}

clean_up()
{
	for name in default owned; do
		while is_mounted "$name"; do
			fusermount3 -u -z "$dir/$name"
		done
	done
	rm -rf "$dir"
}
trap clean_up EXIT

# mount_at NAME [OPTIONS]
mount_at()
{
	mkdir "$dir/$1" &&
		"$MSHAREFS" -o "backing=$backing${2:+,$2}" "$dir/$1"
}

# conform REVISION ARGUMENT...: counts the rows of one program as tests
conform()
{
	program=$CONFORM/conform_$1
	shift
	status=0
	out=$(LD_PRELOAD=$MSHARE_TEST_PRELOAD "$program" "$@" 2>&1) || status=$?
	echo "$out" | sed '$s/^/TABLE /'
	numbers=$(echo "$out" | sed -nE '$s/^v[123]: ([0-9]+) of ([0-9]+) rows(; ([0-9]+) later[^;]*)?(;.*)?$/\1 \2 \4/p')
	if [ -z "$numbers" ]; then
		echo "FAIL $program ended with status $status and no table"
		failed=$((failed + 1))
		return
	fi
	set -- $numbers 0
	passed=$((passed + $1)) failed=$((failed + $2 - $1 - $3))
}

check "mount" mount_at default
check "mount -o ownership" mount_at owned ownership
for revision in v1 v2 v3; do
	# Where it could not be mounted, that has failed already.
	if is_mounted owned; then
		conform $revision --ownership "$dir/owned" "$dir/default"
	else
		conform $revision "$dir/default"
	fi
done
for name in default owned; do
	is_mounted "$name" || continue
	check "nothing left in $name" [ "$(ls "$dir/$name")" = mshare_info ]
	check "unmount $name" fusermount3 -u "$dir/$name"
done
check "no daemon is left" left_nothing "$dir"
finish mount_conform
