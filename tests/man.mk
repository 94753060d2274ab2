# SPDX-License-Identifier: MIT
# The manual of libmshare: that it is complete, and that its examples work.
shell_tests += $(srcdir)/tests/static_calls.sh $(srcdir)/tests/man_examples.sh
EXTRA_DIST += tests/man.sh tests/static_calls.sh tests/man_examples.sh
