# SPDX-License-Identifier: MIT
# The manual: that it is well-formed, and that its examples work.
shell_tests += $(srcdir)/tests/static_man.sh $(srcdir)/tests/man_examples.sh
EXTRA_DIST += tests/man.sh tests/static_man.sh tests/man_examples.sh
