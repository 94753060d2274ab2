# SPDX-License-Identifier: MIT
"""Samples of a run, their spread, and the file that holds them."""

import json
import math
import statistics
from collections import namedtuple

FORMAT = 1

# The middle half of the samples lies between low and high
Spread = namedtuple("Spread", "median low high n")


def spread(values):
    """Median and quartiles."""
    values = sorted(values)
    n = len(values)
    # Quartiles cannot be interpolated next to infinity.
    if n == 1 or math.isinf(values[-1]):
        return Spread(values[n // 2], values[n // 4], values[3 * n // 4], n)
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high, n)


class Results:
    """Samples by (measure, series, size in bytes, number): {round: value}."""

    def __init__(self, machine=None):
        self.machine = machine or {}
        self.samples = {}

    def add_line(self, line):
        """A line that sample() in bench/bench.c has printed."""
        fields = line.rstrip("\n").split("\t")
        if len(fields) != 6:
            raise ValueError("not a sample: %r" % line)
        measure, series, size, number, round_, value = fields
        key = (measure, series, int(size), int(number))
        self.samples.setdefault(key, {})[int(round_)] = float(value)

    def of(self, measure, series, size, number):
        """{round: value}, possibly empty."""
        return self.samples.get((measure, series, size, number), {})

    def spread(self, measure, series, size, number):
        values = self.of(measure, series, size, number).values()
        return spread(values) if values else None

    def numbers(self, measure, series, size):
        return sorted(n for m, s, z, n in self.samples
                      if (m, s, z) == (measure, series, size))

    def sizes(self, measure, series):
        return sorted({z for m, s, z, _ in self.samples
                       if (m, s) == (measure, series)})

    def series(self, measure):
        return list(dict.fromkeys(s for m, s, _, _ in self.samples
                                  if m == measure))

    def save(self, path, figures=()):
        rows = [{"measure": m, "series": s, "size": z, "number": n,
                 "rounds": sorted(by_round),
                 "values": [by_round[r] for r in sorted(by_round)]}
                for (m, s, z, n), by_round in self.samples.items()]
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"format": FORMAT, "machine": self.machine,
                       "figures": list(figures), "samples": rows},
                      file, indent=1)
            file.write("\n")


def load(path):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError("%s: not results of bench/run, format %d" %
                         (path, FORMAT))
    results = Results(data["machine"])
    for row in data["samples"]:
        key = (row["measure"], row["series"], row["size"], row["number"])
        results.samples[key] = dict(zip(row["rounds"], row["values"]))
    return results
