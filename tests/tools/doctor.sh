#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests msharectl doctor: takes each requirement away for real, follows the
# advice that doctor prints, and expects all to be well. As root it does so for
# nobody too.
#
# Mounts change only in a mount namespace of the test. Settings of the machine
# are restored.
set -u
tests=$(cd "$(dirname "$0")" && pwd)
. "$SRC/tests/harness/shell.sh"
. "$SRC/tests/harness/judge.sh"

# doctor's advice names programs without a path
PATH=$(dirname "$MSHARECTL"):$PATH
[ "${SANITIZE:-no}" != yes ] ||
	export ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}"
unset MSHAREFS_MOUNT

by()
{
	user_is=$1
	shift
	case $user_is in
	nobody) setpriv --reuid=65534 --regid=65534 --clear-groups "$@" ;;
	# root without capabilities
	weak) setpriv --bounding-set=-all --inh-caps=-all "$@" ;;
	*) "$@" ;;
	esac
}

# field CHECK FIELD: prints a field of that check, of $work/json
field()
{
	judge "$work/json" \
		"next(l['$2'] or '' for l in d['doctor'] if l['check'] == '$1')"
}

# is CHECK STATE WORDS <JSON: the check has that state, and its text has WORDS
is()
{
	cat >"$work/json"
	state=$(field "$1" state)
	words=$(field "$1" found)
	case "$state $words" in
	"$2 "*"${3-}"*) return 0 ;;
	esac
	echo "wanted $1: $2 ${3-}"
	echo "got: $state $words"
	return 1
}

# follow CHECK USER <JSON: runs the advised command, as root or as the user
follow()
{
	cat >"$work/json"
	command=$(field "$1" mend)
	[ -n "$command" ] || { echo "$1: no command"; return 1; }
	echo "$command"
	if [ "$(field "$1" as_root)" = True ]; then
		sh -c "$command"
	else
		by "$2" sh -c "$command"
	fi
}

# advice CHECK: prints the command that doctor advises
advice()
{
	"$MSHARECTL" doctor --json >"$work/json"
	field "$1" mend
}

# mends CHECK USER STATE WORDS BREAK...: breaks it, expects that state, follows
# the advice, expects ok
mends()
{
	name=$1 user=$2 want=$3 words=$4
	shift 4
	"$@" || { echo "$* failed"; return 1; }
	by "$user" "$MSHARECTL" doctor --json >"$work/before"
	got=$?
	is "$name" "$want" "$words" <"$work/before" || return 1
	[ "$got" -eq "$([ "$want" = missing ]; echo $((1 - $?)))" ] ||
		{ echo "status $got"; return 1; }
	follow "$name" "$user" <"$work/before" || return 1
	by "$user" "$MSHARECTL" doctor --json >"$work/after"
	got=$?
	is "$name" ok <"$work/after" || return 1
	[ "$got" -eq 0 ] || { echo "all ok, but status $got"; return 1; }
}

# The same in a mount namespace of its own
mends_mounts()
{
	unshare -m --propagation private "$tests/doctor.sh" inside "$work" \
		mends "$@"
}

# Ways to break a requirement

device_missing()
{
	mount -t tmpfs -o mode=755 none /dev && mknod -m 666 /dev/null c 1 3 &&
		mknod -m 666 /dev/urandom c 1 9
}

device_closed()
{
	device_missing && mknod -m 600 /dev/fuse c 10 229
}

device_a_file()
{
	device_missing && mkdir /dev/fuse
}

device_covered()
{
	mount --bind /dev/null /dev/fuse
}

device_nodev()
{
	mount --bind /dev/fuse /dev/fuse &&
		mount -o remount,bind,nodev /dev/fuse
}

helper=$(command -v fusermount3)

helper_covered()
{
	mount --bind /dev/null "$helper"
}

helper_weak()
{
	cp "$helper" "$work/weak" && chmod 755 "$work/weak" &&
		mount --bind "$work/weak" "$helper"
}

helper_nosuid()
{
	mount --bind "$helper" "$helper" &&
		mount -o remount,bind,nosuid "$helper"
}

no_mtab()
{
	cp -a /etc "$work/etc" && rm -f "$work/etc/mtab" &&
		mount --bind "$work/etc" /etc
}

# Settings of the machine to restore: old values, one "PATH VALUE" per line

set_to()
{
	echo "$1 $(cat "$1")" >>"$work/settings"
	echo "$2" >"$1"
}

put_back()
{
	while read -r path value; do
		echo "$value" >"$path"
	done <"$work/settings"
	: >"$work/settings"
}

# with_settings COMMAND...
with_settings()
{
	: >"$work/settings"
	status=0
	"$@" || status=$?
	put_back
	return $status
}

pool=/proc/sys/vm/nr_overcommit_hugepages

no_pages()
{
	set_to /proc/sys/vm/nr_hugepages 0 && set_to $pool 0
}

# Not enough to populate one page table, 1 GiB.
few_pages()
{
	set_to /proc/sys/vm/nr_hugepages 0 && set_to $pool 100
}

few_mappings()
{
	set_to /proc/sys/vm/max_map_count 65529
}

# The setting belongs to a user namespace, so the test makes one.
no_namespaces()
{
	echo 0 >/proc/sys/user/max_user_namespaces
}

mends_namespaces()
{
	unshare -U -r "$tests/doctor.sh" inside "$work" mends namespaces weak \
		degraded "cannot create them" no_namespaces
}

# Without huge pages doctor must not say that page tables are shared.
not_shared()
{
	no_pages
	by nobody "$MSHARECTL" doctor --json >"$work/got"
	is sharing missing "see pool" <"$work/got"
}

# cgroups: version 2 alone, or beside version 1

hierarchy=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)

can_limit()
{
	grep -qw hugetlb "$hierarchy/cgroup.controllers" 2>/dev/null
}

in_cgroup()
{
	group=$hierarchy/msharefs-test-$$
	grep -qw hugetlb "$hierarchy/cgroup.subtree_control" || {
		echo +hugetlb >"$hierarchy/cgroup.subtree_control" || return 1
		control=yes
	}
	mkdir "$group" && echo 0 >"$group/hugetlb.2MB.max" || return 1
	status=0
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$group" \
		"$tests/doctor.sh" inside "$work" "$@" || status=$?
	rmdir "$group"
	[ -z "${control:-}" ] || echo -hugetlb >"$hierarchy/cgroup.subtree_control"
	return $status
}

cgroup_seen()
{
	"$MSHARECTL" doctor --json >"$work/got"
	is cgroup missing "limited to 0" <"$work/got" &&
		is sharing missing "see cgroup" <"$work/got" &&
		mends cgroup root missing "limited to 0" true
}

# Resource limits of the shell that starts doctor

# mends_limit CHECK USER STATE WORDS ULIMIT...
mends_limit()
{
	name=$1 user=$2 want=$3 words=$4
	shift 4
	rm -f "$work"/first "$work"/second "$work"/go
	mkfifo -m 666 "$work/go"
	rm -f "$work/done"
	by "$user" sh -c 'ulimit "$@"; "$MSHARECTL" doctor --json
		: >"$work/done"; read -r go <"$work/go"
		"$MSHARECTL" doctor --json >&2' sh "$@" \
		>"$work/first" 2>"$work/second" &
	pid=$!
	until [ -e "$work/done" ]; do
		kill -0 $pid 2>/dev/null || return 1
		sleep 0.05
	done
	is "$name" "$want" "$words" <"$work/first"
	good=$?
	[ $good -ne 0 ] || follow "$name" "$user" <"$work/first" || good=$?
	echo >"$work/go"
	wait $pid
	[ $good -eq 0 ] && is "$name" ok <"$work/second"
}

# Raising a hard limit needs CAP_SYS_RESOURCE, which root may lack in a
# container.
can_raise()
{
	setpriv --dump | grep -q 'Capability bounding set:.*sys_resource'
}

descriptors()
{
	if can_raise; then
		mends_limit descriptors "$1" degraded "may open 1000" -n 1000
	else
		by "$1" sh -c 'ulimit -n 1000; "$MSHARECTL" doctor --json' \
			>"$work/got"
		is descriptors degraded "may open 1000" <"$work/got" &&
			[ "$(field descriptors as_root)" = True ] &&
			field descriptors mend |
			grep -E '^prlimit --pid [0-9]+ --nofile=[0-9]+$'
	fi
}

# Installed parts

preload_bad()
{
	echo text >"$work/text"
	cp "$MSHAREFS_PRELOAD" "$work/with blank.so"
	MSHAREFS_PRELOAD=/no/such "$MSHARECTL" doctor --json |
		is preload missing "/no/such: No such file" &&
		MSHAREFS_PRELOAD="$work/with blank.so" "$MSHARECTL" doctor --json |
		is preload missing "blank" &&
		MSHAREFS_PRELOAD=$work/text "$MSHARECTL" doctor --json |
		is preload missing "cannot be loaded" &&
		"$MSHARECTL" doctor --json | is preload ok "$MSHAREFS_PRELOAD" &&
		[ "$(MSHAREFS_PRELOAD=/no/such advice preload)" = "unset MSHAREFS_PRELOAD" ]
}

daemon_bad()
{
	printf '#!/bin/sh\necho "msharefs 0.0.0, libfuse 3"\n' >"$work/old"
	printf '#!/bin/sh\nkill -SEGV $$\n' >"$work/crashes"
	chmod +x "$work/old" "$work/crashes"
	MSHAREFS=/no/such "$MSHARECTL" doctor --json |
		is daemon missing "/no/such: No such file" &&
		MSHAREFS=$work/old "$MSHARECTL" doctor --json |
		is daemon degraded "is \"msharefs 0.0.0, libfuse 3\"" &&
		MSHAREFS=$work/crashes "$MSHARECTL" doctor --json |
		is daemon missing "crashes" &&
		"$MSHARECTL" doctor --json | is daemon ok "libfuse" &&
		[ "$(MSHAREFS=/no/such advice daemon)" = "unset MSHAREFS" ]
}

# Mounts

# Unmounts what a failed test left. Other paths in $work need no quoting.
clean_up()
{
	awk -v d="$work/" 'index($2, d) == 1 { print $2 }' /proc/self/mounts |
		while read -r at; do # a space reads \040 there
			fusermount3 -u -z "$(printf %b "$at")"
		done
	pkill -KILL -f "^msharefs .*$work" || true
	rm -rf --one-file-system "$work"
}

look()
{
	"$MSHARECTL" doctor --json "$1" >"$work/got"
}

wait_for()
{
	for _ in $(seq 600); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

no_daemon_of()
{
	! pgrep -f "^msharefs $1\$" >/dev/null
}

# A quote and a space in the path: the advice must be safe to copy.
mount_life()
{
	dir="$work/a mount's"
	look "$dir"
	is mount missing "No such file" <"$work/got" &&
		follow mount "$(id -un)" <"$work/got" || return 1
	look "$dir"
	is mount ok "works and shares" <"$work/got" || return 1
	daemon=$(pgrep -f "^msharefs $dir\$")
	kill -STOP "$daemon"
	look "$dir"
	is mount missing "does not answer" <"$work/got" || return 1
	kill -KILL "$daemon"
	wait_for no_daemon_of "$dir"
	look "$dir"
	is mount missing "has ended without unmounting" <"$work/got" &&
		follow mount "$(id -un)" <"$work/got" || return 1
	look "$dir"
	is mount missing "is not mounted on" <"$work/got" &&
		follow mount "$(id -un)" <"$work/got" || return 1
	look "$dir"
	is mount ok "works" <"$work/got" && fusermount3 -u "$dir"
	wait_for no_daemon_of "$dir"
}

mount_default()
{
	mkdir -p "$work/run/msharefs"
	XDG_RUNTIME_DIR=$work/run "$MSHARECTL" doctor --json |
		is mount ok "none yet on $work/run/msharefs" &&
		msharefs "$work/run/msharefs" &&
		XDG_RUNTIME_DIR=$work/run "$MSHARECTL" doctor --json |
		is mount ok "$work/run/msharefs works" &&
		MSHAREFS_MOUNT=$work "$MSHARECTL" doctor --json |
		is mount missing "is not mounted on $work" || return 1
	fusermount3 -u "$work/run/msharefs"
	wait_for no_daemon_of "$work/run/msharefs"
}

mount_not_shared()
{
	mkdir "$work/plain" && msharefs -o backing=shmem "$work/plain" || return 1
	look "$work/plain"
	is mount missing "does not share page tables (backing shmem)" \
		<"$work/got"
	good=$?
	fusermount3 -u "$work/plain"
	[ $good -eq 0 ] && wait_for no_daemon_of "-o backing=shmem $work/plain"
}

mount_apart()
{
	mkdir "$work/apart" && msharefs "$work/apart" || return 1
	unshare -n "$MSHARECTL" doctor --json "$work/apart" >"$work/got"
	is mount missing "another network namespace" <"$work/got"
	good=$?
	fusermount3 -u "$work/apart"
	[ $good -eq 0 ] && wait_for no_daemon_of "$work/apart"
}

# Everything else

# All lines are ok, besides what goes on and the closing line.
all_ok()
{
	by "$1" "$MSHARECTL" doctor >"$work/got" ||
		{ cat "$work/got"; return 1; }
	tail -n 1 "$work/got" | grep -q "^No problems found" &&
		! grep -E '^(degraded|missing)' "$work/got" &&
		[ "$(grep -c '^ok  ' "$work/got")" -eq 14 ] &&
		[ "$(wc -L <"$work/got")" -le 80 ] && return 0
	cat "$work/got"
	return 1
}

refused()
{
	by "$1" "$BUILD/tests/tools/refusing" "$MSHARECTL" doctor --json >"$work/got"
	is userfaultfd degraded "seccomp" <"$work/got"
}

# A sandbox that disables set-user-ID programs
no_new_privs()
{
	by nobody setpriv --no-new-privs "$MSHARECTL" doctor --json >"$work/got"
	is fusermount3 missing "no_new_privs" <"$work/got"
}

what_is_there()
{
	cat /sys/kernel/mm/hugepages/*/*_hugepages /proc/self/mounts \
		/proc/sys/vm/max_map_count
	pgrep -l msharefs
}

# A daemon of an earlier test may still be on its way out, more so under a
# sanitizer, and takes its pages along: then doctor is looked at again. What
# doctor leaves, it leaves each time.
leaves_nothing()
{
	for _ in 1 2 3 4 5; do
		what_is_there >"$work/one"
		"$MSHARECTL" doctor >/dev/null
		what_is_there >"$work/two"
		cmp -s "$work/one" "$work/two" && return 0
		sleep 1
	done
	diff "$work/one" "$work/two"
}

command_line()
{
	status 64 "$MSHARECTL" doctor --nonsense &&
		status 64 "$MSHARECTL" doctor one two &&
		expect "Usage: msharectl doctor" "$MSHARECTL" doctor --help &&
		status 74 sh -c '"$MSHARECTL" doctor >/dev/full 2>&1' &&
		status 74 sh -c '"$MSHARECTL" doctor --json >/dev/full 2>&1'
}

if [ "${1-}" = inside ]; then
	work=$2
	shift 2
	"$@"
	exit
fi

work=$(new_dir doctor)
export work
chmod 777 "$work"
: >"$work/settings"
trap 'put_back; judge_end; clean_up' EXIT
trap 'exit 1' INT TERM HUP
judge_start "$SRC/tests/harness/judge.py"
export judge_dir

# The manual lists the checks, in the order of the output.
manual()
{
	"$MSHARECTL" doctor | grep -E '^(ok|degraded|missing) ' |
		awk '{ print $2 }' >"$work/lines"
	sed -n '/^\.SH CHECKS/,/^\.SH EXIT/s/^\.B \([a-z0-9/]*\)$/\1/p' \
		"$SRC/man/msharectl-doctor.1" | diff - "$work/lines"
}

# Users that the test can run as
users=$(id -un)
[ "$(id -u)" -ne 0 ] || users="root nobody"

for user in $users; do
	check "all is well: $user" all_ok "$user"
	check "a filter refuses userfaultfd: $user" refused "$user"
	check "size of files: $user" mends_limit limits "$user" missing \
		"size of files" -S -f 1000000
	[ "${SANITIZE:-no}" = yes ] ||
		check "address space: $user" mends_limit limits "$user" missing \
			"address space" -S -v 2000000
done
check "the preload library" preload_bad
check "the daemon" daemon_bad
check "the life of a mount" mount_life
check "the default mount" mount_default
check "a mount that does not share" mount_not_shared
check "it leaves nothing" leaves_nothing
check "the command line" command_line
check "the manual" manual
if [ "$(id -u)" -eq 0 ]; then
	for user in $users; do
		check "/dev/fuse missing: $user" mends_mounts \
			/dev/fuse "$user" missing "does not exist" device_missing
		check "/dev/fuse is a file: $user" mends_mounts \
			/dev/fuse "$user" missing "another file" device_a_file
		check "/dev/fuse covered by a file: $user" mends_mounts \
			/dev/fuse "$user" missing "mounted over it" device_covered
		check "/dev/fuse under nodev: $user" mends_mounts \
			/dev/fuse "$user" missing "nodev" device_nodev
		check "no huge pages: $user" with_settings mends pool "$user" \
			missing "nor allowed on demand" no_pages
		check "few huge pages: $user" with_settings mends pool "$user" \
			degraded "only 200M" few_pages
		check "few mappings: $user" with_settings mends mappings "$user" \
			degraded 65529 few_mappings
		check "descriptors: $user" descriptors "$user"
	done
	check "the mode of /dev/fuse" mends_mounts /dev/fuse nobody missing \
		"Permission denied" device_closed
	check "no fusermount3" mends_mounts fusermount3 nobody missing \
		"not found" helper_covered
	check "fusermount3 without set-user-ID" mends_mounts fusermount3 nobody \
		missing "not set-user-id" helper_weak
	check "fusermount3 under nosuid" mends_mounts fusermount3 nobody \
		missing "nosuid" helper_nosuid
	check "no new privileges" no_new_privs
	check "no /etc/mtab" mends_mounts fusermount3 nobody missing \
		"needs /etc/mtab" no_mtab
	check "sharing without pages" with_settings not_shared
	check "no namespaces" mends_namespaces
	check "another network" mount_apart
	! can_limit || check "a cgroup without huge pages" in_cgroup cgroup_seen
fi
finish doctor
