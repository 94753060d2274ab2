# SPDX-License-Identifier: MIT
"""300 GiB mapped by 1500 processes (doc/interface.md, section 10), from what was
measured."""

import json
import statistics
import subprocess
from collections import namedtuple

from .figures import GIB

GIBS, PROCESSES = 300, 1500
PAGE_KIB = 4.0
KIB = 1024.0
# How far the measurement may be from msharectl plan
AGREES = 0.05

# KiB in all: small (4 KiB pages), shared (msharefs). KiB a GiB and process:
# small_slope. KiB a process: each. KiB a GiB, for all processes: once_slope.
Numbers = namedtuple("Numbers", "small small_slope shared each once_slope")


def _points(results, measure, series):
    """[(GiB, KiB)], each with the most processes that were measured."""
    for size in results.sizes(measure, series):
        n = results.numbers(measure, series, size)[-1]
        yield size / GIB, results.spread(measure, series, size, n).median


def _at(results, measure, series):
    """(KiB at 300 GiB, KiB a GiB): a straight line through the points."""
    sizes, kib = zip(*_points(results, measure, series))
    line = statistics.linear_regression(sizes, kib)
    return line.slope * GIBS + line.intercept, line.slope


def measured(results):
    """Numbers, or None if the run has too little for them. What a process takes
    with msharefs does not grow with the size (a figure of row 1); the page that
    its window takes may be one it has anyway: counted as a page."""
    if any(len(results.sizes(*of)) < 2 for of in (
            ("page-tables", "shm"), ("page-tables", "msharefs"),
            ("page-tables.once", "msharefs"))):
        return None
    small, small_slope = _at(results, "page-tables", "shm")
    once, once_slope = _at(results, "page-tables.once", "msharefs")
    each = max([PAGE_KIB] + [kib for _, kib in _points(
        results, "page-tables", "msharefs")])
    return Numbers(small * PROCESSES, small_slope, each * PROCESSES + once,
                   each, once_slope)


def plan(msharectl):
    """KiB in all as msharectl plan computes them: (4 KiB pages, shared)."""
    got = subprocess.run(
        [msharectl, "plan", "--size", "%dG" % GIBS, "--procs",
         str(PROCESSES), "--json"],
        capture_output=True, text=True, check=True)
    rows = {row["pages"]: row["all"] / KIB
            for row in json.loads(got.stdout)["plan"]}
    return rows["base"], rows["shared"]


def sentence(numbers):
    return """\
**When %d processes share %d GiB, their page tables take %.0f GiB with 4 KiB
pages, %.1f MiB with msharefs.**""" % (
        PROCESSES, GIBS, numbers.small / KIB / KIB, numbers.shared / KIB)


def text(numbers):
    """The sentence, and where it comes from."""
    return sentence(numbers) + """

This is extrapolated from measurements on the machine below. With POSIX shared
memory (1 to 8 GiB) page tables took %.0f KiB per GiB and process: x %d x %d.
With msharefs they took %.1f KiB per process (1500 processes; the same for 1, 4
and 8 GiB): x %d; and %.1f KiB per GiB once for all processes: x %d.
`msharectl plan` computes the same from the sizes of page tables. (The lowest
level of tables alone, 8 bytes per page, takes 878 GiB.)""" % (
        numbers.small_slope, GIBS, PROCESSES, numbers.each, PROCESSES,
        numbers.once_slope, GIBS)


def disagrees(numbers, planned):
    """An error message if the result of plan() is not near what was measured,
    else None."""
    for what, kib, wanted in zip(("4 KiB pages", "msharefs"),
                                 (numbers.small, numbers.shared), planned):
        if abs(kib - wanted) > AGREES * wanted:
            return "%d GiB x %d, %s: measured %.0f KiB, msharectl plan " \
                "says %.0f KiB" % (GIBS, PROCESSES, what, kib, wanted)
    return None
