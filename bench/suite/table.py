# SPDX-License-Identifier: MIT
"""Figures as a table for the terminal, and as rows of the JSON file."""

from .figures import UNITS


def number(value):
    """With three significant digits."""
    if value != value or value in (float("inf"), float("-inf")):
        return "-"
    if abs(value) >= 1000:
        return "%.0f" % value
    return "%.3g" % value if abs(value) >= 0.1 or value == 0 else \
        "%.2f" % value


def unit(figure):
    if figure.how in ("ratio", "times"):
        return "x"
    name = UNITS[figure.ours.measure].split(" ")[0]
    return name if name.startswith("/") else " " + name


def _verdict(figure, results):
    reached = figure.reached(results)
    if figure.of(results) is None:
        return "not measured"
    return {True: "reached", False: "NOT REACHED", None: ""}[reached]


def row(figure, results):
    """A row of the JSON file."""
    got = figure.of(results)
    return {
        "row": figure.row,
        "what": figure.whole,
        "how": figure.how,
        "ours": figure.ours._asdict(),
        "peers": [peer._asdict() for peer in figure.peers],
        "median": got and got.median,
        "low": got and got.low,
        "high": got and got.high,
        "rounds": got and got.n,
        "target": figure.target,
        "reached": figure.reached(results),
    }


def text(figures, results):
    lines = ["%-3s %-52s %9s %17s %-15s %s" %
             ("row", "what", "median", "middle half", "to reach", "")]
    shown = None
    for figure in figures:
        got = figure.of(results)
        if got is None:
            median, middle = "-", ""
        else:
            median = number(got.median) + unit(figure)
            middle = "%s to %s" % (number(got.low), number(got.high))
        lines.append("%-3s %-52s %9s %17s %-15s %s" %
                     (figure.row if figure.row != shown else "", figure.what,
                      median, middle, figure.target,
                      _verdict(figure, results)))
        shown = figure.row
    return "\n".join(line.rstrip() for line in lines)
