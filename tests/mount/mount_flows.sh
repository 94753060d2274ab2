#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the programs as people use them: the examples under msharectl run, the
# daemon's command line, the ways to end it, df, du, and mount(8).
set -u
. "$(dirname "$0")/shell.sh"

dir=$(new_dir flows)
backing=${MSHARE_TEST_BACKING:-auto}
MSHAREFS_PRELOAD=${PRELOAD_LIST:-$MSHAREFS_PRELOAD}

is_mounted()
{
	grep -q " $dir fuse.msharefs " /proc/self/mounts
}

# What a failed test leaves must not affect the next one.
on_fail()
{
	while is_mounted; do
		fusermount3 -u -z "$dir"
	done
	pkill -f "^$MSHAREFS .*$dir" || true
}

clean_up()
{
	on_fail
	rmdir "$dir" 2>/dev/null
	rm -rf "$dir.work"
}
trap clean_up EXIT

mount_here()
{
	"$MSHAREFS" -o "backing=$backing${1:+,$1}" "$dir"
}

daemon_pid()
{
	pgrep -f "^$MSHAREFS .*$dir"
}

no_daemon()
{
	[ -z "$(daemon_pid)" ]
}

no_socket()
{
	! grep -qF "$socket" /proc/net/unix
}

flow()
{
	"$MSHARECTL" run --mount "$dir" -- "$BUILD_EXAMPLES/donor_$1" "$dir/$1" &&
		expect 'read "a line that the donor wrote"' \
			"$MSHARECTL" run -- "$BUILD_EXAMPLES/consumer_$1" "$dir/$1"
}

# msharectl run exits with the command's status, or dies of its signal.
run_status()
{
	status 0 "$MSHARECTL" run -- true &&
		status 42 "$MSHARECTL" run -- sh -c 'exit 42' &&
		status 143 "$MSHARECTL" run -- sh -c 'kill $$' &&
		status 139 sh -c "$MSHARECTL run -- sh -c 'kill -SEGV \$\$'; exit" &&
		status 127 "$MSHARECTL" run -- /no/such/command &&
		status 126 "$MSHARECTL" run -- /etc/passwd &&
		status 125 "$MSHARECTL" run &&
		status 125 "$MSHARECTL" run --mount /tmp -- true &&
		status 125 "$MSHARECTL" run --nonsense -- true &&
		status 64 "$MSHARECTL" nonsense &&
		status 64 "$MSHARECTL" &&
		status 125 env MSHAREFS_PRELOAD=/no/such.so "$MSHARECTL" run -- true &&
		status 0 "$MSHARECTL" --help && status 0 "$MSHARECTL" run --help
}

run_preload()
{
	LD_PRELOAD=libdl.so.2 expect ":libdl.so.2" "$MSHARECTL" run -- \
		sh -c 'echo "$LD_PRELOAD"' &&
		expect "$dir" "$MSHARECTL" run --mount "$dir" -- \
			sh -c 'echo "$MSHAREFS_MOUNT"'
}

# bad_option TEXT ARGUMENT...: prints one line with TEXT, exits with 1, mounts
# nothing.
bad_option()
{
	text=$1
	shift
	got=0
	out=$("$MSHAREFS" "$@" 2>&1) || got=$?
	[ "$got" -eq 1 ] && [ "$(echo "$out" | wc -l)" -eq 1 ] && not is_mounted &&
		expect "$text" echo "$out" && return 0
	echo "status $got: $out"
	return 1
}

# df counts the machine's huge pages, which others take and release meanwhile.
df_grows()
{
	rm -f "$dir/sized"
	used=$(df --output=used -B1 "$dir" | tail -1)
	"$MSHARECTL" run -- "$BUILD_EXAMPLES/donor_v3" "$dir/sized" >/dev/null &&
		now=$(df --output=used -B1 "$dir" | tail -1) &&
		[ $(((now - used) / 1048576)) -ge 3 ]
}

df_and_du()
{
	soon df_grows || {
		echo "df: $used bytes used before, $now with a region of 4 MiB"
		return 1
	}
	[ "$(du -B1 "$dir/sized" | cut -f1)" -eq 4194304 ] &&
		[ "$(stat -c %s "$dir/sized")" -eq "$(cat "$dir/mshare_info")" ]
}

# Ended by a signal or by umount: no mount, no process with memory, no socket.
ends_by()
{
	mount_here 2>/dev/null || return 1
	"$MSHARECTL" run -- "$BUILD_EXAMPLES/donor_v3" "$dir/left" >/dev/null || return 1
	socket=$(sockets_of "$dir")
	[ -n "$socket" ] || return 1
	case $backing in
	shmem) ;;
	*) [ "$(pages_held "$dir")" -gt 0 ] || return 1 ;;
	esac
	"$@" || return 1
	soon not is_mounted && soon no_daemon && soon no_socket
}

signal_daemon()
{
	kill "-$1" $(daemon_pid)
}

start_line()
{
	out=$(mount_here 2>&1) || return 1
	fusermount3 -u "$dir"
	[ "$(echo "$out" | wc -l)" -eq 1 ] &&
		expect "alignment 1 GiB" echo "$out" &&
		case $backing in
		shmem) expect "page tables NOT shared: only pages of 2 MiB share them; mount with -o backing=auto" echo "$out" ;;
		*) expect "pages of 2 MiB, alignment 1 GiB, page tables shared" echo "$out" ;;
		esac
}

kernels_alignment()
{
	mount_here align=512G 2>/dev/null || return 1
	[ "$(cat "$dir/mshare_info")" -eq 549755813888 ] && flow v3 &&
		# AddressSanitizer has memory at 2.5 TiB, where v1's example has
		# its start.
		{ [ "${SANITIZE:-no}" = yes ] || flow v1; }
	got=$?
	fusermount3 -u "$dir"
	soon no_daemon
	return $got
}

# mount(8) looks for helpers only in /sbin. This uses a copy of it, mounted over
# the real one in a mount namespace.
with_helpers()
{
	mkdir -p "$dir.work/sbin" && cp -a /usr/sbin/. "$dir.work/sbin/" || return 1
	for type in msharefs fuse.msharefs; do
		sed "s:@bindir@:$(dirname "$MSHAREFS"):" \
			"$SRC/tools/mount.msharefs.in" >"$dir.work/sbin/mount.$type"
		chmod +x "$dir.work/sbin/mount.$type"
	done
	unshare -m sh -eu -c 'mount --bind "$1" /usr/sbin; shift; "$@"' sh \
		"$dir.work/sbin" "$@"
	got=$?
	soon no_daemon
	return $got
}

mount_type()
{
	with_helpers sh -euc '
		cd / # mount(8) resolves a source that exists as a path
		mount -t "$1" -o "backing=$3,$4" "$5" "$2"
		grep "^$5 $2 fuse.msharefs " /proc/self/mounts
		if [ "$1" = msharefs ]; then
			grep -q "$2 .*allow_other" /proc/self/mounts
			[ "$(stat -c %a "$2")" = 1777 ]
		else
			[ "$(stat -c %a "$2")" = 777 ]
		fi
		"$6" run --mount "$2" -- "$7/donor_v3" "$2/r"
		"$6" run -- "$7/consumer_v3" "$2/r"
		umount "$2"' sh "$1" "$dir" "$backing" "$2" "$3" "$MSHARECTL" \
		"$BUILD_EXAMPLES"
}

# Exactly as in the documentation of the kernel series.
kernels_mount_point()
{
	[ ! -e /sys/fs/mshare ] || return 1
	with_helpers sh -euc '
		cd /
		ls /sys/fs >"$1.work/before"
		find /sys/fs/cgroup -maxdepth 1 2>/dev/null | sort >"$1.work/cgroup"
		mount -t msharefs msharefs /sys/fs/mshare
		ls /sys/fs | grep -v "^mshare$" | diff "$1.work/before" -
		find /sys/fs/cgroup -maxdepth 1 2>/dev/null | sort |
			diff "$1.work/cgroup" -
		"$2" run --mount /sys/fs/mshare -- "$3/donor_v1" /sys/fs/mshare/shareme
		"$2" run -- "$3/consumer_v1" /sys/fs/mshare/shareme
		umount /sys/fs/mshare
		i=0
		while [ -e /sys/fs/mshare ] && [ $i -lt 300 ]; do
			sleep 0.1
			i=$((i + 1))
		done
		[ ! -e /sys/fs/mshare ]
		ls /sys/fs | diff "$1.work/before" -' \
		sh "$dir" "$MSHARECTL" "$BUILD_EXAMPLES"
}

# Two daemons on one directory: the second one says so and does not cover the
# first; nor does it cover the mount of a dead one.
twice()
{
	"$MSHAREFS" -o "backing=$backing" "$dir" 2>/dev/null || return 1
	status 1 "$MSHAREFS" "$dir" >"$dir.log" 2>&1 &&
		expect "msharefs is mounted there already" cat "$dir.log" &&
		expect "fusermount3 -u $dir" cat "$dir.log" &&
		status 16 "$MSHAREFS" -o exit_errno "$dir" 2>/dev/null
	good=$?
	kill -KILL "$(pgrep -f "^$MSHAREFS .*$dir\$")"
	soon no_daemon
	[ $good -eq 0 ] && status 1 "$MSHAREFS" "$dir" >"$dir.log" 2>&1 &&
		expect "its daemon has ended; unmount it first" cat "$dir.log"
	good=$?
	fusermount3 -u -z "$dir"
	rm -f "$dir.log"
	return $good
}

# kill -9 leaves the tmpfs over /sys/fs. The next daemon removes it, or
# msharectl umount; as does one that starts after umount(8) of the dead mount.
left_over_sysfs()
{
	[ ! -e /sys/fs/mshare ] || return 1
	with_helpers sh -euc '
		cd /
		ls /sys/fs >"$1.work/before"
		covers() { grep -c "^msharefs /sys/fs tmpfs" /proc/self/mounts || :; }
		kill_it() {
			read -r pid <<-EOF
				$(pgrep -f "msharefs .*/sys/fs/mshare\$" |
				while read -r p; do
					[ "$(readlink "/proc/$p/ns/mnt")" != \
						"$(readlink /proc/self/ns/mnt)" ] ||
						echo "$p"
				done)
			EOF
			kill -KILL "$pid"
			while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
		}
		start() { mount -t msharefs msharefs /sys/fs/mshare; }
		start
		if start; then exit 1; fi
		[ "$(covers)" = 1 ]
		kill_it
		[ "$(covers)" = 1 ]
		start
		[ "$(covers)" = 1 ]
		stat /sys/fs/mshare/mshare_info >/dev/null
		kill_it
		umount -l /sys/fs/mshare
		start
		[ "$(covers)" = 1 ]
		kill_it
		"$2" umount --lazy /sys/fs/mshare
		[ "$(covers)" = 0 ]
		[ ! -e /sys/fs/mshare ]
		ls /sys/fs | diff "$1.work/before" -' sh "$dir" "$MSHARECTL"
}

check "start-up says one line" start_line
soon no_daemon
check "mount" mount_here
check "donor and consumer, v1" flow v1
check "donor and consumer, v3" flow v3
check "run: status and signals" run_status
check "run: preload and mount" run_preload
check "df and du" df_and_du
check "unmount" fusermount3 -u "$dir"
check "the daemon ends" soon no_daemon
check "twice on one directory" twice

check "bad: no mount point" bad_option "no mount point"
check "bad: too many arguments" bad_option "too many arguments" a b c
check "bad: mount point is not there" bad_option "/no/such: No such file" /no/such
check "bad: unknown option" bad_option "unknown option" -o nonsense "$dir"
check "bad: backing" bad_option "backing=tape: give" -o backing=tape "$dir"
check "bad: backing without a directory" bad_option "backing=hugetlbfs" \
	-o backing=hugetlbfs "$dir"
check "bad: backing in the wrong directory" bad_option "not a hugetlbfs mount" \
	-o backing=hugetlbfs:/tmp "$dir"
check "bad: align" bad_option "align=1X: not a size" -o align=1X "$dir"
check "bad: align is no power of two" bad_option "not a power of two" \
	-o align=3G "$dir"
check "bad: align too small" bad_option "too small to share" -o align=2M "$dir"
check "bad: align too large" bad_option "larger than a process" \
	-o align=128T "$dir"
check "bad: max_size" bad_option "max_size=0: not a size" -o max_size=0 "$dir"
check "bad: max_size overflows" bad_option "max_size=99999999T: too large" \
	-o max_size=99999999T "$dir"
check "bad: require" bad_option "require=nonsense: not a requirement: give guard" \
	-o require=nonsense "$dir"
check "help" expect "Usage: " "$MSHAREFS" --help
check "version" expect "msharefs 0." "$MSHAREFS" -V

check "ends by SIGTERM" ends_by signal_daemon TERM
check "ends by SIGINT" ends_by signal_daemon INT
check "ends by fusermount3 -u" ends_by fusermount3 -u "$dir"
check "the kernel's alignment" kernels_alignment
if [ "$(id -u)" -eq 0 ]; then
	check "ends by umount" ends_by umount "$dir"
	check "mount -t msharefs" mount_type msharefs rw,noatime msharefs
	check "mount -t fuse.msharefs" mount_type fuse.msharefs align=2G none
fi
[ "$(id -u)" -ne 0 ] ||
	check "mount -t msharefs msharefs /sys/fs/mshare" kernels_mount_point
[ "$(id -u)" -ne 0 ] ||
	check "what a dead daemon left over /sys/fs" left_over_sysfs
finish mount_flows
