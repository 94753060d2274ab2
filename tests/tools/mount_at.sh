#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests msharectl run --at: unmodified programs that use /sys/fs/mshare, as root
# and as an ordinary user.
set -u
. "$(dirname "$0")/shell.sh"

dir=$(new_dir at)
backing=${MSHARE_TEST_BACKING:-auto}
MSHAREFS_PRELOAD=${PRELOAD_LIST:-$MSHAREFS_PRELOAD}
XDG_RUNTIME_DIR=$dir
export XDG_RUNTIME_DIR
at=/sys/fs/mshare
names=$(dirname "$MSHAREFS")/tests/at_names

# What a failed test leaves must not affect the next one.
clean_up()
{
	while grep -q " $dir[^ ]* fuse.msharefs " /proc/self/mounts; do
		fusermount3 -u -z "$(awk -v d="$dir" 'index($2, d) == 1 {
			print $2; exit }' /proc/self/mounts)" || break
	done
	pkill -f "^msharefs .*$dir" || true
	rm -rf "$dir"
}
trap clean_up EXIT

# Runs it without --mount.
run_at()
{
	"$MSHARECTL" run --at "$at" -o "backing=$backing" -- "$@"
}

# The same in the background; $pid is msharectl itself.
start_at()
{
	"$MSHARECTL" run --at "$at" -o "backing=$backing" -- "$@" &
	pid=$!
}

# No daemon, and with it no memory and no socket; no mount and no directory.
nothing_left()
{
	! pgrep -f "^[^ ]*msharefs .*$dir" >/dev/null &&
		! grep -q "$dir" /proc/self/mounts &&
		[ -z "$(ls -A "$dir")" ] && [ ! -e "$at" ]
}

# Says what keeps a mount: daemons, what has their mounts, what is in the way.
show_left()
{
	for pid in $(pgrep -f "^[^ ]*msharefs .*$dir"); do
		echo "left: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
		grep -E '^(State|PPid|NSpid)' "/proc/$pid/status"
		cat "/proc/$pid/wchan" && echo
		# Only what sees the mount can keep it.
		grep -l "fuse.msharefs" /proc/[0-9]*/mountinfo 2>/dev/null |
			while read -r seen; do
				echo "$seen: $(tr '\0' ' ' \
					<"${seen%mountinfo}cmdline")"
				readlink "${seen%mountinfo}ns/mnt"
			done
	done
	grep "$dir" /proc/self/mounts
	ls -A "$dir"
}

clean()
{
	nothing_left || {
		show_left
		return 1
	}
}

# Runs a check, and then checks that nothing is left.
check_clean()
{
	what=$1
	shift
	check "$what" "$@"
	check "$what: nothing is left" clean
}

examples()
{
	out=$(run_at sh -euc '
		"$1/donor_v1" /sys/fs/mshare/one
		"$1/consumer_v1" /sys/fs/mshare/one
		"$1/donor_v3" /sys/fs/mshare/three
		"$1/consumer_v3" /sys/fs/mshare/three' sh "$BUILD_EXAMPLES" 2>&1) ||
		{ echo "$out"; return 1; }
	[ "$(echo "$out" | grep -c 'read "a line that the donor wrote"')" -eq 2 ] ||
		{ echo "$out"; return 1; }
}

# The command finds itself and the rest of /sys/fs unchanged.
surroundings()
{
	without=$(id -u; id -g; pwd; ls /sys/fs; ls /sys/fs/cgroup)
	within=$(run_at sh -c 'id -u; id -g; pwd; ls /sys/fs | grep -v "^mshare$"
		ls /sys/fs/cgroup') || return 1
	[ "$without" = "$within" ] || { echo "$within"; return 1; }
	expect "/sys/fs/mshare" run_at sh -c 'echo "$MSHAREFS_MOUNT"'
}

statuses()
{
	status 0 run_at true &&
		status 42 run_at sh -c 'exit 42' &&
		status 143 run_at sh -c 'kill $$' &&
		status 137 run_at sh -c 'kill -KILL $$' &&
		status 139 run_at sh -c 'kill -SEGV $$' &&
		status 127 run_at /no/such/command &&
		status 126 run_at /etc/passwd &&
		status 125 "$MSHARECTL" run --at "$at" &&
		status 125 "$MSHARECTL" run --at "$at" -o nonsense -- true &&
		status 125 "$MSHARECTL" run -o backing=shmem -- true &&
		status 125 env MSHAREFS=/no/such "$MSHARECTL" run --at "$at" -- true &&
		status 125 "$MSHARECTL" run --at /no/such/dir -- true &&
		status 125 "$MSHARECTL" run --at /etc/passwd -- true
}

messages()
{
	expect "create the directory first: mkdir /no-such" \
		"$MSHARECTL" run --at /no-such -- true &&
		expect "Not a directory" "$MSHARECTL" run --at /etc/passwd -- true &&
		expect "unknown option" "$MSHARECTL" run --at "$at" -o nonsense -- true &&
		expect "install msharefs completely" \
			env MSHAREFS=/no/such "$MSHARECTL" run --at "$at" -- true
}

# A signal sent to msharectl reaches the command.
signalled()
{
	# Background jobs of a shell ignore SIGINT, hence env.
	start_at env "--default-signal=$1" sh -c '
		trap "echo heard >\"$0/out\"; exit 7" '"$1"'
		echo >"$0/up"
		for _ in $(seq 200); do sleep 0.05; done' "$dir"
	soon [ -e "$dir/up" ] || return 1
	kill "-$1" "$pid"
	status 7 wait "$pid" && expect heard cat "$dir/out"
	got=$?
	rm -f "$dir/up" "$dir/out"
	return $got
}

untrapped()
{
	start_at sh -c 'echo >"$0/up"; exec sleep 30' "$dir"
	soon [ -e "$dir/up" ] || return 1
	rm -f "$dir/up"
	kill "$pid"
	status 143 wait "$pid"
}

# After SIGKILL nobody cleans up but the kernel, when the command ends.
killed()
{
	start_at sh -c 'echo $$ >"$0/up"; exec sleep 30' "$dir"
	soon [ -s "$dir/up" ] || return 1
	kill -KILL "$pid"
	status 137 wait "$pid"
	got=$?
	kill "$(cat "$dir/up")"
	rm -f "$dir/up"
	soon nothing_left
	clean && return $got
}

# A daemon that kills msharectl as soon as it has mounted, before anybody has
# bound the mount: then no child knows of it.
killed_when_mounted()
{
	killer=$(new_dir killer)
	cat >"$killer/msharefs" <<-'END'
		#!/bin/sh
		"$DAEMON" "$@" || exit
		until [ -s "$0.kill" ]; do sleep 0.01; done
		kill -s KILL -- $(cat "$0.kill")
		: >"$0.killed"
	END
	chmod 755 "$killer/msharefs"
	DAEMON=$MSHAREFS MSHAREFS=$killer/msharefs setsid "$MSHARECTL" run \
		--at "$at" -o "backing=$backing" -- true &
	pid=$!
	echo "$1$pid" >"$killer/msharefs.kill"
	status 137 wait "$pid" && soon [ -e "$killer/msharefs.killed" ] &&
		soon nothing_left
	got=$?
	rm -r "$killer"
	return $got
}

# The whole of a run takes less than 60 ms where nothing else runs.
killed_at_any_moment()
{
	for ms in $(seq -w 0 2 60); do
		start_at true
		sleep "0.0$ms"
		kill -KILL "$pid" 2>/dev/null
		wait "$pid"
	done
	soon nothing_left
}

# Each run has a mount of its own.
apart()
{
	start_at sh -c ': >"$0/r"; : >"$1/up"; exec sleep 30' "$at" "$dir"
	soon [ -e "$dir/up" ] || return 1
	rm -f "$dir/up"
	for _ in 1 2; do
		[ "$(run_at ls "$at")" = mshare_info ] || return 1
	done
	kill "$pid"
	status 143 wait "$pid"
}

given_mount()
{
	mkdir "$dir/m" && "$MSHAREFS" -o "backing=$backing" "$dir/m" 2>/dev/null || return 1
	"$MSHARECTL" run --mount "$dir/m" --at "$at" -- \
		"$BUILD_EXAMPLES/donor_v3" "$at/r" &&
		[ -e "$dir/m/r" ] && [ ! -e "$at" ] &&
		"$MSHARECTL" run -m "$dir/m" -a "$at" -- \
			"$BUILD_EXAMPLES/consumer_v3" "$at/r" &&
		status 5 "$MSHARECTL" run -m "$dir/m" -a "$at" -- sh -c 'exit 5' &&
		mkdir "$dir/place" &&
		"$MSHARECTL" run -m "$dir/m" -a "$dir/place" -- \
			"$BUILD_EXAMPLES/consumer_v3" "$dir/place/r" &&
		[ -z "$(ls -A "$dir/place")" ]
	got=$?
	rmdir "$dir/place"
	fusermount3 -u "$dir/m" && soon rmdir "$dir/m"
	soon sh -c "! pgrep -f '^$MSHAREFS .*$dir' >/dev/null"
	return $got
}

# In the user namespace of the run, 65534 is nobody and everybody else, too.
reached()
{
	expect yes run_at sh -euc '
		"$1" create --size 1G --map "$2/r"
		"$1" run -- python3 -c "
import mmap, subprocess, sys
file = open(sys.argv[2], \"r+b\")
window = mmap.mmap(file.fileno(), 1 << 30)
subprocess.run([sys.argv[1], \"windows\", \"--json\", \"-o\", \"REACHED\",
                sys.argv[2]], check=True)
" "$1" "$2/r" | sed "s/true/yes/"' sh "$MSHARECTL" "$at"
}

# If the program calls mount(2) itself, it gets what --at has mounted.
check_clean "donor and consumer on /sys/fs/mshare" examples
check_clean "mkstemp, opendir, static paths, faults" run_at "$names"
check_clean "a program that mounts it itself" run_at "$names" mount
check_clean "the daemon reaches its windows" reached
check_clean "the command's surroundings" surroundings
check_clean "statuses" statuses
check_clean "messages" messages
check_clean "SIGTERM is the command's" signalled TERM
check_clean "SIGINT is the command's" signalled INT
check_clean "SIGHUP is the command's" signalled HUP
check_clean "ended by SIGTERM" untrapped
check_clean "ended by SIGKILL" killed
check_clean "ended by SIGKILL when it has mounted" killed_when_mounted ""
check_clean "its process group ended then" killed_when_mounted -
check_clean "ended by SIGKILL at any moment" killed_at_any_moment
check_clean "runs are apart" apart
check_clean "--mount and --at" given_mount
finish mount_at
