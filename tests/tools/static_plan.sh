#!/bin/sh
# SPDX-License-Identifier: MIT
# msharectl plan: its command line, its text, its JSON. What it counts is
# unit_plan's business.
set -u
. "$SRC/tests/harness/shell.sh"

plan()
{
	"$BUILD/msharectl" plan "$@"
}

# json KEY... ARGUMENT...: what is under "a b c" in its JSON
json()
{
	path=$1
	shift
	plan --json "$@" | python3 -c '
import json, sys
at = json.load(sys.stdin)
for key in sys.argv[1].split():
    at = at[int(key)] if isinstance(at, list) else at[key]
print(at)' "$path"
}

is()
{
	[ "$1" = "$2" ] || { echo "wanted $2, got $1"; return 1; }
}

the_number()
{
	is "$(json "plan 0 entries" -s 300G -p 1500)" 943718400000 &&
		is "$(json "plan 2 each" -s 300G -p 1500)" 4096 &&
		is "$(json "plan 2 once" -s 300G -p 1500)" 1232896 &&
		is "$(json huge_pages -s 300G -p 1500)" 153600 &&
		is "$(json size -s 300G -p 1500)" 322122547200 &&
		is "$(json procs -s 300G -p 1500)" 1500 &&
		expect '300G / 4K x 8 bytes x 1500 = 878G' \
			plan -s 300G -p 1500
}

# The same size, however it is written
spellings()
{
	for size in 8G 8g 8GiB 8192M 0x200000000 8388608K 8589934592; do
		is "$(json size --size "$size" --procs 1)" 8589934592 || return 1
	done
}

text()
{
	expect 'PAGES' plan -s 1G -p 2 && expect '2M shared' plan -s 1G -p 2 &&
		expect '= 4M.' plan -s 1G -p 2 &&
		expect 'vm.nr_overcommit_hugepages=512' plan -s 1G -p 2 &&
		status 0 plan --procs=2 --size=1G &&
		[ "$(plan -s 1024T -p 4294967296 | wc -L)" -le 80 ]
}

# refuses TEXT ARGUMENT...: with status 64, why, where to read on, nothing else
refuses()
{
	what=$1
	shift
	expect "$what" plan "$@" && status 64 plan "$@" &&
		is "$(plan "$@" 2>/dev/null)" "" &&
		is "$(plan "$@" 2>&1 | wc -l)" "${lines:-2}"
}

sizes()
{
	for size in 0 "" -1 +1 " 1G" 1.5G 1X 1GB G 0x 1Gi; do
		refuses "--size $size: give a number above 0" \
			--size "$size" --procs 1 || return 1
	done
	refuses "too large" --size 16777216T --procs 1
}

procs()
{
	for n in "" -1 1K 1.5 x 0x1 " 1"; do
		refuses "--procs $n: give a number" --size 1G --procs "$n" ||
			return 1
	done
	for n in 0 4294967297 18446744073709551616; do
		refuses "--procs $n: give 1 to 4294967296" --size 1G \
			--procs "$n" || return 1
	done
	refuses "64 bits" --size 16777215T --procs 4294967296
}

incomplete()
{
	refuses "--size is missing" --procs 1 && refuses "--size is missing" &&
		refuses "--procs is missing" --size 1G &&
		refuses "argument more" --size 1G --procs 1 more &&
		lines=1 refuses "nonsense" --nonsense &&
		lines=1 refuses "requires an argument" --size
}

full_device()
{
	status 74 sh -c '"$0" plan -s 1G -p 1 >/dev/full 2>&1' "$BUILD/msharectl" &&
		status 74 sh -c '"$0" plan -s 1G -p 1 --json >/dev/full 2>&1' \
			"$BUILD/msharectl"
}

# The example of msharectl-plan(1), but for the marks of troff
manual()
{
	sed -n '/^\$ msharectl plan/,/^\.fi/p' "$SRC/man/msharectl-plan.1" |
		sed '1d;$d' >"$work" && plan --size 300G --procs 1500 |
		diff "$work" -
}

work=$(mktemp)
trap 'rm -f "$work"' EXIT
check "the number of the kernel series" the_number
check "sizes as people write them" spellings
check "text, in 80 columns" text
check "bad sizes" sizes
check "bad numbers of processes" procs
check "what is missing or too much" incomplete
check "an output that is full" full_device
check "help" expect "Usage: msharectl plan" plan --help
check "the manual shows what it prints" manual
finish static_plan
