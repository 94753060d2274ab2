# SPDX-License-Identifier: MIT
"""doc/figures.json: what the documents say about one run of the suite. The
samples themselves are not in the repository; a release carries them."""

import json
import math

from . import figures, headline, limits
from .model import Model, Slope
from .results import Spread

FORMAT = 1
_MACHINE = ("date", "commit", "kernel", "cpu", "cores", "memory")


def _rounded(value):
    """More digits than any document shows."""
    if value is None or math.isinf(value):
        return None
    return float("%.6g" % value) if isinstance(value, float) else value


def _unrounded(value):
    return math.inf if value is None else value


class Published:
    """machine: of the run. settings: the limits of that machine (limits.py).
    headline: headline.Numbers. spreads: by the name of the figure. slopes: of
    the model."""

    def __init__(self, machine, settings, numbers, spreads, slopes):
        self.machine, self.settings, self.headline = machine, settings, numbers
        self.spreads, self.slopes = spreads, slopes

    def of(self, figure):
        """The Spread of a figure. Raises KeyError if it is not published."""
        return self.spreads[figure.whole]

    def check(self):
        """Raises ValueError unless exactly the suite's figures are here."""
        names = [figure.whole for figure in figures.all_figures()]
        if names != list(self.spreads):
            raise ValueError(
                "not the figures of bench/suite/figures.py: %s" %
                ", ".join(sorted(set(names) ^ set(self.spreads))
                          or ["another order"]))
        for name, got in self.spreads.items():
            if not got.low <= got.median <= got.high or got.n < 1:
                raise ValueError("%s: %s to %s around %s of %s rounds" % (
                    name, got.low, got.high, got.median, got.n))

    def save(self, path):
        """One figure a line, so that a new run makes a readable diff."""
        def block(rows, brackets):
            return brackets[0] + "\n  " + ",\n  ".join(rows) + \
                "\n " + brackets[1]

        def line(values):
            return json.dumps([_rounded(value) if not isinstance(
                value, (str, list, tuple)) else value for value in values])

        parts = {
            "format": json.dumps(FORMAT),
            "machine": json.dumps(self.machine),
            "settings": json.dumps(
                {key: _rounded(value)
                 for key, value in self.settings.items()}),
            "headline": json.dumps(
                {key: _rounded(value)
                 for key, value in self.headline._asdict().items()}),
            "figures": block((line((name, *got))
                              for name, got in self.spreads.items()), "[]"),
            "slopes": block((line((s.name, s.value, *s.measured))
                             for s in self.slopes.values()), "[]"),
        }
        with open(path, "w", encoding="utf-8") as file:
            file.write("{\n %s\n}\n" % ",\n ".join(
                '"%s": %s' % part for part in parts.items()))


def gather(run):
    """From Results. Raises ValueError (model.NotMeasured is one) if something
    was not measured."""
    spreads = {figure.whole: figure.of(run)
               for figure in figures.all_figures()}
    missing = [name for name, got in spreads.items() if got is None]
    numbers = headline.measured(run)
    if missing or numbers is None:
        raise ValueError("not measured: " + ", ".join(missing or ["headline"]))
    return Published({key: run.machine[key] for key in _MACHINE},
                     limits.settings(), numbers, spreads,
                     Model.of(run).slopes)


def load(path):
    """Raises OSError, or ValueError if this is another file."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError("not published figures, format %d" % FORMAT)
    try:
        return Published(
            data["machine"],
            {key: _unrounded(value)
             for key, value in data["settings"].items()},
            headline.Numbers(**data["headline"]),
            {name: Spread(*map(_unrounded, numbers))
             for name, *numbers in data["figures"]},
            {name: Slope(name, value, (measure, series, tuple(sizes),
                                       tuple(numbers)))
             for name, value, measure, series, sizes, numbers
             in data["slopes"]})
    except (KeyError, TypeError) as error:
        raise ValueError("not published figures: %s" % error) from error
