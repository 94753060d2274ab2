# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For tests in shell: sourced. Each test is a function or command given to
# "check"; "finish" prints the closing line and ends.

passed=0 failed=0

# check NAME COMMAND...
check()
{
	test_name=$1
	shift
	if output=$("$@" 2>&1); then
		echo "ok   $test_name"
		passed=$((passed + 1))
	else
		echo "FAIL $test_name"
		echo "$output" | sed 's/^/     /'
		failed=$((failed + 1))
		on_fail
	fi
}

# Called after each failure; for the sourcing test to replace.
on_fail()
{
	:
}

# finish NAME
finish()
{
	echo "$1: $passed passed, $failed failed, 0 skipped"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}

# expect TEXT COMMAND...: its output, both kinds, holds the text
expect()
{
	text=$1
	shift
	got=$("$@" 2>&1) || true
	case $got in
	*"$text"*) return 0 ;;
	esac
	echo "wanted: $text"
	echo "got:    $got"
	return 1
}

# status N COMMAND...
status()
{
	want=$1
	shift
	got=0
	"$@" || got=$?
	[ "$got" -eq "$want" ] && return 0
	echo "wanted status $want, got $got: $*"
	return 1
}

# Waits for something that comes a moment later.
soon()
{
	for _ in $(seq 100); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

not()
{
	! "$@"
}

# The pool of huge pages is soon as it was when $pages=$(pool) was noted.
pool()
{
	awk '/^HugePages_(Total|Free)/ { print $2 }' /proc/meminfo
}

pool_is_back()
{
	[ "$(pool)" = "$pages" ]
}

left_nothing()
{
	soon pool_is_back && return 0
	grep HugePages /proc/meminfo
	return 1
}
