# SPDX-License-Identifier: MIT
"""All figures of the suite: what is measured, beside which peer, which target.

Most figures are the ratio of two series, computed round by round: samples of
the same round are divided. A figure is the median of these ratios, with their
middle half.
"""

import math
from collections import namedtuple

from .results import spread

GIB = 1 << 30
HUGE_PAGE = 2 << 20

UNITS = {
    "page-tables": "KiB a process",
    "page-tables.once": "KiB",
    "attach-touch": "us",
    "attach-touch.faults": "page faults",
    "attach.p50": "us",
    "attach.p99": "us",
    "attaches": "/s",
    "fork": "us",
    "fill": "us",
    "read.sequential": "ns",
    "read.random": "ns",
    "write.sequential": "ns",
    "write.random": "ns",
    "inert.mmap-anonymous": "us",
    "inert.mmap-file": "us",
    "inert.mmap-file-private": "us",
    "inert.read-file": "us",
    "inert.sigaction": "us",
    "inert.fork": "us",
    "inert.start-up": "us",
    "files.create": "/s",
    "files.sized": "/s",
    "files.stat": "/s",
    "files.readdir": "/s",
    "files.unlink": "/s",
    "files.memory": "KiB",
    "files.left": "KiB",
    "windows.attach": "us",
    "windows.touch": "us",
    "windows.cpu": "us",
    "windows.cpu.detach": "us",
    "windows.cpu.together": "us",
    "windows.cpu.exit": "us",
    "windows.memory": "KiB",
    "windows.descriptors": "descriptors",
    "windows.left.descriptors": "descriptors",
    "windows.left.memory": "KiB",
    "windows.left.huge-pages": "pages",
    "exit.all": "us",
    "exit.one": "us",
    "change.unmap": "us",
    "change.map": "us",
    "change.protect": "us",
    "change.lift": "us",
    "change.unmap.first": "us",
    "change.map.first": "us",
    "change.protect.first": "us",
    "change.lift.first": "us",
}

NAMES = {
    "msharefs": "msharefs",
    "limit": "by hand, shared (the limit)",
    "hugetlbfs": "hugetlbfs, not shared",
    "sysv-huge": "SysV SHM_HUGETLB",
    "hugectl": "SysV under hugectl --shm",
    "shm": "POSIX shm, 4 KiB pages",
    "shm-thp": "tmpfs, transparent huge pages",
    "nothing": "without a region",
    "hugetlbfs-again": "hugetlbfs, once more",
    "same-pages": "the same pages by hand",
    "preload": "under the preload",
    "none": "without it",
    "none-again": "without it, once more",
    "null-fuse": "tmpfs through a null FUSE",
    "tmpfs": "tmpfs",
    "fallocate": "fallocate()",
    "memset": "memset()",
    "fuse-round-trip": "one FUSE round trip",
}

# What is measured: series, size and number as in sample() of bench/bench.h
Value = namedtuple("Value", "measure series size number")


class Figure:
    """ours beside peers: "ratio" is ours / peer, "times" is peer / ours,
    "value" is ours alone, "more" is ours - peer. With more than one peer, the
    sum of the peers counts. floor: smaller values of ours are noise and count
    as this much."""

    def __init__(self, row, what, ours, peers=(), how="ratio", low=None,
                 high=None, floor=0.0, note=""):
        self.row, self.what, self.ours = row, what, ours
        self.peers, self.how, self.note = tuple(peers), how, note
        self.low, self.high, self.floor = low, high, floor
        self.whole = what

    @property
    def target(self):
        if self.low is None and self.high is None:
            return "reported"
        unit = "x" if self.how in ("ratio", "times") else \
            " " + UNITS[self.ours.measure].split(" ")[0]
        if self.low is not None and self.high is not None:
            middle = (self.low + self.high) / 2
            return "%.2f +- %.2f%s" % (middle, self.high - middle, unit)
        bound = self.low if self.high is None else self.high
        return "%s %g%s" % (">=" if self.high is None else "<=", bound, unit)

    def _rounds(self, results):
        """For each round (ours, sum of the peers). In rounds without a sample of
        a peer (a slow one is measured less often) its median counts."""
        ours = results.of(*self.ours)
        peers = [results.of(*peer) for peer in self.peers]
        if not ours or not all(peers):
            return None
        middles = [spread(peer.values()).median for peer in peers]
        return [(max(value, self.floor),
                 sum(peer.get(round_, middle)
                     for peer, middle in zip(peers, middles)))
                for round_, value in ours.items()]

    def of(self, results):
        """Its Spread, or None if it was not measured."""
        rounds = self._rounds(results)
        if rounds is None:
            return None
        ways = {
            "ratio": lambda ours, peer: ours / peer if peer else math.inf,
            "times": lambda ours, peer: peer / ours if ours else math.inf,
            "value": lambda ours, peer: ours,
            "more": lambda ours, peer: ours - peer,
        }
        return spread(ways[self.how](*pair) for pair in rounds)

    def reached(self, results):
        """True, False, or None: not measured, or no target."""
        return self.is_reached_by(self.of(results))

    def is_reached_by(self, got):
        """The same for a Spread, or None: not measured."""
        if got is None or self.low is None and self.high is None:
            return None
        return (self.low is None or got.median >= self.low) and \
            (self.high is None or got.median <= self.high)


def _page_tables():
    def ours(number, gib=8):
        return Value("page-tables", "msharefs", gib * GIB, number)

    yield Figure(1, "page tables of a process: 8 GiB, 1500 processes",
                 ours(1500), how="value", high=8, note="KiB")
    for gib in (1, 4):
        yield Figure(1, "  the same of %d GiB" % gib, ours(1500, gib),
                     how="value", high=8, note="KiB")
    yield Figure(1, "  POSIX shm, as many (1 measured: each its own)",
                 ours(1500), [Value("page-tables", "shm", 8 * GIB, 1)],
                 "times", low=1000, floor=4)
    for series, number in (("hugetlbfs", 10), ("sysv-huge", 10), ("shm-thp", 100)):
        yield Figure(1, "  " + NAMES[series], ours(1500),
                     [Value("page-tables", series, 8 * GIB, number)],
                     "times", floor=4)


def _attach_touch():
    def of(series, number):
        return Value("attach-touch", series, 8 * GIB, number)

    ours = of("msharefs", 100)
    yield Figure(2, "open, size, mmap, touch 8 GiB: beside the limit", ours,
                 [of("limit", 100)], high=2.0)
    for series, number, low in (("hugetlbfs", 20, 15), ("sysv-huge", 20, None),
                                ("hugectl", 20, None), ("shm-thp", 20, None),
                                ("shm", 3, 2000)):
        yield Figure(2, "  " + NAMES[series], ours, [of(series, number)],
                     "times", low=low)


def _attach():
    for number in (1, 100):
        at = (GIB, number)
        name = "attach alone, %d at a time" % number
        yield Figure(3, name + ": p50, in FUSE round trips",
                     Value("attach.p50", "msharefs", *at),
                     [Value("attach.p50", "fuse-round-trip", *at)],
                     high=4 if number == 1 else None)
        yield Figure(3, "  p50", Value("attach.p50", "msharefs", *at),
                     how="value")
        yield Figure(3, "  p99", Value("attach.p99", "msharefs", *at),
                     how="value")
        yield Figure(3, "  attaches", Value("attaches", "msharefs", *at),
                     how="value")


def _fork():
    def of(series):
        return Value("fork", series, 8 * GIB, 100)

    yield Figure(4, "fork and first touch: beside no region", of("msharefs"),
                 [of("nothing")], high=3)
    yield Figure(4, "  beside the limit, which does not follow children",
                 of("msharefs"), [of("limit")])


def _fill():
    def of(series):
        return Value("fill", series, 8 * GIB, 0)

    yield Figure(5, "CREATE_MAPPING of 8 GiB: beside fallocate()",
                 of("msharefs"), [of("fallocate")], high=0.65)
    yield Figure(5, "  beside memset()", of("msharefs"), [of("memset")])


def _changes():
    for change in ("unmap", "map", "protect", "lift"):
        measure = "change." + change
        for number in (1, 100, 1000):
            at = (HUGE_PAGE, number)
            ours = Value(measure, "msharefs", *at)
            by_hand = Value(measure, "limit", *at)
            trip = Value(measure, "fuse-round-trip", *at)
            yield Figure(6, "%s 2 MiB, %d windows: by hand" %
                         (change, number), ours, [by_hand],
                         high=1.5 if change != "lift" else None)
            yield Figure(6, "  by hand and one FUSE round trip", ours,
                         [by_hand, trip])
    for number in (1, 100, 1000):
        at = (HUGE_PAGE, number)
        yield Figure(6, "the first protection, %d windows: by hand" % number,
                     Value("change.protect.first", "msharefs", *at),
                     [Value("change.protect.first", "limit", *at)])


def _access():
    for measure, what in (("read.sequential", "sequential reads"),
                          ("read.random", "random reads"),
                          ("write.sequential", "sequential writes"),
                          ("write.random", "random writes")):
        def of(series, measure=measure):
            return Value(measure, series, 2 * GIB, 0)

        ours, random = of("msharefs"), measure == "read.random"
        yield Figure(7, what + ": beside hugetlbfs by hand", ours,
                     [of("hugetlbfs")], low=0.99, high=1.01)
        yield Figure(7, "  beside the same pages by hand", ours,
                     [of("same-pages")])
        yield Figure(7, "  (noise: hugetlbfs beside itself)",
                     of("hugetlbfs-again"), [of("hugetlbfs")])
        yield Figure(7, "  POSIX shm", ours, [of("shm")], "times",
                     low=1 if random else None)


def _inert():
    for measure, what, high in (
            ("mmap-anonymous", "mmap, munmap of anonymous memory", 1.02),
            ("mmap-file", "mmap, munmap of files, shared", 1.02),
            ("mmap-file-private", "mmap, munmap of files, private", 1.02),
            ("read-file", "open, mmap, read, munmap, close of a file", None),
            ("sigaction", "sigaction", 1.02),
            ("fork", "fork", 1.02)):
        def of(series, measure=measure):
            return Value("inert." + measure, series, 0, 0)

        yield Figure(8, "under the preload: " + what, of("preload"),
                     [of("none")], high=high)
        yield Figure(8, "  (noise of %s: without it beside itself)" % what,
                     of("none-again"), [of("none")])
    yield Figure(8, "under the preload: start-up",
                 Value("inert.start-up", "preload", 0, 0),
                 [Value("inert.start-up", "none", 0, 0)], "more", high=500)


def _files():
    for measure, what, size in (
            ("create", "10,000 regions: create", 0),
            ("sized", "  create and set the size", GIB),
            ("stat", "  stat", 0),
            ("readdir", "  readdir", 0),
            ("unlink", "  unlink, empty", 0),
            ("unlink", "  unlink, with a size", GIB)):
        def of(series, measure=measure, size=size):
            return Value("files." + measure, series, size, 10000)

        # Operations per second: more is better.
        yield Figure(9, what + ", beside a null FUSE", of("msharefs"),
                     [of("null-fuse")], low=1.0)
    for size in (0, GIB):
        memory = Value("files.memory", "msharefs", size, 10000)
        yield Figure(9, "  memory of the daemon a region, " +
                     ("with a size" if size else "empty"), memory,
                     how="value", high=4)
    yield Figure(9, "  kept when they are gone",
                 Value("files.left", "msharefs", GIB, 10000), how="value")


def _windows():
    def of(measure, number, series="msharefs"):
        return Value("windows." + measure, series, GIB, number)

    for measure, what in (("cpu", "CPU of the daemon"),
                          ("memory", "its memory"),
                          ("descriptors", "its descriptors")):
        yield Figure(10, "a window of 1500: %s, beside one of 100" % what
                     if measure == "cpu" else "  %s" % what,
                     of(measure, 1500), [of(measure, 100)], high=1.25)
        yield Figure(10, "  %s, as a number" % what, of(measure, 1500), how="value")
    yield Figure(10, "  CPU beside fork and exit of a process",
                 of("cpu", 1500), [of("cpu", 1500, "nothing")])
    for measure, what in (("cpu.together", "CPU, all at a time"),
                          ("cpu.detach", "CPU to detach"),
                          ("cpu.exit", "CPU when its process exits")):
        yield Figure(10, "  " + what, of(measure, 1500), how="value")
    for measure, what, high in (
            ("left.descriptors", "all 1500 gone: descriptors left", 0),
            ("left.huge-pages", "  huge pages left", 0),
            ("left.memory", "  memory left (threads', malloc's)", None)):
        yield Figure(10, what, of(measure, 1500), how="value", high=high)


def _exit():
    for measure, what in (("exit.all", "exit of 1000 processes at once"),
                          ("exit.one", "exit of one after the other")):
        def of(series, number, measure=measure):
            return Value(measure, series, 8 * GIB, number)

        ours = of("msharefs", 1000)
        yield Figure(11, what + ": beside no region", ours,
                     [of("nothing", 1000)])
        yield Figure(11, "  the limit", ours, [of("limit", 1000)])
        yield Figure(11, "  hugetlbfs, not shared", ours,
                     [of("hugetlbfs", 100)], "times")


_ROWS = (_page_tables, _attach_touch, _attach, _fork, _fill, _changes,
         _access, _inert, _files, _windows, _exit)


def all_figures():
    """In the order of the rows. A name that begins with blanks continues the
    line above; whole is the complete name."""
    head = ""
    for some in _ROWS:
        for figure in some():
            if figure.what.startswith(" "):
                figure.whole = head + ": " + figure.what.strip()
            else:
                head = figure.what.partition(":")[0]
                figure.whole = figure.what
            yield figure


def unknown(results):
    """Measures without a unit and series without a name, of what was sampled."""
    return sorted({measure for measure, _, _, _ in results.samples
                   if measure not in UNITS} |
                  {series for _, series, _, _ in results.samples
                   if series not in NAMES})
