"""The results that the documents show: complete, and as they must be; and a run that makes such results."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from copy import deepcopy
from math import isnan
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.helpers.databases import server_url
from tests.helpers.started_steps import ROOT
from tools.benchmarks import __main__ as program
from tools.benchmarks.measure import RESULTS, Bench, Results, read
from tools.benchmarks.report.specification import DATABASES, Promise, Run, promises, tables
from tools.figures import say, written

SHOWN = read(RESULTS)
PROMISES = promises(SHOWN)


def known(results: Results) -> list[Promise]:
    """Return the promises whose figures were measured."""
    return [promise for promise in promises(results) if not isnan(promise.figure)]


OURS = {"here", "here, shorter", "marked", "within the resolution", "key expires, lazily"}


def worsened(results: Results) -> Results:
    """Return results in which ours are worse than all others, and the worse the later they were measured."""
    worse = deepcopy(results)
    for number, samples in enumerate(worse.seconds.values()):
        for name in OURS & set(samples):
            samples[name] = [seconds * 10.0 ** (number + 6) for seconds in samples[name]]
        if "here, Unix socket" in samples:
            samples["here, Unix socket"] = [2 * seconds for seconds in samples["here"]]
    for figure, parts in worse.figures.items():
        if figure.endswith("crowd, kept"):
            parts["refused"] += 0.01
            parts["p99"] += 1
    for way in ("marked", "within the resolution"):
        worse.figures["step2_database statements a request"][way] += 1
    worse.figures["redis bytes a user"]["here"] *= 10
    return worse


def test_the_documents_show_a_whole_run_that_left_nothing_out() -> None:
    assert (SHOWN.left_out, SHOWN.about["quick"], SHOWN.sizes[-1]) == ([], False, 1_000_000)
    assert known(SHOWN) == PROMISES


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: say(promise.words, "en"))
def test_a_promise_is_kept_and_would_be_seen_to_be_broken(promise: Promise) -> None:
    [of_the_worse] = [each for each in promises(worsened(SHOWN)) if each.words == promise.words]
    assert not isnan(promise.figure) and not promise.is_broken()
    assert of_the_worse.is_broken()


@pytest.mark.parametrize(("results", "status"), [(SHOWN, 0), (worsened(SHOWN), 1)], ids=["kept", "broken"])
def test_a_run_ends_with_an_error_if_a_promise_is_broken(
    results: Results, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "new_bench", lambda *, quick: Bench(results, 1, 0.0, quick))
    monkeypatch.setattr(program, "MEASURED", ())
    ended = CliRunner().invoke(program.run, ["--out", str(tmp_path / "results.json")])
    assert ended.exit_code == status
    assert ended.output.count("Not as it must be: ") == status * len(PROMISES)
    assert read(tmp_path / "results.json").sizes == results.sizes


def test_each_cell_says_what_was_measured_and_which_way_round() -> None:
    run = Run(
        {},
        [1],
        {
            "redis mark 1": {"here": [3e-4, 2e-4, 4e-4], "floor": [1e-4, 2e-4, 3e-4]},
            "redis marks by workers": {"1": [0.001, 0.002, 0.004]},
            "step3_redis request": {
                "unmarked": [0.5, 0.3],
                "marked": [0.4, 0.6],
                "bare view, unmarked": [0.1],
            },
            "step3_redis request to gunicorn": {"unmarked": [0.95, 0.9], "marked": [1.0, 1.1]},
        },
        {
            "edge column": {"0": 300, "1": 299, "2": 298},
            "edge dict": {"0": 300, "1": 300},
            "redis bytes a user": {"here": 101.77, "usual": 0.004},
            "sqlite crowd, kept": {"refused": 0.125, "p99": 0.0005, "worst": 0.25, "questions a second": 500},
            "step3_redis statements a request": {"unmarked": 1, "marked": 2},
        },
    )
    assert run.taken("redis mark 1", "here") == "300 µs (250–350)"
    assert run.mark("redis mark 1", "here") == "300 µs (250–350), ×1.8"  # almost the fastest, 220 to 120
    assert run.taken_if_compared("redis mark 1", "floor") == "200 µs (150–250)"
    assert run.taken_if_compared("redis mark 1", "usual") == ""
    assert run.taken_if_compared("dict mark 1", "here").startswith("?")
    assert run.answered("redis", "1") == "500"
    assert run.answered("redis", "1", bounds=True) == "500 (330–670)"
    assert (run.weight("redis"), run.weight("redis", "usual"), run.weight("dict")) == ("102", "0", "?")
    assert (run.stays("column"), run.stay("column")) == (("298 s", "300 s"), "298–300 s")
    assert (run.stays("dict"), run.stay("dict")) == (("300 s", "300 s"), "300 s")
    assert run.crowd("sqlite", "kept") == ["12%", "500 µs", "250 ms"]
    assert run.request("step3_redis", "`GET /api/me`") == [
        ("step 3: `GET /api/me`", "第 3 步：`GET /api/me`"),
        "400 ms (350–450)",
        "500 ms (450–550)",
        "24%",
        "10%",
        "1, 2",
    ]


def rows_of(results: Results) -> dict[str, list[list[str]]]:
    """Return every table in both languages."""
    return {
        f"{name} {language}": written(table, language)
        for name, table in tables(results).items()
        for language in ("en", "zh")
    }


def test_all_rows_of_a_table_are_as_wide_as_its_heading() -> None:
    for name, (heading, *rows) in rows_of(SHOWN).items():
        assert rows, name
        assert {len(row) for row in rows} == {len(heading)}, name


def test_a_whole_run_has_measured_every_figure_of_every_table() -> None:
    for name, table in tables(SHOWN).items():
        for language in ("en", "zh"):
            assert written(table, language) == [[say(cell, language) for cell in row] for row in table], name
        assert "?" not in str(table), name


@pytest.mark.parametrize("left_out", ["redis", "postgresql", "mysql"])
def test_what_was_left_out_has_no_row_and_breaks_no_table(left_out: str) -> None:
    fewer = deepcopy(SHOWN)
    steps = {"redis": "step3_redis"}
    gone = (left_out, steps.get(left_out, left_out), "cluster" if left_out == "redis" else left_out)
    fewer.seconds = {name: samples for name, samples in fewer.seconds.items() if not name.startswith(gone)}
    fewer.figures = {name: parts for name, parts in fewer.figures.items() if not name.startswith(gone)}
    assert DATABASES.get(left_out, "ZADD") not in str(rows_of(fewer))
    assert len(known(fewer)) < len(PROMISES)


@pytest.mark.slow
def test_a_quick_run_measures_everything_and_its_tables_and_plots_can_be_made(tmp_path: Path) -> None:
    from tools.benchmarks.report.plots import files  # noqa: PLC0415  # needs matplotlib, which only maintainers have

    server_url("mysql")  # the only one that is not started for it
    out = tmp_path / "quick.json"
    command = [sys.executable, "-m", "tools.benchmarks", "--quick", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    quick = read(out)
    assert quick.left_out == []
    assert len(quick.seconds) == len(SHOWN.seconds) - 5  # one size less, for the counts of five stores
    assert list(quick.figures) == list(SHOWN.figures)
    assert [len(rows) > 1 for rows in rows_of(quick).values()] == [True] * len(rows_of(quick))
    assert len(list(files(quick))) == 10


@pytest.mark.slow
def test_the_plots_are_those_of_the_results_in_both_languages_light_and_dark() -> None:
    from tools.benchmarks.report.plots import IN_THE_DARK, PLOTS, files  # noqa: PLC0415  # as above

    plots = dict(files(SHOWN))
    assert sorted(plots) == sorted(PLOTS.iterdir())
    for path, text in plots.items():
        assert path.read_text("utf-8") == text, "run make docs"
        words = "".join(ET.fromstring(text).itertext())
        assert bool(re.search("[\u4e00-\u9fff]", words)) == path.name.endswith(".zh.svg")
        style = text[text.index("<style>") : text.index("</style>")]
        drawn = text.replace(style, "")
        assert "prefers-color-scheme: dark" in style
        colours = {drawn[i : i + 7] for i in range(len(drawn)) if drawn[i] == "#" and drawn[i - 2] == ":"}
        assert colours <= set(IN_THE_DARK), "a colour that nobody made dark"
