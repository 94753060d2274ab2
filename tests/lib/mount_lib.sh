#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the programs that are linked with libmshare, without the preload and with
# it. Each of their tests counts.
set -u
. "$(dirname "$0")/shell.sh"

dir=$(new_dir lib)
backing=${MSHARE_TEST_BACKING:-auto}
LD_LIBRARY_PATH=$LIBTESTS
export LD_LIBRARY_PATH
unset LD_PRELOAD
skipped=0
asan=
[ "${SANITIZE:-no}" != yes ] ||
	asan=$(${CC:-cc} -print-file-name=libasan.so)

is_mounted()
{
	grep -q " $dir fuse.msharefs " /proc/self/mounts
}

clean_up()
{
	while is_mounted; do
		fusermount3 -u -z "$dir"
	done
	rmdir "$dir"
}
trap clean_up EXIT

# linked PROGRAM PRELOAD: counts the tests of the program
linked()
{
	status=0
	out=$(env ${2:+LD_PRELOAD="$2"} "$LIBTESTS/$1" 2>&1) || status=$?
	numbers=$(echo "$out" | sed -nE '$s/^[^ ]+: ([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p')
	if [ -z "$numbers" ] || [ "$status" -ne 0 ]; then
		echo "$out"
		echo "FAIL $1${2:+ under $2} ended with status $status"
	else
		echo "$out" | grep '^SKIP'
	fi
	set -- ${numbers:-0 1 0}
	passed=$((passed + $1)) failed=$((failed + $2))
	skipped=$((skipped + $3))
}

# plainly COMMAND..., preloaded COMMAND...
plainly()
{
	env ${asan:+LD_PRELOAD="$asan"} "$@"
}

preloaded()
{
	env LD_PRELOAD="$MSHARE_TEST_PRELOAD" "$@"
}

# donor_to_consumer HOW HOW: plainly or preloaded, for donor and consumer
donor_to_consumer()
{
	expect 'is "a line from before it was shared" at 0x200000000000' \
		"$1" "$LIBTESTS/donor_2022" line &&
		expect 'is "a line from before it was shared"' \
			"$2" "$LIBTESTS/consumer_2022" line &&
		"$2" "$LIBTESTS/consumer_2022" line --unlink &&
		[ ! -e "$dir/line" ]
}

# ring HOW
ring()
{
	out=$("$1" "$LIBTESTS/ring_2026" 2>&1)
	got=$?
	echo "$out"
	[ $got -eq 0 ] && [ "$(echo "$out" | sort)" = "\
reader: cannot write any more: SIGSEGV (SEGV_ACCERR)
reader: read 100 messages of 100
writer: the messages are read-only, for every process" ]
}

for program in lib_mount lib_2026 lib_refused lib_tasks lib_rules lib_dlopen; do
	linked $program "$asan"
	linked $program "$MSHARE_TEST_PRELOAD"
done
# These fill 1 GiB again and again, so each run sees one of the two ways where
# there is another run for the other way: over the other backing, or as nobody.
case ${MSHARE_TEST_HUGE_BACKINGS:-0},${backing%%:*},$(id -u) in
2,memfd,* | 1,*,0) ways=plain ;;
2,hugetlbfs,* | 1,*,65534) ways=preloaded ;;
*) ways="plain preloaded" ;;
esac
for program in lib_2022 lib_fd lib_half_way; do
	for way in $ways; do
		case $way in
		plain) linked $program "$asan" ;;
		preloaded) linked $program "$MSHARE_TEST_PRELOAD" ;;
		esac
	done
done
linked lib_other_engine "${asan:+$asan:}$LIBTESTS/strange_engine.so"

check "mount" "$MSHAREFS" -o "backing=$backing" "$dir"
MSHAREFS_MOUNT=$dir
export MSHAREFS_MOUNT
check "C++" plainly "$LIBTESTS/lib_cxx"
check "C++ under the preload" preloaded "$LIBTESTS/lib_cxx"
check "2022, without the preload" donor_to_consumer plainly plainly
check "2022, donor under the preload" donor_to_consumer preloaded plainly
check "2022, consumer under the preload" donor_to_consumer plainly preloaded
check "2026, without the preload" ring plainly
check "2026, under the preload" ring preloaded
check "nothing is left in the mount" [ "$(ls "$dir")" = mshare_info ]
check "unmount" fusermount3 -u "$dir"
check "no daemon is left" left_nothing "$dir"
echo "mount_lib: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
