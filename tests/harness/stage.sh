# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What tests/run and tests/job have in common. Sourced, with $BUILD the directory
# that was built in and $SRC the sources.

stage=${stage:-} # made by tests/run, in the environment of tests/job
huge_dir=
LSAN_OPTIONS=${LSAN_OPTIONS:-}
ASAN_OPTIONS=${ASAN_OPTIONS:-}

clean_stage()
{
	[ -z "$huge_dir" ] || umount "$huge_dir" || umount -l "$huge_dir"
	[ -z "$stage" ] || rm -rf --one-file-system "$stage"
}

# Copies what tests run to where an ordinary user can reach it, wherever the
# clone is.
set_stage()
{
	stage=$(mktemp -d /tmp/msharefs-stage-XXXXXX)
	chmod 755 "$stage"
	cp "${DAEMON:-$BUILD/msharefs}" "$stage/msharefs" &&
		cp "$BUILD/msharectl" \
		"$BUILD/.libs/libmshare-preload.so" "$stage" &&
		mkdir "$stage/examples" "$stage/tests" &&
		cp "$BUILD"/examples/donor_v? "$BUILD"/examples/consumer_v? \
			"$stage/examples" &&
		mkdir "$stage/inert" &&
		cp "$BUILD/tests/inert/inert_calls" "$BUILD/.libs/inert_plugin.so" \
			"$stage/inert" &&
		cp "$BUILD"/tests/conform/conform_v? "$stage" &&
		cp "$BUILD/tests/tools/at_names" "$BUILD/tests/tools/ctl_windows" \
			"$BUILD/tests/tools/ctl_bar" \
			"$BUILD/tests/ordinary/share_probe" "$stage/tests" &&
		cp "$SRC/completions/msharectl" "$stage/tests/completion" &&
		mkdir "$stage/tests/man" &&
		cp "$SRC"/man/msharectl*.1 "$stage/tests/man" &&
		mkdir "$stage/lib" &&
		cp "$BUILD/.libs/libmshare.so.0" \
			"$BUILD/.libs/strange_engine.so" \
			"$BUILD"/examples/*_202? "$stage/lib" &&
		find "$BUILD/tests/lib" -maxdepth 1 -name 'lib_*' -type f -perm -100 \
			-exec cp {} "$stage/lib" \; &&
		cp "$SRC/tests/harness/shell.sh" "$SRC/tests/harness/judge.sh" \
			"$SRC/tests/harness/judge.py" "$SRC/tests/tools/ctl.sh" \
			"$SRC/tests/tsan.supp" "$stage" || exit 1
	MSHAREFS=$stage/msharefs
	MSHARECTL=$stage/msharectl
	MSHAREFS_PRELOAD=$stage/libmshare-preload.so
	BUILD_EXAMPLES=$stage/examples
	INERT=$stage/inert
	CONFORM=$stage
	LIBTESTS=$stage/lib
	export MSHAREFS MSHARECTL MSHAREFS_PRELOAD BUILD_EXAMPLES INERT CONFORM \
		LIBTESTS BUILD SRC stage
	preload=$MSHAREFS_PRELOAD
	if [ "${SANITIZE:-no}" = yes ]; then
		# The sanitizer's runtime must come first. Tests cause faults and
		# handle them, and the v1 examples map at 2 TiB, which lies in a
		# gap that the sanitizer would protect.
		preload="$(${CC:-cc} -print-file-name=libasan.so):$preload"
		ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:allow_user_segv_handler=1:protect_shadow_gap=0:$ASAN_OPTIONS
		export ASAN_OPTIONS
	fi
	MSHARE_TEST_PRELOAD=$preload
	export MSHARE_TEST_PRELOAD preload
}

no_huge_pages()
{
	free=$(awk '/^HugePages_Free/ { n += $2 } END { print n }' /proc/meminfo)
	[ $((free + $(cat /proc/sys/vm/nr_overcommit_hugepages))) -lt 1500 ]
}

can_have_mounts()
{
	[ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null
}

# Without namespaces, one program could keep another's mounts alive.
default_jobs()
{
	if can_have_mounts; then
		echo $(($(nproc) + 1))
	else
		echo 1
	fi
}

set_backings()
{
	if can_have_mounts && ! no_huge_pages; then
		huge_dir=$stage/huge
		mkdir "$huge_dir"
		mount -t hugetlbfs -o mode=1777 none "$huge_dir" || huge_dir=
	fi
}

# The backings that can be tested here, one a line.
test_backings()
{
	no_huge_pages || echo memfd
	[ -z "$huge_dir" ] || echo "hugetlbfs:$huge_dir"
	echo shmem
}

test_users()
{
	if [ "$(id -u)" -eq 0 ]; then
		echo root
		echo nobody
	else
		id -un
	fi
}

# as_user USER COMMAND...
as_user()
{
	if [ "$1" = nobody ] && [ "$(id -u)" -eq 0 ]; then
		shift
		setpriv --reuid=65534 --regid=65534 --clear-groups \
			env HOME=/tmp "$@"
	else
		shift
		"$@"
	fi
}
