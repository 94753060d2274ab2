#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the systemd units without systemd: they are well-formed, the commands
# they run work, and the daemon reports when it is ready.
set -u
. "$SRC/tests/harness/shell.sh"
tests=$(cd "$(dirname "$0")" && pwd)
PATH=$(dirname "$MSHAREFS"):$PATH
[ "${SANITIZE:-no}" != yes ] ||
	export ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}"

by()
{
	user_is=$1
	shift
	case $user_is in
	nobody) setpriv --reuid=65534 --regid=65534 --clear-groups "$@" ;;
	*) "$@" ;;
	esac
}

user_unit=$BUILD/systemd/user/msharefs.service
system_unit=$BUILD/systemd/system/msharefs@.service

# unit_like FROM TO: the installed unit, but with the daemon under test
unit_like()
{
	sed "s|^\(ExecStart=\)[^ ]*/msharefs |\1$MSHAREFS |" "$1" >"$2" &&
		grep -q "^ExecStart=$MSHAREFS " "$2"
}

well_formed()
{
	unit_like "$user_unit" "$work/msharefs.service" &&
		unit_like "$system_unit" "$work/msharefs@.service" || return 1
	said=$(XDG_RUNTIME_DIR=$work systemd-analyze verify --man=no --user \
		--recursive-errors=no "$work/msharefs.service" 2>&1) || return 1
	[ -z "$said" ] || { echo "$said"; return 1; }
	said=$(systemd-analyze verify --man=no --recursive-errors=no \
		"$work/msharefs@sys-fs-mshare.service" 2>&1) || return 1
	[ -z "$said" ] || { echo "$said"; return 1; }
}

notifies()
{
	grep -q '^Type=notify' "$user_unit" || {
		grep -q '^Type=forking' "$user_unit" # built without libsystemd
		return
	}
	dir=$work/notify-$1
	by "$1" mkdir "$dir" && by "$1" /usr/bin/python3 "$tests/notified.py" "$dir" \
		"$MSHAREFS" -f "$dir" >"$work/said" 2>"$work/log" ||
		{ cat "$work/log"; return 1; }
	grep -q '^READY=1$' "$work/said" && grep -q '^STOPPING=1$' "$work/said" &&
		grep -q "^STATUS=$dir: backing .*page tables" "$work/said"
}

# A daemon in the background must not notify: the service's main process is the
# one that started it.
silent()
{
	dir=$work/silent
	mkdir "$dir" || return 1
	/usr/bin/python3 "$tests/notified.py" --silent "$MSHAREFS" "$dir" ||
		return 1
	fusermount3 -u "$dir"
	gone "$dir"
}

gone()
{
	for _ in $(seq 600); do
		pgrep -f "^$MSHAREFS .*$1\$" >/dev/null || return 0
		sleep 0.05
	done
	return 1
}

# commands UNIT NAME: prints its commands, specifiers and variables filled in
commands()
{
	options=$(sed -n 's/^Environment=OPTIONS=//p' "$1")
	sed -n "s/^$2=-\{0,1\}//p" "$1" | sed -e "s|%t|$work/run-$user|g" \
		-e "s|%f|$work/at-$user|g" -e "s|\${OPTIONS}|$options|g"
}

# run_unit UNIT DIR AS...: runs its commands, each prefixed with AS
run_unit()
{
	unit=$work/unit-$user
	unit_like "$1" "$unit" || return 1
	dir=$2
	shift 2
	"$@" sh -c "$(commands "$unit" ExecStartPre)" || return 1
	start=$(commands "$unit" ExecStart | sed 's/ -f / /')
	"$@" sh -c "exec $start" 2>"$unit.log" || { cat "$unit.log"; return 1; }
	"$MSHARECTL" run --mount "$dir" -- "$BUILD_EXAMPLES/donor_v3" "$dir/r" &&
		expect 'read "a line that the donor wrote"' "$MSHARECTL" run -- \
			"$BUILD_EXAMPLES/consumer_v3" "$dir/r" || return 1
	pkill -KILL -f "^$MSHAREFS .*$dir\$"
	gone "$dir"
	! ls "$dir" 2>/dev/null || return 1
	"$@" sh -c "$(commands "$unit" ExecStopPost)" &&
		! grep -q " $dir " /proc/self/mounts
}

user_unit_runs()
{
	user=$1
	by "$user" mkdir -m 700 "$work/run-$user"
	# Root cannot enter another user's mount, so all of it runs as that
	# user.
	by "$user" "$tests/service.sh" inside "$work" "$user" run_unit \
		"$user_unit" "$work/run-$user/msharefs"
}

# Runs with the capabilities that the unit leaves it.
system_unit_runs()
{
	caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$system_unit" |
		tr '[:upper:]' '[:lower:]' | sed 's/cap_/+/g; s/ /,/g')
	have=$(setpriv --dump | sed -n 's/^Capability bounding set: //p')
	# Root may lack some of them in a container.
	for cap in $(echo "$caps" | tr ',+' '  '); do
		case ,$have, in
		*,"$cap",*) ;;
		*) caps=$(echo ",$caps," | sed "s/,+$cap,/,/; s/^,//; s/,\$//") ;;
		esac
	done
	user=root run_unit "$system_unit" "$work/at-root" setpriv \
		--no-new-privs --bounding-set="-all,$caps"
}

clean_up()
{
	awk -v d="$work/" 'index($2, d) == 1 { print $2 }' /proc/self/mounts |
		while read -r at; do
			fusermount3 -u -z "$at"
		done
	pkill -KILL -f "^$MSHAREFS .*$work/" || true
	rm -rf --one-file-system "$work"
}

if [ "${1-}" = inside ]; then
	work=$2 user=$3
	shift 3
	"$@"
	exit
fi

work=$(new_dir service)
chmod 777 "$work"
trap clean_up EXIT
trap 'exit 1' INT TERM HUP
users=$(id -un)
[ "$(id -u)" -ne 0 ] || users="root nobody"

check "the units are well-formed" well_formed
check "in the background it notifies nobody" silent
for user in $users; do
	check "it notifies when it is ready: $user" notifies "$user"
	check "the commands of the user's unit: $user" user_unit_runs "$user"
done
[ "$(id -u)" -ne 0 ] || check "the commands of the system's unit" system_unit_runs
finish service
