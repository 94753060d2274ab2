# SPDX-License-Identifier: MIT
# The model: tests/unit_<module>.c.
