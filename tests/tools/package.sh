#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's packages: built from the release tarball, looked over by lintian,
# installed in a scratch root, used there, and removed. Nothing is downloaded,
# and the machine stays as it is: the scratch root is an overlay in a mount
# namespace of the test.
#
# usage: tests/package.sh, as root, in the sources after autoreconf; it needs
# debhelper and lintian, and for what is used there, huge pages and /dev/fuse.
# No part of "make check": it takes a minute, and Debian.
set -u
tests=$(cd "$(dirname "$0")" && pwd)
SRC=${SRC:-$(dirname "$tests")}
. "$SRC/tests/harness/shell.sh"

work=${PACKAGE_WORK:-$(mktemp -d /tmp/msharefs-package-XXXXXX)}
deb=$work/deb

tarball()
{
	mkdir "$work/build" "$deb" && cd "$work/build" &&
		"$SRC/configure" -q && make -s dist &&
		version=$(sed -n 's/^PACKAGE_VERSION = //p' Makefile) &&
		mv "msharefs-$version.tar.xz" "$deb/msharefs_$version.orig.tar.xz" &&
		cd "$deb" && tar xf "msharefs_$version.orig.tar.xz" &&
		mv "msharefs-$version" source
}

# dpkg-source compares: in the tarball is all that the packages are made of.
packages()
{
	cd "$deb/source" &&
		DEB_BUILD_OPTIONS="parallel=$(nproc)" dpkg-buildpackage -us -uc \
			>"$work/log" 2>&1 || { tail -n 40 "$work/log"; return 1; }
	for name in msharefs libmshare0 libmshare-dev; do
		ls "$deb/$name"_*.deb || return 1
	done
}

units_ran()
{
	grep -q '^ok   unit_region' "$work/log"
}

lintian_passes()
{
	lintian --fail-on error --suppress-tags bogus-mail-host \
		"$deb"/*.changes >"$work/lintian" 2>&1 && ! grep '^E:' "$work/lintian" &&
		return 0
	cat "$work/lintian"
	return 1
}

# For CI, which adds them up
close_with_sum()
{
	echo "$passed passed, $failed failed, 0 skipped"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}

# The scratch root

# in_root COMMAND...
in_root()
{
	chroot "$root" "$@"
}

# install_all: and dpkg is content
install_all()
{
	mkdir -p "$root/tmp/deb" &&
		cp "$deb"/msharefs_*.deb "$deb"/libmshare0_*.deb \
			"$deb"/libmshare-dev_*.deb "$root/tmp/deb" &&
		in_root sh -c 'dpkg -i /tmp/deb/*.deb' >"$root/tmp/log" 2>&1 &&
		[ -z "$(in_root dpkg --audit)" ] && rm -r "$root/tmp/deb" &&
		return 0
	cat "$root/tmp/log"
	return 1
}

# What a user finds
there()
{
	for file in /usr/bin/msharefs /usr/bin/msharectl /sbin/mount.msharefs \
		/sbin/mount.fuse.msharefs /usr/lib/systemd/user/msharefs.service \
		/lib/systemd/system/msharefs@.service \
		/usr/share/bash-completion/completions/msharectl; do
		in_root test -e "$file" || { echo "no $file"; return 1; }
	done
	for page in msharefs mount.msharefs msharectl msharectl-doctor \
		msharectl-plan mshare_overview; do
		[ -n "$(find "$root/usr/share/man" -name "$page.[1-8].gz")" ] ||
			{ echo "no page $page"; return 1; }
	done
	in_root ldconfig -p | grep -q 'libmshare\.so\.0'
}

# Daemons of the root; the machine may have others.
daemons()
{
	find /proc/[0-9]*/exe -lname "$root/*/msharefs" 2>/dev/null
}

# Nothing is enabled, nothing runs.
idle()
{
	! find "$root/etc/systemd" -name '*msharefs*' | grep . &&
		[ -z "$(daemons)" ]
}

# As the README says it, as nobody
used()
{
	cat >"$root/tmp/use" <<-'END'
		set -eu
		cd /tmp/use.d
		msharectl doctor >doctor || { cat doctor; exit 1; }
		mkdir m
		msharefs m
		trap 'fusermount3 -u m' EXIT
		msharectl doctor m | grep 'serves and shares'
		for f in donor_v3 consumer_v3; do
			gcc -Wall -Werror $(pkg-config --cflags msharefs-uapi) -o $f \
				/usr/share/doc/libmshare-dev/examples/$f.c
		done
		msharectl run --mount m -- ./donor_v3 m/r
		msharectl run --mount m -- ./consumer_v3 m/r |
			grep 'a line that the donor wrote'
		echo 'int main(void) { return mshare_create(0) >= 0; }' >t.c
		gcc -include mshare.h -o t t.c $(pkg-config --cflags --libs mshare)
		MSHAREFS_MOUNT=/no/such ./t
	END
	mkdir -m 777 "$root/tmp/use.d"
	chroot --userspec=65534:65534 "$root" /bin/sh /tmp/use
}

# What of the root is not as the machine has it, but for what dpkg and its
# triggers keep: files that are other or gone, directories that are new
changed()
{
	(cd "$work/over/up" && find . \( -path ./tmp -o -path ./var/lib/dpkg -o \
		-path ./var/cache -o -path ./var/log -o \
		-path ./etc/ld.so.cache \) -prune -o -print) |
		while read -r file; do
			[ -d "$work/over/up/$file" ] && [ -d "/$file" ] ||
				echo "$file"
		done
}

removed()
{
	[ -n "$(changed)" ] || { echo "the packages left no trace"; return 1; }
	in_root dpkg --purge libmshare-dev libmshare0 msharefs \
		>"$root/tmp/log" 2>&1 || { cat "$root/tmp/log"; return 1; }
	left=$(changed)
	[ -z "$left" ] || { echo "$left"; return 1; }
	[ -z "$(daemons)" ] &&
		! in_root dpkg-query -W msharefs libmshare0 2>/dev/null
}

# In a mount namespace: an overlay of the machine's own root
scratch()
{
	mkdir "$work/over" && mount -t tmpfs none "$work/over" || exit 1
	root=$work/over/root
	mkdir "$root" "$work/over/up" "$work/over/work" &&
		mount -t overlay -o "lowerdir=/,upperdir=$work/over/up,workdir=$work/over/work" \
			none "$root" &&
		mount --rbind /dev "$root/dev" && mount --rbind /sys "$root/sys" &&
		mount -t proc none "$root/proc" || exit 1
	check "it installs" install_all
	check "what a user finds" there
	check "nothing is enabled or runs" idle
	check "used as nobody, from doctor to a program of one's own" used
	check "removed, it leaves nothing" removed
	umount -R "$root"
	umount "$work/over"
	close_with_sum
}

if [ -n "${PACKAGE_WORK:-}" ]; then
	passed=$1 failed=$2
	scratch
fi

trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' INT TERM HUP
[ "$(id -u)" -eq 0 ] || { echo "package.sh has to be run as root" >&2; exit 1; }
check "the release tarball" tarball
check "packages are built of it" packages
check "the build ran the tests of units" units_ran
check "lintian finds no errors" lintian_passes
if [ "$failed" -ne 0 ]; then
	close_with_sum
fi
PACKAGE_WORK=$work unshare -m --propagation private "$0" "$passed" "$failed"
