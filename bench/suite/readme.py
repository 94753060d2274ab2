# SPDX-License-Identifier: MIT
"""What the README says of measurements: the text between two marks each."""

import re

from . import figures, headline, table

_MARKED = "<!-- %s: by bench/publish -->\n%s<!-- end -->\n"


def _headline(results):
    return headline.text(results) + "\n"


def _figures(results):
    """Those that have something to reach, as a table in Markdown."""
    lines = ["| what | measured | middle half | to reach | |",
             "|---|---|---|---|---|"]
    for figure in figures.all_figures():
        got = figure.of(results)
        if got is None or figure.target == "reported":
            continue
        lines.append("| %s | %s%s | %s to %s | %s | %s |" % (
            figure.whole, table.number(got.median), table.unit(figure),
            table.number(got.low), table.number(got.high), figure.target,
            "" if figure.reached(results) else "not reached"))
    return "\n".join(lines) + "\n"


def _machine(results):
    machine = results.machine
    return "Measured on %s: %s, %s cores, %s of memory, Linux %s, at commit " \
        "%s.\n" % (machine["date"], machine["cpu"], machine["cores"],
                   machine["memory"], machine["kernel"], machine["commit"])


_PARTS = {"headline": _headline, "figures": _figures, "machine": _machine}


def rewrite(text, results):
    """The README with its marked parts as the results have them. Raises
    ValueError if a mark is missing."""
    for name, part in _PARTS.items():
        marked = re.compile(re.escape(_MARKED % (name, "\0"))
                            .replace("\0", ".*?"), re.DOTALL)
        new = _MARKED % (name, part(results))
        text, n = marked.subn(lambda _, new=new: new, text)
        if n != 1:
            raise ValueError("README.md: %d times marked: %s" % (n, name))
    return text
