# SPDX-License-Identifier: MIT
"""Plots of a run, by gnuplot, as SVG."""

import os
import shutil
import subprocess

from .figures import GIB, HUGE_PAGE, NAMES

_HEAD = """set terminal svg noenhanced size 760,420 font 'sans-serif,13' background '#ffffff'
set output '%s'
set title "%s"
set grid ytics lc rgb '#d8d8d8'
set border 3
set tics nomirror
"""

# One colour per series, in all plots
_COLOURS = {
    "msharefs": "#0b6e4f", "limit": "#7a7a7a", "hugetlbfs": "#c8553d",
    "sysv-huge": "#e09f3e", "hugectl": "#8d6a9f", "shm-thp": "#3d5a80",
    "shm": "#b23a48", "nothing": "#4a4a4a", "fuse-round-trip": "#98c1d9",
}
_PAGE_KIB = 4.0


def _quote(text):
    return text.replace('"', "'")


def _colour(series):
    return _COLOURS.get(series, "#444444")


def gnuplot(path, title, script):
    """Raises CalledProcessError; gnuplot has printed a message then."""
    text = _HEAD % (path, _quote(title)) + script
    subprocess.run(["gnuplot"], input=text, text=True, check=True)


def lines(path, title, x, y, curves, extra=""):
    """curves: [(name, colour, [(x, y), ...])], on two logarithmic axes; those
    "by hand" are dashed."""
    blocks, plots = [], []
    for i, (name, colour, points) in enumerate(curves):
        data = "\n".join("%.9g %.9g" % point for point in points)
        blocks.append("$c%d << EOD\n%s\nEOD\n" % (i, data))
        plots.append("$c%d with linespoints lw 2 pt 7 ps 0.6 dt %d "
                     "lc rgb '%s' title \"%s\"" %
                     (i, 2 if "by hand" in name else 1, colour,
                      _quote(name)))
    gnuplot(path, title, "".join(blocks) +
            'set xlabel "%s"\nset ylabel "%s"\nset logscale xy\n'
            "set key outside right top reverse Left\n%splot %s\n" %
            (x, y, extra, ", ".join(plots)))


def bars(path, title, y, values):
    """values: [(name, colour, spread)], on a logarithmic axis."""
    data = "\n".join('%d %.9g %.9g %.9g %d "%s"' %
                     (i, s.median, s.low, s.high, int(colour[1:], 16),
                      _quote(name))
                     for i, (name, colour, s) in enumerate(values))
    low = min(s.low for _, _, s in values) / 3
    gnuplot(path, title, "$d << EOD\n%s\nEOD\n"
            'set ylabel "%s"\nset logscale y\nset yrange [%.9g:*]\n'
            "set boxwidth 0.6\nset style fill solid 0.85\nunset key\n"
            "set xtics rotate by -18\n"
            "plot $d using 1:2:5:xtic(6) with boxes lc rgb variable, "
            "$d using 1:2:3:4 with yerrorbars pt 7 ps 0.2 lw 1.5 "
            "lc rgb '#222222'\n" %
            (data, y, low))


def _page_tables_by_number(results, path):
    curves = []
    for series in results.series("page-tables"):
        points = [(n, max(results.spread("page-tables", series, 8 * GIB,
                                         n).median, _PAGE_KIB))
                  for n in results.numbers("page-tables", series, 8 * GIB)]
        curves.append((NAMES[series], _colour(series), points))
    lines(path, "Page tables of a process over 8 GiB", "processes",
          "KiB (one page at least)", curves)


def _page_tables_by_size(results, path):
    curves = []
    for series in results.series("page-tables"):
        points = []
        for size in results.sizes("page-tables", series):
            n = results.numbers("page-tables", series, size)[-1]
            got = results.spread("page-tables", series, size, n)
            points.append((size / GIB, max(got.median, _PAGE_KIB)))
        curves.append((NAMES[series], _colour(series), points))
    lines(path, "Page tables of a process by size of what is shared",
          "GiB", "KiB (one page at least)", curves,
          "set xtics (1, 2, 4, 8)\n")


def _attach_touch(results, path):
    values = []
    for series in results.series("attach-touch"):
        for n in results.numbers("attach-touch", series, 8 * GIB):
            values.append((NAMES[series], _colour(series), results.spread(
                "attach-touch", series, 8 * GIB, n)))
    bars(path, "Open, size query, mmap, touch all of 8 GiB",
         "us a process", values)


def _changes(results, path):
    shades = {"unmap": "#0b6e4f", "map": "#3d5a80", "protect": "#c8553d"}
    curves = []
    for change, colour in shades.items():
        measure = "change." + change
        for series in ("msharefs", "limit"):
            points = [(n, results.spread(measure, series, HUGE_PAGE,
                                         n).median)
                      for n in results.numbers(measure, series, HUGE_PAGE)]
            curves.append((change + (", by hand" if series == "limit"
                                     else ""),
                           colour, points))
    lines(path, "A change of 2 MiB until every process has it", "windows",
          "us", curves)


_ALL = {
    "page-tables-by-processes": ("page-tables", _page_tables_by_number),
    "page-tables-by-size": ("page-tables", _page_tables_by_size),
    "attach-touch": ("attach-touch", _attach_touch),
    "changes": ("change.unmap", _changes),
}


def draw_all(results, directory):
    """Draws those that were measured; returns their paths."""
    if not shutil.which("gnuplot"):
        raise SystemExit("bench: plots need gnuplot: apt-get install "
                         "gnuplot-nox")
    os.makedirs(directory, exist_ok=True)
    drawn = []
    for name, (measure, draw) in _ALL.items():
        if results.series(measure):
            path = os.path.join(directory, name + ".svg")
            draw(results, path)
            drawn.append(path)
    return drawn
