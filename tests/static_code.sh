#!/bin/sh
# SPDX-License-Identifier: MIT
# What can be seen without running anything: what the shim exports, that it does
# not call its own wrappers, and that the two forms of the uapi header keep
# apart.
set -u
. "$(dirname "$0")/shell.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CC=${CC:-cc}
shim=$BUILD/.libs/libmshare-preload.so

exports()
{
	nm -D --defined-only "$shim" | awk '$2 ~ /[TW]/ { print $3 }' |
		grep -v -E '^(__asan|__ubsan|_init|_fini)' | sort >"$work/got"
	sort >"$work/want" <<-END
		__open64_2
		__open_2
		__openat64_2
		__openat_2
		__sysv_signal
		bsd_signal
		fopen
		fopen64
		fstatfs
		fstatfs64
		mmap
		mmap64
		mount
		mprotect
		mremap
		munmap
		open
		open64
		openat
		openat64
		setmntent
		sigaction
		sigignore
		siginterrupt
		signal
		sigset
		ssignal
		statfs
		statfs64
		sysv_signal
		umount
		umount2
	END
	diff "$work/want" "$work/got"
}

# What the engine needs of memory and signals it takes from the kernel: a call
# by name would be a call of our own wrapper.
no_wrapped_calls()
{
	for object in asked attach fault fdpass mount ours place spawn uffd \
		view window; do
		nm -u "$BUILD/lib/.libs/$object.o" |
			grep -E ' (mmap|mmap64|munmap|mprotect|mremap|sigaction|signal|open|open64|openat|openat64|fopen|fopen64|statfs|fstatfs|mount|umount|umount2|malloc|free|printf|exit)$' &&
			return 1
	done
	return 0
}

compiles()
{
	echo "$2" >"$work/t.c"
	# shellcheck disable=SC2086 # flags
	$CC -I"$SRC/lib/uapi" -Wall -Wextra -Werror $1 -c -o "$work/t.o" "$work/t.c"
}

# compiles_not TEXT FLAGS CODE: and the compiler says TEXT
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
check "twice is fine" compiles -std=c11 "$INCLUDE$NL$INCLUDE
int x = MSHARE_MAGIC;"
check "v1 code does not compile in v3 form" compiles_not SET_SIZE -std=c11 \
	"$INCLUDE
unsigned x = MSHAREFS_SET_SIZE;"
check "nor do its fields" compiles_not addr -std=c11 \
	"$INCLUDE
struct mshare_create c = {.addr = 1};"
check "v3 fields do not compile in v1 form" compiles_not region_offset -std=c11 \
	"$V1$NL$INCLUDE
struct mshare_unmap u = {.region_offset = 1};"
check "both forms in one file are an error" compiles_not "other form" -std=c11 \
	"$INCLUDE$NL$V1$NL$INCLUDE"
finish static_code
