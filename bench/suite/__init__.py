# SPDX-License-Identifier: MIT
"""Modules of bench/run, bench/compare and bench/publish."""
