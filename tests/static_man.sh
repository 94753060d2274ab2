#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual: every page is well-formed, every call has one, and the examples
# are complete programs.
set -u
. "$(dirname "$0")/shell.sh"
. "$(dirname "$0")/man.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CC=${CC:-cc}

# It says nothing about a page that is as it should be.
well_formed()
{
	if command -v mandoc >/dev/null; then
		mandoc -Tlint -W warning "$1"
	elif command -v groff >/dev/null; then
		groff -t -ww -z -man -Tutf8 "$1" 2>&1
	else
		echo "neither mandoc nor groff is there; as root: apt-get install mandoc"
	fi >"$work/said"
	cat "$work/said"
	[ ! -s "$work/said" ]
}

# Each call of mshare.h is among the names of a page of section 3, ...
calls_have_pages()
{
	calls=$(sed -nE 's/^[a-z].*[ *](mshare[a-z_]*)\(.*/\1/p' "$SRC/lib/mshare.h")
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
	$CC -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -I"$SRC/lib" \
		-fsyntax-only "$work/example.c"
}

for page in "$SRC"/man/*.[0-9]; do
	check "$(basename "$page")" well_formed "$page"
done
check "every call has a page" calls_have_pages
for page in "$SRC"/man/*.3 "$SRC/man/libmshare.7"; do
	name=$(basename "$page")
	case $name in
	*.3) check "$name: complete" complete "$page" ;;
	esac
	check "$name: its example" compiles "$page"
done
finish static_man
