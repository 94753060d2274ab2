#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual: its pages are well-formed, they are all installed, and those they
# point to are there.
set -u
. "$SRC/tests/harness/shell.sh"

# Pages of ours that others write of
ours='^(msharefs|mshare_overview|mount\.msharefs|msharectl|libmshare|mshare)'

# What mandoc says, style included; it exits with 0 for that of its own.
mandoc_is_content()
{
	said=$(mandoc -T lint -W style "$1")
	[ -z "$said" ] || { echo "$said"; return 1; }
}

groff_is_content()
{
	said=$(groff -t -ww -mandoc -T utf8 "$1" 2>&1 >/dev/null)
	[ -z "$said" ] || { echo "$said"; return 1; }
}

# Under its own name, in its own section, in 80 columns
headed()
{
	name=$(basename "$1")
	section=${name##*.}
	name=$(echo "${name%.*}" | tr '[:lower:]' '[:upper:]')
	head -n 4 "$1" | grep -q "^\.TH $name $section " ||
		{ echo "its .TH is of another page"; return 1; }
	widest=$(LC_ALL=C.UTF-8 mandoc -T utf8 -O width=80 "$1" |
		LC_ALL=C.UTF-8 col -bx | LC_ALL=C.UTF-8 wc -L)
	[ "$widest" -le 80 ] || { echo "$widest columns"; return 1; }
}

installed()
{
	for page in "$SRC"/man/*.[0-9]; do
		grep -q "man/$(basename "$page")" "$SRC/Makefile.am" "$SRC"/*/*.mk ||
			{ echo "not installed: $page"; return 1; }
	done
}

# References to pages of ours: ".BR name (section)"
points_somewhere()
{
	sed -nE 's/^\.BR ([^ ]+) \(([0-9])\).*/\1.\2/p' "$SRC"/man/*.[0-9] |
		sed 's/\\-/-/g' | sort -u | grep -E "$ours" >"$work"
	lost=0
	while read -r page; do
		[ -f "$SRC/man/$page" ] && continue
		echo "no such page: $page"
		lost=1
	done <"$work"
	return $lost
}

work=$(mktemp)
trap 'rm -f "$work"' EXIT
for page in "$SRC"/man/*.[0-9]; do
	name=$(basename "$page")
	check "mandoc: $name" mandoc_is_content "$page"
	check "groff: $name" groff_is_content "$page"
	check "its heading and width: $name" headed "$page"
done
check "all are installed" installed
check "they point to pages that are there" points_somewhere
finish static_man
