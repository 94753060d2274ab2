# SPDX-License-Identifier: MIT
"""The generated parts of doc/performance.md."""

from . import figures, headline, table
from .marks import rows


def _targets(published):
    """The figures that have a target."""
    body = []
    for figure in figures.all_figures():
        if figure.target == "reported":
            continue
        got = published.of(figure)
        body.append((
            figure.whole, table.number(got.median) + table.unit(figure),
            "%s to %s" % (table.number(got.low), table.number(got.high)),
            figure.target,
            "" if figure.is_reached_by(got) else "not reached"))
    return rows(("what", "measured", "middle half", "to reach", ""), body)


def _others(published):
    """The figures without one."""
    body = []
    for figure in figures.all_figures():
        if figure.target != "reported":
            continue
        got = published.of(figure)
        body.append((
            figure.whole, table.number(got.median) + table.unit(figure),
            "%s to %s" % (table.number(got.low), table.number(got.high))))
    return rows(("what", "measured", "middle half"), body)


def machine_text(published):
    machine = published.machine
    return "Measured on %s: %s, %s cores, %s of memory, Linux %s, at commit " \
        "%s." % (machine["date"], machine["cpu"], machine["cores"],
                 machine["memory"], machine["kernel"], machine["commit"])


def parts(published):
    return {
        "headline": headline.text(published.headline),
        "machine": machine_text(published),
        "figures": _targets(published),
        "others": _others(published),
    }


def readme_parts(published):
    """What README.md takes from here."""
    return {"headline": headline.sentence(published.headline)}
