#!/bin/sh
# SPDX-License-Identifier: MIT
# The documents: the files, functions and sections that they and comments name
# exist.
set -u
. "$SRC/tests/harness/shell.sh"

documents="README.md CONTRIBUTING.md examples/README.md doc/design.md
	doc/interface.md doc/model.md doc/performance.md"
sources="fuse lib tools tests bench examples man systemd"
# CONTRIBUTING.md's example; and what make bench makes
not_there='_held\.c$|-held\.1$|^bench/results\.json$'

in_sources()
{
	cd "$SRC" || exit 1
}

# nothing WHAT: its input must be empty
nothing()
{
	found=$(cat)
	[ -z "$found" ] && return 0
	echo "$1:"
	echo "$found"
	return 1
}

short_readme()
{
	[ "$(wc -l <"$SRC/README.md")" -le 150 ]
}

files_exist()
{
	(
		in_sources
		# shellcheck disable=SC2086 # a list
		grep -hoE '\b(fuse|lib|tools|tests|man|doc|bench|examples|completions)/[A-Za-z0-9_./-]+\.[a-z0-9]+' \
			$documents | sort -u | grep -vE "$not_there" |
			while read -r path; do
				[ -e "$path" ] || echo "$path"
			done
	) | nothing "there is no such file"
}

links_resolve()
{
	(
		in_sources
		for page in $documents; do
			grep -oE '\]\([^)#:]+\)' "$page" | sed 's/^](//; s/)$//' |
				while read -r target; do
					[ -e "$(dirname "$page")/$target" ] ||
						echo "$page: $target"
				done
		done
	) | nothing "links that lead nowhere"
}

# `name()` in backquotes
functions_exist()
{
	(
		in_sources
		grep -hoE '`[a-z_]+\(\)`' doc/design.md CONTRIBUTING.md |
			tr -d '`()' | sort -u | grep -v '_held$' |
			while read -r name; do
				grep -rqwE "$name" fuse lib tools tests/harness \
					--include='*.[ch]' || echo "$name()"
			done
	) | nothing "there is no such function"
}

sections_exist()
{
	(
		in_sources
		# shellcheck disable=SC2086 # a list
		grep -rhA1 -E 'interface\.md,( \*)?( sections?|$)' $sources doc \
			--include='*.[chm]*' --include='*.py' --include='*.sh' |
			tr '\n' ' ' | sed 's/ \* / /g' |
			grep -oE 'interface\.md, sections? [0-9]+((, | to | and )[0-9]+)*' |
			grep -oE '[0-9]+' | sort -un >"$work"
		[ "$(wc -l <"$work")" -gt 5 ] || echo "too few sections are named"
		while read -r n; do
			grep -q "^## $n\. " doc/interface.md || echo "section $n"
		done <"$work"
	) | nothing "not in doc/interface.md"
}

work=$(mktemp)
trap 'rm -f "$work"' EXIT
check "the README has at most 150 lines" short_readme
check "files that are named" files_exist
check "links" links_resolve
check "functions that are named" functions_exist
check "sections that comments name" sections_exist
finish static_docs
