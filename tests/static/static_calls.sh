#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual of libmshare: every call has a page, and the page all that a reader
# looks for, its example being a complete program. (That pages are well-formed:
# static_man.sh.)
set -u
. "$SRC/tests/harness/shell.sh"
. "$SRC/tests/harness/man.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CC=${CC:-cc}

# Each call of mshare.h is among the names of a page of section 3, ...
calls_have_pages()
{
	calls=$(sed -nE 's/^[a-z].*[ *](mshare[a-z_]*)\(.*/\1/p' "$SRC/lib/include/mshare.h")
	[ -n "$calls" ] || return 1
	for call in $calls; do
		sed -n '/^\.SH NAME/{n;p}' "$SRC"/man/*.3 | sed 's/ \\-.*//' |
			tr -d ',' | tr ' ' '\n' | grep -qx "$call" || {
			echo "no page has the name $call"
			return 1
		}
	done
}

# ... and each page of it has all that a reader looks for.
complete()
{
	for part in SYNOPSIS DESCRIPTION "RETURN VALUE" ATTRIBUTES STANDARDS \
		EXAMPLES "SEE ALSO"; do
		grep -qx "\.SH $part" "$1" || {
			echo "$1 has no $part"
			return 1
		}
	done
	grep -qx '\.SH ERRORS' "$1" || [ "$(basename "$1")" = mshare_error.3 ]
}

compiles()
{
	man_example "$1" >"$work/example.c"
	grep -q '^int main(' "$work/example.c" || {
		echo "$1 has no complete program"
		return 1
	}
	$CC -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -I"$SRC/lib/include" \
		-fsyntax-only "$work/example.c"
}

check "every call has a page" calls_have_pages
for page in "$SRC"/man/*.3 "$SRC/man/libmshare.7"; do
	name=$(basename "$page")
	case $name in
	*.3) check "$name: complete" complete "$page" ;;
	esac
	check "$name: its example" compiles "$page"
done
finish static_calls
