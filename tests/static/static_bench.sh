#!/bin/sh
# SPDX-License-Identifier: MIT
# The benchmark suite without a run of it: its arithmetic, and that the documents
# show the published figures.
set -u
export PYTHONDONTWRITEBYTECODE=1
. "$SRC/tests/harness/shell.sh"

python=$(dirname "$0")/static_bench.py

# Without arguments a program must print its usage.
usage()
{
	for program in "$BUILD"/bench/*; do
		[ -f "$program" ] && [ -x "$program" ] || continue
		expect "Usage: " "$program" &&
			status 2 "$program" 2>/dev/null || return 1
	done
}

for name in $(python3 "$python" "$SRC" "$BUILD"); do
	check "$(echo "${name#test_}" | tr _ ' ')" \
		python3 "$python" "$SRC" "$BUILD" "$name"
done
check "usage" usage
finish static_bench
