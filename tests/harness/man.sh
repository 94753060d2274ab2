# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For tests of the manual: sourced.

# The program in the EXAMPLES of a page
man_example()
{
	sed -n '/^\.SH EXAMPLES/,/^\.SH SEE/p' "$1" |
		sed -n '/^\.EX/,/^\.EE/p' | sed -e '/^\.E[XE]/d' -e 's/^\\&//' \
		-e 's/\\-/-/g' -e 's/\\(aq/'\''/g' -e 's/\\(ga/`/g' \
		-e 's/\\e/\\/g'
}
