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

# Waits for something that comes a moment later; half a minute at most, which
# only a busy machine takes.
soon()
{
	for _ in $(seq 600); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

not()
{
	! "$@"
}

# new_dir TOPIC: makes a directory with a name by which tests/run knows it
new_dir()
{
	mktemp -d "${MSHARE_TEST_PREFIX:-/tmp/msharefs-}$1-XXXXXX"
}

# daemons_of DIR: the daemons that serve a mount there, or below it
daemons_of()
{
	pgrep -f "^[^ ]*msharefs .*$1"
}

# pages_held DIR: the huge pages that they hold. Each file counts once.
pages_held()
{
	for daemon in $(daemons_of "$1"); do
		stat -L -c '%o %i %b' "/proc/$daemon/fd/"* 2>/dev/null
	done | awk '$1 >= 65536 && !seen[$2]++ { n += $3 * 512 / $1 }
		END { print n + 0 }'
}

# sockets_of DIR: the names of the sockets on which they listen
sockets_of()
{
	for daemon in $(daemons_of "$1"); do
		readlink "/proc/$daemon/fd/"* 2>/dev/null
	done | sed -n 's/^socket:\[\([0-9]*\)\]$/\1/p' | while read -r inode; do
		awk -v i="$inode" '$7 == i && $8 ~ /^@msharefs/ { print $8 }' \
			/proc/net/unix
	done
}

# left_nothing DIR: no daemon, and so none of its memory; and no mount
left_nothing()
{
	soon not daemons_of "$1" && ! grep " $1[^ ]* fuse.msharefs " \
		/proc/self/mounts
}
