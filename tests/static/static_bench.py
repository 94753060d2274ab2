# SPDX-License-Identifier: MIT
"""The benchmark suite's arithmetic, on results that are made up here.
usage: static_bench.py SOURCES TEST"""

import math
import os
import subprocess
import sys
import tempfile

SOURCES = sys.argv[1]
sys.path.insert(0, os.path.join(SOURCES, "bench"))
sys.dont_write_bytecode = True

from suite import figures, headline, readme, results, table  # noqa: E402

GIB = 1 << 30


def made_up(factor=1.0):
    """Ours takes factor x 10 + round, the peer twice 10 + round."""
    made = results.Results({"date": "today"})
    for round_ in range(5):
        made.add_line("fork\tmsharefs\t%d\t100\t%d\t%g\n" %
                      (8 * GIB, round_, factor * (10 + round_)))
        made.add_line("fork\tnothing\t%d\t100\t%d\t%g\n" %
                      (8 * GIB, round_, 2 * (10 + round_)))
    return made


def fork(how, **kwargs):
    return figures.Figure(4, "fork",
                          figures.Value("fork", "msharefs", 8 * GIB, 100),
                          [figures.Value("fork", "nothing", 8 * GIB, 100)],
                          how, **kwargs)


def test_round_by_round():
    """Noise that hits both sides of a round is not seen."""
    got = fork("ratio").of(made_up())
    assert got == (0.5, 0.5, 0.5, 5), got
    assert fork("times").of(made_up()).median == 2
    assert fork("value").of(made_up()) == (12, 11, 13, 5)
    assert fork("more").of(made_up()).median == -12


def test_targets():
    made = made_up()
    assert fork("ratio", high=0.5).reached(made) is True
    assert fork("ratio", high=0.49).reached(made) is False
    assert fork("ratio", low=0.51).reached(made) is False
    assert fork("ratio", low=0.49, high=0.51).reached(made) is True
    assert fork("ratio").reached(made) is None
    assert fork("ratio", high=1).reached(results.Results()) is None
    assert fork("ratio", low=0.99, high=1.01).target == "1.00 +- 0.01x"
    assert fork("ratio", high=2).target == "<= 2x"


def test_fewer_rounds_of_a_slow_peer():
    made = made_up()
    key = ("fork", "nothing", 8 * GIB, 100)
    made.samples[key] = {0: 20.0}
    assert fork("times").of(made).n == 5
    del made.samples[key]
    assert fork("times").of(made) is None


def test_less_than_noise():
    made = made_up(0.0)
    assert fork("times", floor=4).of(made).median == 6
    assert fork("times").of(made).median == math.inf


def test_lines_that_are_no_samples():
    for line in ("", "a\tb\n", "a\tb\t1\t1\t1\tx\n", "hello"):
        try:
            results.Results().add_line(line)
        except ValueError:
            continue
        raise AssertionError(line)


def test_saved_and_loaded():
    made = made_up()
    with tempfile.TemporaryDirectory() as at:
        made.save(at + "/a.json")
        assert results.load(at + "/a.json").samples == made.samples
        for text in ("", "{}", "[]", '{"format": 2}'):
            with open(at + "/b.json", "w", encoding="utf-8") as file:
                file.write(text)
            got = subprocess.run(
                [SOURCES + "/bench/compare", at + "/a.json", at + "/b.json"],
                capture_output=True, text=True, check=False)
            assert got.returncode == 1 and "b.json" in got.stderr, got
            assert "Traceback" not in got.stderr, got.stderr


def compare(old, new):
    with tempfile.TemporaryDirectory() as at:
        old.save(at + "/old")
        new.save(at + "/new")
        return subprocess.run(
            [SOURCES + "/bench/compare", at + "/old", at + "/new"],
            capture_output=True, text=True, check=True).stdout


def test_compare():
    assert "0 of the figures changed" in compare(made_up(), made_up())
    assert "WORSE" in compare(made_up(), made_up(1.5))
    assert "better" in compare(made_up(), made_up(0.7))
    lost = compare(made_up(), results.Results())
    assert "only in one" in lost and "better" not in lost, lost


def test_headline():
    """300 GiB x 1500: what is straight is drawn out straight."""
    made = results.Results()
    for gib in (1, 8):
        for line in ("page-tables\tshm\t%d\t1\t0\t%g" %
                     (gib * GIB, 2052 * gib),
                     "page-tables\tmsharefs\t%d\t1500\t0\t0.1" % (gib * GIB),
                     "page-tables.once\tmsharefs\t%d\t0\t0\t%g" %
                     (gib * GIB, 4 * gib + 8)):
            made.add_line(line)
    line = headline.Headline(made)
    assert line.is_measured() and abs(line.small_pages()[0] -
                                      2052 * 300 * 1500) < 1
    assert abs(line.shared()[0] - (4 * 1500 + 4 * 300 + 8)) < 1
    assert "881 GiB" in headline.text(made), headline.text(made)
    assert not headline.Headline(made_up()).is_measured()


def published():
    return results.load(SOURCES + "/bench/results.json")


def test_all_is_measured():
    """What the figures ask for, the programs sample; all has a unit."""
    run = published()
    missing = [f.whole for f in figures.all_figures() if f.of(run) is None]
    assert not missing, missing
    for measure, series, _, _ in run.samples:
        assert measure in figures.UNITS, measure
        assert series in figures.NAMES, series


def test_readme():
    got = subprocess.run([SOURCES + "/bench/publish", "--check"],
                         capture_output=True, text=True, check=False)
    assert got.returncode == 0, got.stderr
    try:
        readme.rewrite("no marks", published())
    except ValueError:
        return
    raise AssertionError("no marks are missed")


def test_table():
    text = table.text([fork("ratio", high=0.49)], made_up())
    assert "NOT REACHED" in text and "0.5x" in text, text
    assert "not measured" in table.text([fork("ratio")], results.Results())


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print("\n".join(name for name in list(globals())
                        if name.startswith("test_")))
    else:
        globals()[sys.argv[2]]()
