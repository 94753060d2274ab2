#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests msharectl mount and umount: the default mount, other mounts, obstacles.
set -u
. "$(dirname "$0")/shell.sh"
. "$(dirname "$0")/ctl.sh"

daemons()
{
	pgrep -fc "^msharefs .*$dir"
}

default_mount()
{
	status 0 "$ctl" mount -o "backing=$backing" && [ "$(mounts)" -eq 1 ] &&
		[ "$(stat -c %s "$m/mshare_info")" -gt 0 ] &&
		complains 0 "already mounted" "$ctl" mount &&
		complains 0 "already mounted" "$ctl" mount "$m" &&
		complains 73 "already mounted, perhaps with other options" \
			"$ctl" mount -o align=2G &&
		[ "$(mounts)" -eq 1 ] && [ "$(daemons)" -eq 1 ] &&
		status 0 "$ctl" umount && [ "$(mounts)" -eq 0 ] &&
		[ "$(stat -c %a "$m")" = 700 ]
}

# umount returns only after the daemon has freed everything.
gives_back()
{
	mount_here && "$ctl" create --size 1G --map "$m/r" || return 1
	case $backing in
	shmem) ;;
	*) [ "$(pages_held "$m")" -eq 512 ] || return 1 ;;
	esac
	"$ctl" umount || return 1
	[ "$(daemons)" -eq 0 ] && [ "$(mounts)" -eq 0 ]
}

two_at_once()
{
	for _ in 1 2 3 4; do
		"$ctl" mount 2>/dev/null &
	done
	wait
	[ "$(mounts)" -eq 1 ] && [ "$(daemons)" -eq 1 ]
	got=$?
	"$ctl" umount
	return $got
}

named()
{
	mkdir "$dir/other place" || return 1
	"$ctl" mount -o "backing=$backing" "$dir/other place" 2>/dev/null &&
		[ -e "$dir/other place/mshare_info" ] &&
		(cd "$dir/other place" && status 0 "$ctl" ls .) &&
		(cd "$dir" && status 0 "$ctl" umount "other place/") &&
		[ "$(mounts)" -eq 0 ] && rmdir "$dir/other place"
}

cannot_mount()
{
	complains 66 "No such file" "$ctl" mount /no/such &&
		got=$("$ctl" mount -o nonsense 2>&1)
	[ $? -eq 64 ] && expect "unknown option" echo "$got" &&
		[ "$(mounts)" -eq 0 ] &&
		complains 69 "install msharefs completely" \
			env MSHAREFS=/no/such "$ctl" mount &&
		complains 73 "its parent directory is missing" \
			env XDG_RUNTIME_DIR=/no/such "$ctl" mount &&
		complains 64 "at most one DIR" "$ctl" mount a b &&
		status 64 "$ctl" mount --nonsense
}

# A directory that mount made is removed again.
failed_leaves_nothing()
{
	rmdir "$m"
	status 64 "$ctl" mount -o nonsense && [ ! -e "$m" ]
}

cannot_umount()
{
	mkdir -p "$m"
	complains 66 "msharefs is not mounted there" "$ctl" umount &&
		complains 66 "msharefs is not mounted there" "$ctl" umount /proc &&
		complains 66 "No such file" "$ctl" umount /no/such &&
		complains 64 "at most one DIR" "$ctl" umount a b || return 1
	[ -e /proc/self ]
}

in_use()
{
	mount_here && "$ctl" create --size 1G "$m/r" || return 1
	sleep 100 <"$m/r" &
	user=$!
	soon grep -qx sleep "/proc/$user/comm" && # it has been executed
		complains 75 "process $user (sleep) has files open" "$ctl" umount &&
		complains 75 "umount --lazy $m" "$ctl" umount &&
		[ "$(mounts)" -eq 1 ] && status 0 "$ctl" umount --lazy &&
		[ "$(mounts)" -eq 0 ] && [ "$(daemons)" -eq 1 ]
	got=$?
	kill "$user"
	wait "$user"
	soon daemon_ends || return 1
	[ $got -eq 0 ] && mount_here || return 1
	(cd "$m" && complains 75 "has its current directory there" "$ctl" umount)
	got=$?
	"$ctl" umount
	return $got
}

daemon_ends()
{
	[ "$(daemons)" -eq 0 ]
}

# Windows do not keep the mount; their processes keep the memory.
with_windows()
{
	mount_here && "$ctl" create --size 1G --map "$m/r" &&
		hold "$m/r" rw 1 1 && status 0 "$ctl" umount &&
		[ "$(mounts)" -eq 0 ] && kill -0 "$holder"
	got=$?
	let_go
	return $got
}

no_daemon_left()
{
	! pgrep -f "^msharefs .*$dir" >/dev/null
}

dead_daemon()
{
	# stat() may be answered from the kernel's cache.
	mount_here && "$ctl" ls "$m" || return 1
	kill -9 "$(pgrep -f "^msharefs .*$dir")"
	soon no_daemon_left
	complains 69 "the daemon has ended" "$ctl" mount &&
		complains 69 "umount --lazy $m" "$ctl" ls "$m" &&
		status 0 "$ctl" umount --lazy && [ "$(mounts)" -eq 0 ] &&
		mount_here || return 1
	kill -9 "$(pgrep -f "^msharefs .*$dir")"
	soon no_daemon_left
	[ -z "$("$ctl" umount 2>&1)" ] && [ "$(mounts)" -eq 0 ] &&
		mount_here && "$ctl" umount
}

waits_in_the_kernel()
{
	grep -q '^[0-9]' "/proc/$1/syscall"
}

# A command that already waits for the daemon says the same.
daemon_killed_meanwhile()
{
	mount_here || return 1
	daemon=$(pgrep -f "^msharefs .*$dir")
	kill -STOP "$daemon"
	(complains 69 "daemon of this mount has ended" "$ctl" ls "$m") &
	command=$!
	soon waits_in_the_kernel "$(pgrep -f "^[^ ]*msharectl ls $m")"
	kill -KILL "$daemon"
	wait $command
	got=$?
	"$ctl" umount --lazy && return $got
}

not_mine()
{
	mount_here allow_other || return 1
	complains 77 "only root and the user who mounted it" \
		as_other "$ctl" umount "$m" && [ "$(mounts)" -eq 1 ]
	got=$?
	"$ctl" umount
	return $got
}

# Redirected memory of another test would be listed instead.
no_mount()
{
	complains 69 "msharefs is not mounted on $m" "$ctl" ls >"$dir/complaint"
}

which_mount()
{
	soon no_mount || {
		cat "$dir/complaint"
		return 1
	}
	mkdir -p "$dir/a" &&
		"$ctl" mount -o "backing=$backing" "$dir/a" 2>/dev/null &&
		truncate -s 1G "$dir/a/in-a" &&
		expect in-a env "MSHAREFS_MOUNT=$dir/a" "$ctl" ls &&
		mount_here && truncate -s 1G "$m/in-default" &&
		expect in-default "$ctl" ls &&
		expect in-a env "MSHAREFS_MOUNT=$dir/a" "$ctl" ls &&
		expect in-default env "MSHAREFS_MOUNT=$dir/a" "$ctl" ls "$m" &&
		complains 66 "not in a mount of msharefs" \
			env MSHAREFS_MOUNT=/tmp "$ctl" ls
	got=$?
	"$ctl" umount "$dir/a"
	"$ctl" umount
	return $got
}

check "the default mount" default_mount
check "umount frees everything" gives_back
check "several mount commands at once" two_at_once
check "a mount elsewhere" named
check "what cannot be mounted" cannot_mount
check "a failure leaves no directory" failed_leaves_nothing
check "what cannot be unmounted" cannot_umount
check "a mount in use" in_use
check "windows do not keep a mount" with_windows
check "a daemon that was killed" dead_daemon
check "a daemon that is killed meanwhile" daemon_killed_meanwhile
[ "$(id -u)" -ne 0 ] || check "somebody else's mount" not_mine
check "which mount is used" which_mount
finish mount_ctl_mount
