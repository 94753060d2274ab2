# SPDX-License-Identifier: MIT
"""The plots of doc/model.md."""

import os

from . import plots
from .figures import HUGE_PAGE
from .model_doc import size

COLOURS = ("#0b6e4f", "#3d5a80", "#c8553d", "#e09f3e")


def powers():
    return [10 ** (i / 4) for i in range(0, 21)]


def by_processes(of):
    return [(n, of(n)) for n in powers()]


def draw_all(model, results, directory):
    """The paths of the plots. results: the run that the model is of."""
    os.makedirs(directory, exist_ok=True)
    drawn = []

    def path(name):
        drawn.append(os.path.join(directory, "model-%s.svg" % name))
        return drawn[-1]

    mib = 1024
    plots.lines(path("page-tables"), "Page tables, by the model", "processes",
                "MiB", [
        (name + ", " + size(gib), colour, by_processes(
            lambda n, of=of, gib=gib: of(n, gib) / mib))
        for gib, colours in ((16384, ("#7a1f12", "#3d5a80", "#0b6e4f")),
                             (300, ("#c8553d", "#98c1d9", "#6fbf9b")))
        for (name, of), colour in zip((
            ("4 KiB pages", model.tables_small),
            ("huge pages, not shared", model.tables_huge),
            ("msharefs", model.tables)), colours)])
    plots.lines(path("attach"), "Until all have attached and touched all",
                "processes", "seconds", [
        (name + size(gib), colour, by_processes(
            lambda n, of=of, gib=gib: of(n, gib)))
        for gib, colours in ((16384, ("#c8553d", "#0b6e4f")),
                             (300, ("#e09f3e", "#3d5a80")))
        for (name, of), colour in zip((
            ("not shared, ", model.seconds_to_attach_huge),
            ("msharefs, ", model.seconds_to_attach)), colours)])
    plots.lines(path("daemon"), "What the daemon takes", "windows", "", [
        ("KiB of memory", COLOURS[0], by_processes(model.daemon_kib)),
        ("descriptors", COLOURS[1], by_processes(model.daemon_descriptors)),
        ("ms of CPU for all to attach", COLOURS[2],
         by_processes(lambda n: n * model.cpu / 1e3))])
    curves = []
    for change, colour in zip(("protect", "unmap", "map"), COLOURS):
        at = ("change." + change, "msharefs", HUGE_PAGE)
        curves.append((change, colour, by_processes(
            lambda n, change=change: model.change_ms(change, n))))
        curves.append((change + ", measured", "#222222", [
            (n, results.spread(*at, n).median / 1e3)
            for n in results.numbers(*at)]))
    plots.lines(path("changes"), "A change of 2 MiB until every process has it",
                "windows", "ms", curves)
    return drawn
