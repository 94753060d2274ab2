# SPDX-License-Identifier: MIT
# The rules of the interface on a real mount: tests/mount_<topic>.c.
