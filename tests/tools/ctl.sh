# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Helpers for the tests of msharectl, sourced after shell.sh. The default mount
# of the user lies below $dir; each test mounts it anew if it needs to.

. "$(dirname "$0")/judge.sh"

dir=$(new_dir ctl)
chmod 755 "$dir"
backing=${MSHARE_TEST_BACKING:-auto}
MSHAREFS_PRELOAD=${PRELOAD_LIST:-$MSHAREFS_PRELOAD}
XDG_RUNTIME_DIR=$dir
export XDG_RUNTIME_DIR
unset MSHAREFS_MOUNT
# File names keep their bytes in this locale, and messages are English.
LC_ALL=C.UTF-8
export LC_ALL
m=$dir/msharefs
ctl=$MSHARECTL
beside=$(dirname "$MSHAREFS")

mounts()
{
	grep -c " $dir[^ ]* fuse.msharefs " /proc/self/mounts
}

# hold FILE HOW N CHILDREN: starts a process with windows, $holder
hold()
{
	rm -f "$dir/up"
	"$ctl" run -- "$beside/tests/ctl_windows" "$@" "$dir/up" >/dev/null 2>&1 &
	holder=$!
	echo $holder >>"$dir/holders"
	soon [ -e "$dir/up" ]
}

let_go()
{
	while read -r pid; do
		kill "$pid"
		wait "$pid"
	done <"$dir/holders"
	rm -f "$dir/holders"
} 2>/dev/null

on_fail()
{
	[ ! -e "$dir/holders" ] || let_go
}

# What a failed test leaves must not affect the next one.
clean_up()
{
	on_fail
	judge_end
	while [ "$(mounts)" -gt 0 ]; do
		fusermount3 -u -z "$(awk -v d="$dir" 'index($2, d) == 1 {
			print $2; exit }' /proc/self/mounts)" || break
	done
	# pgrep works: the daemon changes neither its name nor its arguments.
	soon not pgrep -f "^msharefs .*$dir" >/dev/null ||
		pkill -f "^msharefs .*$dir"
	rm -rf "$dir"
}
trap clean_up EXIT
judge_start "$(dirname "$0")/judge.py"

# mount_here [OPTIONS]
mount_here()
{
	"$ctl" mount -o "backing=$backing${1:+,$1}" 2>/dev/null
}

# as_other COMMAND...: runs it as a user to whom file modes apply, unlike root
as_other()
{
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

# Root's mounts must let other users in for that.
with_others()
{
	[ "$(id -u)" -ne 0 ] || echo "allow_other"
}

# json EXPRESSION COMMAND...: the command prints JSON, and the expression is
# true of it, as d
json()
{
	expression="bool($1)"
	shift
	"$@" >"$dir/json" || { echo "status $?: $*"; return 1; }
	got=$(judge "$dir/json" "$expression")
	[ "$got" = True ] && return 0
	echo "wanted: $expression"
	echo "got:    $got: $(cat "$dir/json")"
	return 1
}

# complains STATUS TEXT COMMAND...: fails with one line that contains TEXT
complains()
{
	want=$1
	text=$2
	shift 2
	got=0
	out=$("$@" 2>&1 >/dev/null </dev/null) || got=$?
	[ "$got" -eq "$want" ] && expect "$text" echo "$out" &&
		case $out in *msharectl*) ;; *) false ;; esac && return 0
	echo "wanted status $want, got $got: $*: $out"
	return 1
}
