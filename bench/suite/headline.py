# SPDX-License-Identifier: MIT
"""300 GiB mapped by 1500 processes (SPEC, 10), from what was measured."""

import json
import statistics
import subprocess

from .figures import GIB

GIBS, PROCESSES = 300, 1500
PAGE_KIB = 4.0
KIB = 1024.0
# How far arithmetic and measurement may be apart
AGREES = 0.05


class Headline:
    """KiB: each(series) of a process, once(series) of the memory itself; both
    straight lines through what was measured, at 300 GiB."""

    def __init__(self, results):
        self.results = results

    def _points(self, measure, series):
        """[(GiB, KiB)]: of the most processes that were measured."""
        for size in self.results.sizes(measure, series):
            n = self.results.numbers(measure, series, size)[-1]
            yield (size / GIB,
                   self.results.spread(measure, series, size, n).median)

    def _at(self, measure, series):
        """(KiB at 300 GiB, slope in KiB a GiB)"""
        sizes, kib = zip(*self._points(measure, series))
        line = statistics.linear_regression(sizes, kib)
        return line.slope * GIBS + line.intercept, line.slope

    def small_pages(self):
        """(KiB in all, slope): POSIX shm"""
        each, slope = self._at("page-tables", "shm")
        return each * PROCESSES, slope

    def shared(self):
        """(KiB in all, KiB each, slope of once): msharefs. What a process
        takes does not grow with the size (a figure of row 1); the page that
        its window takes may be one it has anyway: counted as a page."""
        each = max([PAGE_KIB] + [kib for _, kib in self._points(
            "page-tables", "msharefs")])
        once, slope = self._at("page-tables.once", "msharefs")
        return each * PROCESSES + once, each, slope

    def is_measured(self):
        return all(len(self.results.sizes(*of)) > 1 for of in (
            ("page-tables", "shm"), ("page-tables", "msharefs"),
            ("page-tables.once", "msharefs")))


def plan(msharectl):
    """KiB in all as msharectl plan computes them: (4 KiB pages, shared)."""
    got = subprocess.run(
        [msharectl, "plan", "--size", "%dG" % GIBS, "--procs",
         str(PROCESSES), "--json"],
        capture_output=True, text=True, check=True)
    rows = {row["pages"]: row["all"] / KIB
            for row in json.loads(got.stdout)["plan"]}
    return rows["base"], rows["shared"]


def text(results):
    """The lines on top of the README."""
    headline = Headline(results)
    small, small_slope = headline.small_pages()
    shared, each, once_slope = headline.shared()
    return """\
**%d GiB shared by %d processes: %.0f GiB of page tables in 4 KiB pages,
%.1f MiB with msharefs.**

Extrapolated from what was measured here: %.0f KiB of page tables a GiB and
process (POSIX shm, 1 to 8 GiB) x %d x %d; against %.1f KiB a process (1500
processes, 1, 4 and 8 GiB: it does not grow) x %d, and %.1f KiB a GiB once for
all x %d. `msharectl plan` computes the same. (The lowest tables alone, 8 bytes
a page, are 878 GiB.)""" % (
        GIBS, PROCESSES, small / KIB / KIB, shared / KIB,
        small_slope, GIBS, PROCESSES, each, PROCESSES, once_slope, GIBS)


def disagrees(results, msharectl):
    """What to say if plan's arithmetic is not near what was measured, or
    None."""
    headline = Headline(results)
    measured = headline.small_pages()[0], headline.shared()[0]
    for what, kib, planned in zip(("4 KiB pages", "msharefs"), measured,
                                  plan(msharectl)):
        if abs(kib - planned) > AGREES * planned:
            return "%d GiB x %d, %s: measured %.0f KiB, msharectl plan " \
                "says %.0f KiB" % (GIBS, PROCESSES, what, kib, planned)
    return None
