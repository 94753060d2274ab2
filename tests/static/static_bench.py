# SPDX-License-Identifier: MIT
"""The benchmark suite's arithmetic, on results that are made up here.
usage: static_bench.py SOURCES BUILD [TEST]"""

import math
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCES, BUILD = sys.argv[1:3]
sys.path.insert(0, os.path.join(SOURCES, "bench"))
sys.dont_write_bytecode = True

from suite import figures, headline, limits, marks  # noqa: E402
from suite import model, model_doc, published, results, table  # noqa: E402

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
    numbers = headline.measured(made)
    assert abs(numbers.small - 2052 * 300 * 1500) < 1
    assert abs(numbers.shared - (4 * 1500 + 4 * 300 + 8)) < 1
    assert "881 GiB" in headline.text(numbers), headline.text(numbers)
    assert headline.measured(made_up()) is None
    assert headline.disagrees(numbers, (numbers.small, numbers.shared)) is None
    for wrong in ((numbers.small * 1.06, numbers.shared),
                  (numbers.small, numbers.shared * 0.94)):
        assert "msharectl plan says" in headline.disagrees(numbers, wrong)


def the_published():
    return published.load(SOURCES + "/doc/figures.json")


def test_all_is_published():
    """doc/figures.json has what the suite measures, and all has a unit."""
    the_published().check()
    names = [figure.whole for figure in figures.all_figures()]
    assert len(names) == len(set(names)), names
    for figure in figures.all_figures():
        for value in (figure.ours, *figure.peers):
            assert value.measure in figures.UNITS, value
            assert value.series in figures.NAMES, value
    for line in model.LABELS:
        assert the_published().slopes[line].value is not None, line
    for slope in the_published().slopes.values():
        measure, series, sizes, numbers = slope.measured
        assert measure in figures.UNITS, slope
        assert series in figures.NAMES, slope
        assert sizes and numbers, slope


def test_figures_that_are_missing():
    run = the_published()
    name = next(iter(run.spreads))
    for spoil in (lambda s: s.pop(name), lambda s: s.update(more=s[name]),
                  lambda s: s.update({name: results.Spread(2, 3, 4, 5)})):
        run = the_published()
        spoil(run.spreads)
        try:
            run.check()
        except ValueError:
            continue
        raise AssertionError(spoil)
    del run.slopes["small"]
    try:
        model.Model(run.slopes)
    except ValueError as error:
        assert "small" in str(error)
        return
    raise AssertionError("a slope is not missed")


def test_published_and_loaded():
    """Nothing that a document shows gets lost in the file."""
    run = the_published()
    run.settings["nproc"] = limits.NEVER
    with tempfile.TemporaryDirectory() as at:
        run.save(at + "/figures.json")
        again = published.load(at + "/figures.json")
        assert vars(again) == vars(run)
        for text in ("", "{}", "[]", '{"format": 1}', '{"format": 2}'):
            with open(at + "/figures.json", "w", encoding="utf-8") as file:
                file.write(text)
            try:
                published.load(at + "/figures.json")
            except ValueError:
                continue
            raise AssertionError(text)
    try:
        published.gather(made_up())
    except ValueError as error:
        assert "not measured: page tables of a process" in str(error), error
        return
    raise AssertionError("a run of one program is published")


def test_samples_without_a_unit():
    """bench/run fails if a program samples what is in no table here."""
    made = made_up()
    assert figures.unknown(made) == []
    made.add_line("fork\tspoon\t0\t0\t0\t1\n")
    made.add_line("knife\tnothing\t0\t0\t0\t1\n")
    assert figures.unknown(made) == ["knife", "spoon"]


def check_documents(top):
    return subprocess.run(
        [top + "/bench/publish", "--check", "--msharectl",
         BUILD + "/msharectl"], capture_output=True, text=True, check=False)


def test_documents():
    """They say what doc/figures.json has, and msharectl plan computes."""
    got = check_documents(SOURCES)
    assert got.returncode == 0, got.stderr
    try:
        marks.rewrite("no marks", {"figures": ""}, "here")
    except ValueError:
        return
    raise AssertionError("no marks are missed")


def replace(path, old, new):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert old in text, (path, old)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new, 1))


def test_documents_that_differ():
    """A figure that was changed anywhere is found."""
    small = the_published().slopes["small"].value
    for path, old, new in (
            ("README.md", " GiB with 4 KiB", "0 GiB with 4 KiB"),
            ("doc/performance.md", " | <= 2x |", " | <= 3x |"),
            ("doc/model.md", "| 300 GiB | 1,500 | ", "| 300 GiB | 1,500 | 1"),
            ("doc/figures.json", '["small", %g' % small,
             '["small", %g' % (small * 1.06)),
            ("doc/figures.json", '"small": ', '"small": 1'),
            ("doc/figures.json", '["page tables', '["page tablets')):
        with tempfile.TemporaryDirectory() as at:
            for name in ("bench", "doc"):
                shutil.copytree(SOURCES + "/" + name, at + "/" + name)
            shutil.copy(SOURCES + "/README.md", at)
            # Once: a copy is as good as what it is copied from.
            assert path != "README.md" or check_documents(at).returncode == 0
            subprocess.run(["chmod", "-R", "u+w", at], check=True)
            replace(at + "/" + path, old, new)
            got = check_documents(at)
            assert got.returncode == 1, (path, old)
            assert "Traceback" not in got.stderr, got.stderr


def test_plots_are_shown():
    """Of the plots in doc/plots: each by a page, and no page shows others."""
    shown = set()
    for name in os.listdir(SOURCES + "/doc"):
        if name.endswith(".md"):
            with open(SOURCES + "/doc/" + name, encoding="utf-8") as file:
                shown.update(re.findall(r"\(plots/([^)]*)\)", file.read()))
    there = set(os.listdir(SOURCES + "/doc/plots"))
    assert shown == there, shown ^ there


def test_model_and_plan():
    plan = headline.plan(BUILD + "/msharectl")
    it = model.Model(the_published().slopes)
    assert model_doc.disagrees(it, plan) is None
    for wrong in ((plan[0] * 1.1, plan[1]), (plan[0], plan[1] * 0.9)):
        assert "the model says" in model_doc.disagrees(it, wrong)


def test_table():
    text = table.text([fork("ratio", high=0.49)], made_up())
    assert "NOT REACHED" in text and "0.5x" in text, text
    assert "not measured" in table.text([fork("ratio")], results.Results())


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print("\n".join(name for name in list(globals())
                        if name.startswith("test_")))
    else:
        globals()[sys.argv[3]]()
