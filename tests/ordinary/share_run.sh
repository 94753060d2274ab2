#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests msharectl run --share: what is redirected, what is not and what is said
# of it, what a child costs, and that nothing is left.
set -u
. "$SRC/tests/harness/shell.sh"

work=$(new_dir share)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
probe=$stage/tests/share_probe
CC=${CC:-cc}
MIB=1048576
[ "${SANITIZE:-no}" != yes ] ||
	export ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}"

share()
{
	"$MSHARECTL" run "$@"
}

# says TEXT COMMAND...: its standard output is the text
says()
{
	text=$1
	shift
	got=$("$@" 2>"$work/err") || true
	[ "$got" = "$text" ] && return 0
	echo "wanted: $text"
	echo "got:    $got"
	cat "$work/err"
	return 1
}

# A size that no other memory has
size=$((65 * MIB + 12345))

redirects()
{
	says huge "$@" -- "$probe" map $size 0
}

ordinary()
{
	says ordinary "$@" -- "$probe" map $size 0
}

not_without_share()
{
	ordinary share && says ordinary "$probe" map $size 0
}

by_size()
{
	says ordinary share --share -- "$probe" map $((64 * MIB - 1)) 0 &&
		says huge share --share -- "$probe" map $((64 * MIB)) 0 &&
		says huge share --share --share-min 4M -- "$probe" map \
			$((4 * MIB)) 0 &&
		says ordinary share --share --share-min 1G -- "$probe" map \
			$size 0
}

by_name()
{
	redirects share --share --share-only share_probe &&
		ordinary share --share --share-only postgres &&
		redirects share --share --share-only postgres \
			--share-only share_probe
}

# The variables, as a service file or an image would set them
by_environment()
{
	says huge env LD_PRELOAD="${PRELOADS:-$MSHAREFS_PRELOAD}" \
		MSHAREFS_SHARE=anon MSHAREFS_SHARE_MIN=32M "$probe" map $size 0 &&
		says huge env LD_PRELOAD="${PRELOADS:-$MSHAREFS_PRELOAD}" \
			MSHAREFS_SHARE=require "$probe" map $size 0
}

inherited()
{
	says huge share --share -- sh -c "'$probe' map $size 0"
}

# Each child of 1.5 GiB: one fault for each sharing unit, and a few of its own.
children_share()
{
	share --share -- "$probe" map $((1536 * MIB)) 3 >"$work/out" || return 1
	cat "$work/out"
	awk '$1 == "faults" && $2 < 40 { few++ } END { exit few != 3 }' \
		"$work/out"
}

# As much as exceeds the pool, and less than the machine's memory
too_much()
{
	awk '/^HugePages_Free:/ { n += $2 } /^Hugepagesize:/ { size = $2 }
		/^MemTotal:/ { total = $2 }
		END { getline more <"/proc/sys/vm/nr_overcommit_hugepages"
			wanted = (n + more + 512) * size
			if (wanted < total * 0.95) printf "%.0f\n", wanted * 1024 }' \
		/proc/meminfo
}

pool_short()
{
	bytes=$(too_much)
	[ -n "$bytes" ] || return 0
	"$MSHARECTL" run --share -- "$probe" big "$bytes" >"$work/out" 2>&1 ||
		return 1
	grep -qx ordinary "$work/out" &&
		grep -q '^msharefs: share_probe\[[0-9]*\]: .*sudo sysctl vm.nr_overcommit_hugepages=[0-9]*$' \
			"$work/out" && return 0
	cat "$work/out"
	return 1
}

pool_short_required()
{
	bytes=$(too_much)
	[ -n "$bytes" ] || return 0
	expect "Cannot allocate memory" share --share=require -- "$probe" big \
		"$bytes"
}

log_file()
{
	bytes=$(too_much)
	[ -n "$bytes" ] || return 0
	MSHAREFS_SHARE_LOG=$work/log share --share -- "$probe" big "$bytes" \
		>"$work/out" 2>&1
	[ "$(cat "$work/out")" = ordinary ] && grep -q sysctl "$work/log"
}

bad_options()
{
	expect "not known" share --share=foo -- true &&
		expect "no size" share --share --share-min 5X -- true &&
		expect "name of a program" share --share --share-only a/b -- true &&
		expect "give it, too" share --share-min 5M -- true &&
		status 125 share --share=foo -- true 2>"$work/err"
}

bad_environment()
{
	expect "MSHAREFS_SHARE: foo is not known" env MSHAREFS_SHARE=foo \
		LD_PRELOAD="${PRELOADS:-$MSHAREFS_PRELOAD}" true &&
		expect "MSHAREFS_SHARE_MIN: 9Q is no size" env MSHAREFS_SHARE=anon \
			MSHAREFS_SHARE_MIN=9Q \
			LD_PRELOAD="${PRELOADS:-$MSHAREFS_PRELOAD}" true
}

is_mapped()
{
	grep -qs "mshare:anon:$1 " /proc/[0-9]*/maps
}

are_two()
{
	[ "$(grep -c '^ready' "$work/out")" -eq 2 ]
}

# Parent and child are killed at once.
killed()
{
	"$MSHARECTL" run --share -- "$probe" hold $((size + 1)) >"$work/out" \
		2>&1 &
	soon are_two && is_mapped $((size + 1))
	result=$?
	for pid in $(sed -n 's/^ready //p' "$work/out"); do
		kill -KILL "$pid"
	done
	[ $result -eq 0 ] && soon not is_mapped $((size + 1))
}

library()
{
	cat >"$work/map.c" <<-'C'
		#include <sys/mman.h>
		void *map(void)
		{
			return mmap(0, 65 << 20, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		}
	C
	cat >"$work/outer.c" <<-'C'
		#include <dlfcn.h>
		#include <stdlib.h>
		void *map(void)
		{
			void *inner = dlopen("share_test_inner.so", RTLD_NOW);
			void *(*f)(void);

			if (!inner)
				exit(7);
			*(void **)&f = dlsym(inner, "map");
			return f();
		}
	C
	mkdir "$work/inner" &&
		$CC -shared -fPIC -o "$work/inner/share_test_inner.so" \
			"$work/map.c" &&
		$CC -shared -fPIC -o "$work/outer.so" "$work/outer.c" \
			-Wl,-rpath,"$work/inner"
}

# A library that is bound to libc first must not miss the wrappers, ...
deep_library()
{
	says huge share --share -- "$probe" open "$work/inner/share_test_inner.so"
}

# ... and libraries are found where their caller says.
callers_path()
{
	says ordinary share -- "$probe" open "$work/outer.so" &&
		says huge share --share -- "$probe" open "$work/outer.so"
}

# Beyond the limit of a cgroup, a reserved page would be a SIGBUS. Needs root,
# and a hierarchy of the first version that this test can mount for itself.
group_limit()
{
	hierarchy=/sys/fs/cgroup/hugetlb
	[ "$(id -u)" -eq 0 ] && mount -t tmpfs none /sys/fs/cgroup 2>/dev/null &&
		mkdir "$hierarchy" &&
		mount -t cgroup -o hugetlb none "$hierarchy" 2>/dev/null ||
		return 0
	mkdir "$hierarchy/share_test" &&
		echo $((40 * MIB)) >"$hierarchy/share_test/hugetlb.2MB.limit_in_bytes" &&
		says ordinary sh -c "echo 0 >'$hierarchy/share_test/cgroup.procs' &&
			'$MSHARECTL' run --share -- '$probe' map $size 1 |
				grep -v faults"
	result=$?
	rmdir "$hierarchy/share_test"
	umount "$hierarchy" /sys/fs/cgroup
	return $result
}

check "redirects" redirects share --share
check "not without --share" not_without_share
check "by size" by_size
check "by name" by_name
check "by environment" by_environment
check "inherited by commands" inherited
check "children share page tables" children_share
check "pool short: ordinary memory, and a line" pool_short
check "pool short: ENOMEM if required" pool_short_required
check "the line goes to a file" log_file
check "bad options" bad_options
check "bad environment" bad_environment
check "killed: nothing is left" killed
check "the limit of a cgroup" group_limit
check "libraries" library
check "RTLD_DEEPBIND" deep_library
check "dlopen() by the caller's path" callers_path
finish share_run
