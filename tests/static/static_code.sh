#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests what can be seen without running anything: what the shim and the library
# export, that they never call their own wrappers, and that the two forms of the
# uapi header exclude each other.
set -u
. "$SRC/tests/harness/shell.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CC=${CC:-cc}
shim=$BUILD/.libs/libmshare-preload.so
library=$BUILD/.libs/libmshare.so

defined()
{
	nm -D --defined-only "$1" | awk '$2 ~ /[TWDBR]/ { print $3 }' |
		grep -v -E '^(__asan|__ubsan|__odr_asan|_init|_fini)' | sort
}

# Both export the wrappers of memory and signal calls, and the engine.
wrappers()
{
	cat <<-END
		__sysv_signal
		bsd_signal
		madvise
		mmap
		mmap64
		mprotect
		mremap
		mshare_engine
		munmap
		pkey_mprotect
		posix_madvise
		process_madvise
		remap_file_pages
		sigaction
		sigignore
		siginterrupt
		signal
		sigset
		ssignal
		sysv_signal
	END
}

exports()
{
	defined "$shim" >"$work/got"
	{
		wrappers
		cat <<-END
			__open64_2
			__open_2
			__openat64_2
			__openat_2
			__pread64_chk
			__pread_chk
			__read_chk
			dlopen
			dup2
			dup3
			fopen
			fopen64
			fstatfs
			fstatfs64
			mount
			open
			open64
			openat
			openat64
			pread
			pread64
			read
			readv
			setmntent
			statfs
			statfs64
			umount
			umount2
		END
	} | sort >"$work/want"
	diff "$work/want" "$work/got"
}

# The library exports the calls declared in mshare.h, versioned, and the
# wrappers unversioned: the dynamic linker would not bind libc's names to
# versioned ones.
library_exports()
{
	defined "$library" >"$work/got"
	{
		wrappers
		sed -nE 's/^[a-z].*[ *](mshare[a-z_]*)\(.*/\1@@MSHARE_0/p' \
			"$SRC/lib/include/mshare.h"
	} | sort >"$work/want"
	[ "$(grep -c @@ "$work/want")" -eq 16 ] || {
		echo "mshare.h declares $(grep -c @@ "$work/want") calls"
		return 1
	}
	diff "$work/want" "$work/got"
}

# says KEY TEXT: looks in the dynamic section
says()
{
	readelf -d "$library" | grep -F "($1)" | grep -q -F "$2" && return 0
	readelf -d "$library"
	return 1
}

# The engine calls the kernel directly for memory and signals: calling these
# functions by name would reach the wrappers.
no_wrapped_calls()
{
	# The wrappers themselves (wrap/, preload/wrap_*.c) are exempt.
	calls_none 'mmap|mmap64|munmap|mprotect|mremap|madvise|sigaction|signal|open|open64|openat|openat64|fopen|fopen64|statfs|fstatfs|mount|umount|umount2|malloc|free|printf|exit' \
		common engine preload || return 1
	# Only the library has these: they may allocate memory and use streams.
	calls_none 'mmap|mmap64|munmap|mprotect|mremap|madvise|sigaction|signal|open|open64|openat|openat64|printf|fprintf|exit|abort' \
		api
}

# calls_none CALLS FOLDER...: no object of these folders of lib/ calls any
calls_none()
{
	calls=$1
	shift
	for folder; do
		objects=$(find "$BUILD/lib/$folder/.libs" -name '*.o' \
			! -name '*-wrap_*.o')
		[ -n "$objects" ] || {
			echo "no objects of lib/$folder"
			return 1
		}
		for object in $objects; do
			nm -u "$object" | grep -E " ($calls)\$" || continue
			echo "called by $object"
			return 1
		done
	done
}

compiles()
{
	echo "$2" >"$work/t.c"
	# shellcheck disable=SC2086 # flags
	$CC -I"$SRC/lib/include" -Wall -Wextra -Werror $1 -c -o "$work/t.o" "$work/t.c"
}

# compiles_not TEXT FLAGS CODE: fails, and the compiler's message has TEXT
compiles_not()
{
	text=$1
	shift
	compiles "$@" >"$work/out" 2>&1 && return 1
	grep -q "$text" "$work/out"
}

INCLUDE='#include <linux/msharefs.h>'
V1='#define MSHAREFS_API_V1'
NL='
'

check "the shim exports its wrappers and nothing else" exports
# A library loaded by dlopen() gets little static thread-local storage.
little_static_tls()
{
	size=$(readelf -lW "$library" | awk '$1 == "TLS" { print $6 }')
	echo "$size"
	[ $((size)) -le 64 ]
}

check "the library needs little thread-local memory" little_static_tls
check "the library exports its calls and the wrappers" library_exports
check "the library has a soname" says SONAME '[libmshare.so.0]'
check "the library is never unloaded" says FLAGS_1 NODELETE
check "the engine calls no wrapped function" no_wrapped_calls
check "v3 form" compiles -std=c11 "$INCLUDE
_Static_assert(MSHAREFS_CREATE_MAPPING == 0x40287800, \"\");
_Static_assert(MSHAREFS_UNMAP == 0x40107801, \"\");
_Static_assert(sizeof(struct mshare_create) == 40, \"\");
struct mshare_create c = {.region_offset = 1};
struct mshare_unmap u = {.region_offset = 1};"
check "v1 form" compiles -std=c11 "$V1$NL$INCLUDE
_Static_assert(MSHAREFS_GET_SIZE == 0x80107800, \"\");
_Static_assert(MSHAREFS_SET_SIZE == 0x40107801, \"\");
_Static_assert(MSHAREFS_CREATE_MAPPING == 0x40287802, \"\");
_Static_assert(MSHAREFS_UNMAP == 0x40107803, \"\");
struct mshare_create c = {.addr = 1};
struct mshare_info i = {.start = 1, .size = 1};"
check "C++" compiles "-x c++" "$INCLUDE
struct mshare_create c = {};"
check "included twice" compiles -std=c11 "$INCLUDE$NL$INCLUDE
int x = MSHARE_MAGIC;"
check "v1 code does not compile in v3 form" compiles_not SET_SIZE -std=c11 \
	"$INCLUDE
unsigned x = MSHAREFS_SET_SIZE;"
check "v1 fields do not compile in v3 form" compiles_not addr -std=c11 \
	"$INCLUDE
struct mshare_create c = {.addr = 1};"
check "v3 fields do not compile in v1 form" compiles_not region_offset -std=c11 \
	"$V1$NL$INCLUDE
struct mshare_unmap u = {.region_offset = 1};"
check "both forms in one file are an error" compiles_not "other form" -std=c11 \
	"$INCLUDE$NL$V1$NL$INCLUDE"
LIBINCLUDE="#include \"$SRC/lib/include/mshare.h\"$NL#include \"$SRC/lib/include/mshare_ioctl.h\""
check "the library's headers" compiles "-std=c11 -pedantic" "$LIBINCLUDE
int (*f)(unsigned int) = mshare_create;"
check "included twice, in C++, with the uapi header" compiles \
	"-x c++ -std=c++11 -pedantic" \
	"$LIBINCLUDE$NL$LIBINCLUDE$NL$INCLUDE
struct mshare_create c = {};
int (*f)(unsigned int) = mshare_create;
int (*g)(int, off_t, size_t) = mshare_unmap;"
finish static_code
