# SPDX-License-Identifier: MIT
"""What bench/run, bench/compare and bench/model have in common."""
