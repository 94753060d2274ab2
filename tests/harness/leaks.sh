#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests tests/job itself: what a test program leaves makes it fail, and the
# output says what that was.
set -u
. "$SRC/tests/harness/shell.sh"
. "$SRC/tests/harness/stage.sh"

work=$(new_dir leaks)
results=$work/results
LEAK_LOOKS=3 # what is left here never goes
export results work LEAK_LOOKS
mkdir "$results"
: >"$work/pids"

clean_up()
{
	while read -r pid; do
		kill "$pid" 2>/dev/null
	done <"$work/pids"
	rm -rf --one-file-system "$work"
}
trap clean_up EXIT

# leaving NAME COMMAND: a test program that passes, and runs the command
leaving()
{
	cat >"$work/$1.sh" <<-END
		#!/bin/sh
		$2
		echo "$1: 1 passed, 0 failed, 0 skipped"
	END
	chmod +x "$work/$1.sh"
}

# job NAME [BACKING]: runs that program as tests/run does
job()
{
	env -u MSHARE_TEST_PREFIX -u MSHARE_TEST_BACKING "$SRC/tests/job" \
		"$work/$1.sh" "$(id -un)" ${2:+"$2"}
}

good()
{
	leaving nothing :
	expect "ok   nothing.sh: 1 passed, 0 failed" job nothing
}

# reports TEXT NAME COMMAND [BACKING]
reports()
{
	leaving "$2" "$3"
	out=$(job "$2" ${4:+"$4"})
	expect "left behind: $1" echo "$out" &&
		expect "FAIL $2.sh" echo "$out" && not expect "ok  " echo "$out" \
		>/dev/null
}

check "a program that leaves nothing" good
check "a process" reports "process" process \
	'setsid sleep 60 </dev/null >/dev/null 2>&1 & echo $! >>"$work/pids"'
if can_have_mounts; then
	check "a process without the environment" reports "process" bare \
		'env -i sleep 60 >/dev/null 2>&1 & echo $! >>"$work/pids"'
	check "a mount" reports "a mount on" mount \
		'mkdir "${MSHARE_TEST_PREFIX}m" && mount -t tmpfs none "${MSHARE_TEST_PREFIX}m"'
	[ ! -d "$stage/huge" ] ||
		check "a file in hugetlbfs" reports "in hugetlbfs" file \
			': >"${MSHARE_TEST_BACKING#*:}/left"' \
			"hugetlbfs:$stage/huge"
fi
finish leaks
