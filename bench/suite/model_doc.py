# SPDX-License-Identifier: MIT
"""The generated parts of doc/model.md."""

import math

from . import headline, limits
from .figures import GIB
from .marks import rows
from .model import LABELS
from .table import number

SIZES_GIB = (8, 300, 1024, 16384)
PROCESSES = (100, 1500, 10000, 100000)
LARGEST_GIB, MOST = SIZES_GIB[-1], PROCESSES[-1]
# doc/interface.md, section 10
CHECK_GIB, CHECK_PROCESSES = headline.GIBS, headline.PROCESSES


def amount(kib):
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        if abs(kib) < 1000 or unit == "TiB":
            return "%s %s" % (number(kib), unit)
        kib /= 1024


def seconds(value):
    if value < 1:
        return "%s ms" % number(value * 1e3)
    return "%s s" % number(value) if value < 600 else \
        "%s min" % number(value / 60)


def size(gib):
    return "%d GiB" % gib if gib < 1024 else "%d TiB" % (gib // 1024)


def count(value):
    return "no limit" if math.isinf(value) else "{:,.0f}".format(value)


# Parts of the document

def _measured(measure, series, sizes, numbers):
    return "%s of %s, %s%s" % (
        measure, series, " and ".join(_bytes(size_) for size_ in sizes),
        ", with " + " and ".join("{:,}".format(n) for n in numbers)
        if any(numbers) else "")


def _bytes(value):
    return "%d GiB" % (value // GIB) if value >= GIB or not value else \
        "%d MiB" % (value >> 20)


def slopes_text(model):
    return rows(("slope", "what", "", "measured"), (
        ("`%s`" % s.name, LABELS[s.name][0],
         "%s %s" % (number(s.value), LABELS[s.name][1]),
         _measured(*s.measured)) for s in model.slopes.values()))


def memory_text(model):
    return rows(("size", "processes", "4 KiB pages", "huge pages, not shared",
                 "msharefs", "times less"), (
        (size(gib), count(n), amount(model.tables_small(n, gib)),
         amount(model.tables_huge(n, gib)), amount(model.tables(n, gib)),
         count(model.tables_small(n, gib) / model.tables(n, gib)))
        for gib in SIZES_GIB for n in PROCESSES))


def time_text(model):
    return rows(("size", "processes", "all attach and touch",
                 "huge pages, not shared: touch"), (
        (size(gib), count(n), seconds(model.seconds_to_attach(n, gib)),
         seconds(model.seconds_to_attach_huge(n, gib)))
        for gib in SIZES_GIB for n in PROCESSES))


def daemon_text(model):
    return rows(("windows", "its memory", "its descriptors", "its CPU time "
                 "for all to attach", "protect 2 MiB", "unmap 2 MiB",
                 "map 2 MiB"), (
        (count(n), amount(model.daemon_kib(n)),
         count(model.daemon_descriptors(n)), seconds(n * model.cpu / 1e6),
         seconds(model.change_ms("protect", n) / 1e3),
         seconds(model.change_ms("unmap", n) / 1e3),
         seconds(model.change_ms("map", n) / 1e3)) for n in PROCESSES))


def limits_text(model, settings):
    windows = rows(("what", "here", "ends at", "at most", "then"), (
        (limit.name, "`%s`" % limit.setting, count(limit.windows),
         count(limit.most), limit.why)
        for limit in limits.of_windows(model, settings)))
    sizes = rows(("what", "ends at", "then"), (
        (limit.name, size(limit.gib), limit.why)
        for limit in limits.of_size(settings)))
    return windows + "\n\n" + sizes


def first_text(model, settings):
    by_setting = limits.of_windows(model, settings)
    first = by_setting[0]
    last = min(by_setting, key=lambda limit: limit.most)
    below = [limit.name for limit in by_setting if limit.windows < MOST]
    return """\
On this machine the lowest limit is **%s** (`%s`), at **%s** windows.
Limits below %s windows: %s.
With the largest settings the lowest is **%s**, at **%s**. None of
them is a limit of page tables: %s windows of %s take %s.""" % (
        first.name, first.setting, count(first.windows), count(MOST),
        ", ".join(below) or "none", last.name, count(last.most),
        count(MOST), size(LARGEST_GIB),
        amount(model.tables(MOST, LARGEST_GIB)))


def check_text(model, plan):
    small, shared = plan
    return rows(("%d GiB x %d" % (CHECK_GIB, CHECK_PROCESSES), "the model",
                 "`msharectl plan`"), (
        ("4 KiB pages", amount(model.tables_small(CHECK_PROCESSES, CHECK_GIB)),
         amount(small)),
        ("msharefs", amount(model.tables(CHECK_PROCESSES, CHECK_GIB)),
         amount(shared))))


def machine_text(machine):
    return "%s: %s, %s cores, %s, Linux %s, commit %s." % tuple(
        machine[key] for key in ("date", "cpu", "cores", "memory", "kernel",
                                 "commit"))


def parts(figures, model, plan):
    """{name: text}. figures: published; plan: what msharectl plan says."""
    return {
        "machine": machine_text(figures.machine),
        "slopes": slopes_text(model),
        "check": check_text(model, plan),
        "memory": memory_text(model),
        "time": time_text(model),
        "daemon": daemon_text(model),
        "first": first_text(model, figures.settings),
        "limits": limits_text(model, figures.settings),
    }


def disagrees(model, plan):
    ours = (model.tables_small(CHECK_PROCESSES, CHECK_GIB),
            model.tables(CHECK_PROCESSES, CHECK_GIB))
    for what, mine, theirs in zip(("4 KiB pages", "msharefs"), ours, plan):
        if abs(mine - theirs) > headline.AGREES * theirs:
            return "%d GiB x %d, %s: the model says %s, msharectl plan %s" % (
                CHECK_GIB, CHECK_PROCESSES, what, amount(mine),
                amount(theirs))
    return None
