# SPDX-License-Identifier: MIT
"""What msharefs takes beyond what this machine can hold: straight lines through
what a run of the suite measured. doc/model.md says what each formula means."""

from collections import namedtuple

from .figures import GIB, HUGE_PAGE

PAGE_KIB = 4.0
# What one table maps at the shared level (of huge pages), and above it
UNIT_GIB, UPPER_GIB = 1, 512

_CHANGE = "%s 2 MiB, until every process has it"
_TOUCHES = "touching a GiB, by the number of windows"

# name in the formulas: (what, unit). _0: for the first window, _n: for each
# further one
_LINES = {
    "touches": _TOUCHES,
    "protect": _CHANGE % "protect",
    "unmap": _CHANGE % "unmap",
    "map": _CHANGE % "map",
}
LABELS = {
    "small": ("page tables, 4 KiB pages", "KiB a GiB and process"),
    "huge": ("page tables, huge pages, not shared", "KiB a GiB and process"),
    "each": ("page tables, msharefs", "KiB a process"),
    "once": ("page tables, msharefs, once for all", "KiB a GiB"),
    "attach": ("attaching, all at a time", "us a process"),
    "touch": ("touching what is shared", "us a GiB"),
    "touch_huge": ("touching huge pages that are not shared", "us a GiB"),
    "touch_small": ("touching 4 KiB pages", "us a GiB"),
    "fill": ("CREATE_MAPPING", "us a GiB"),
    "cpu": ("the daemon's CPU time", "us a window"),
    "memory": ("the daemon's memory", "KiB a window"),
    "descriptors": ("the daemon's descriptors", "a window"),
    **{name + "_0": (what + ": for the first", "us")
       for name, what in _LINES.items()},
    **{name + "_n": (what + ": for each further one", "us a window")
       for name, what in _LINES.items()},
}

# measured: measure, series, sizes, numbers
Slope = namedtuple("Slope", "name value measured")


class NotMeasured(ValueError):
    """The run has no such measurement."""


class Model:
    """What follows from the slopes: {name: Slope}. Raises ValueError unless
    exactly those of LABELS are there."""

    def __init__(self, slopes):
        if set(slopes) != set(LABELS):
            raise ValueError("slopes of the model: not measured: %s" %
                             ", ".join(sorted(set(slopes) ^ set(LABELS))))
        self.slopes = slopes

    @classmethod
    def of(cls, results):
        """From a run. Raises NotMeasured."""
        return cls(_Slopes(results).slopes)

    def __getattr__(self, name):
        try:
            return self.__dict__["slopes"][name].value
        except KeyError:
            raise AttributeError(name) from None

    # Formulas: n processes, all with a window of that many GiB

    def tables_small(self, n, gib):
        return n * gib * self.small

    def tables_huge(self, n, gib):
        return n * gib * self.huge

    def tables(self, n, gib):
        more = -(-gib // UPPER_GIB) - 1
        return n * (self.each + more * PAGE_KIB) + gib * self.once

    def seconds_to_attach(self, n, gib):
        return n * (self.attach + gib * self.touch) / 1e6

    def seconds_to_attach_huge(self, n, gib):
        return n * gib * self.touch_huge / 1e6

    def daemon_kib(self, n):
        return n * self.memory

    def daemon_descriptors(self, n):
        return n * self.descriptors

    def change_ms(self, change, n):
        first = self.slopes[change + "_0"].value
        return (first + n * self.slopes[change + "_n"].value) / 1e3


class _Slopes:
    """Takes the slopes from a run."""

    def __init__(self, results):
        self.results = results
        self.slopes = {}
        self._page_tables()
        self._attach()
        self._daemon()
        self._changes()

    def _numbers(self, measure, series, size):
        numbers = self.results.numbers(measure, series, size)
        if not numbers:
            raise NotMeasured("%s of %s, %d MiB" %
                              (measure, series, size >> 20))
        return numbers

    def _median(self, measure, series, size, number):
        return self.results.spread(measure, series, size, number).median

    def _most(self, name, of, how=lambda value: value):
        """From the samples with the largest number."""
        number = self._numbers(*of)[-1]
        self.slopes[name] = Slope(name, how(self._median(*of, number)),
                                  of[:2] + ((of[2],), (number,)))

    def _line(self, name, of):
        """name_0 and name_n: through the smallest and the largest number."""
        numbers = self._numbers(*of)
        if len(numbers) < 2:
            raise NotMeasured("%s of %s by number" % of[:2])
        low, high = numbers[0], numbers[-1]
        at_low, at_high = (self._median(*of, n) for n in (low, high))
        slope = (at_high - at_low) / (high - low)
        measured = of[:2] + ((of[2],), (low, high))
        self.slopes[name + "_0"] = Slope(name + "_0", at_low - slope * low,
                                         measured)
        self.slopes[name + "_n"] = Slope(name + "_n", slope, measured)

    def _by_size(self, name, measure, series):
        """Through the smallest and the largest size, or zero."""
        sizes = self.results.sizes(measure, series)
        if not sizes:
            raise NotMeasured("%s of %s" % (measure, series))
        kib = []
        for size in sizes:
            number = self._numbers(measure, series, size)[-1]
            kib.append(self._median(measure, series, size, number))
        if len(sizes) == 1:
            sizes, kib = [0] + sizes, [0] + kib
        gib = (sizes[-1] - sizes[0]) / GIB
        self.slopes[name] = Slope(name, (kib[-1] - kib[0]) / gib,
                                  (measure, series, tuple(sizes), (number,)))

    def _page_tables(self):
        self._by_size("small", "page-tables", "shm")
        self._by_size("huge", "page-tables", "hugetlbfs")
        # The one page it takes may exist in the process anyway.
        self._most("each", ("page-tables", "msharefs", 8 * GIB),
                   lambda kib: max(kib, PAGE_KIB))
        self._by_size("once", "page-tables.once", "msharefs")

    def _attach(self):
        self._most("attach", ("attaches", "msharefs", GIB),
                   lambda rate: 1e6 / rate)
        self._most("touch", ("windows.touch", "msharefs", GIB))
        self._line("touches", ("windows.touch", "msharefs", GIB))
        for name, of in (("touch_huge", ("attach-touch", "hugetlbfs")),
                         ("touch_small", ("attach-touch", "shm")),
                         ("fill", ("fill", "msharefs"))):
            self._most(name, (*of, 8 * GIB), lambda us: us / 8)

    def _daemon(self):
        for name in ("cpu", "memory", "descriptors"):
            self._most(name, ("windows." + name, "msharefs", GIB))

    def _changes(self):
        for change in ("protect", "unmap", "map"):
            self._line(change, ("change." + change, "msharefs", HUGE_PAGE))
