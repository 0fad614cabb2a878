"""How calls are timed side by side, and what is kept of it."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from itertools import chain, groupby, repeat
from pathlib import Path

import pytest

from tools.benchmarks import measure
from tools.benchmarks.measure import Bench, Results, new_bench, read, worst_and_nearly_worst
from tools.benchmarks.stores import database, redis


@pytest.fixture
def bench() -> Bench:
    """A bench that measures for as short as it can."""
    return new_bench(quick=True)


def test_the_contenders_take_turns_so_that_all_are_disturbed_alike(bench: Bench) -> None:
    order: list[str] = []
    bench.compare("turns", {name: lambda name=name: order.append(name) for name in "abc"})
    turns = "".join(name for name, _ in groupby(order))
    assert turns.endswith("abc" + "cba"[1:] + "abc"[1:])
    assert [len(samples) for samples in bench.results.seconds["turns"].values()] == [3, 3, 3]


def test_each_call_is_given_the_next_argument(bench: Bench) -> None:
    given: list[int] = []
    bench.compare("arguments", {"append": given.append}, argument=iter(range(10**9)))
    assert given == list(range(len(given))) and len(given) > 3


class Working:
    """Calls whose work moves the clock on, and a clock that nothing else moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.bench = replace(new_bench(quick=True), clock=lambda: self.now)

    def call(self, *seconds: float) -> Callable[[], None]:
        """Return a call that takes so many seconds each time, the last number from then on."""
        to_come = chain(seconds, repeat(seconds[-1]))

        def work() -> None:
            self.now += next(to_come)

        return work


def test_the_seconds_of_a_call_are_those_that_it_takes() -> None:
    working = Working()
    working.bench.compare("x", {"short": working.call(0.25), "long": working.call(2)})
    assert working.bench.results.seconds["x"] == {"short": [0.25] * 3, "long": [2] * 3}


def test_what_is_slow_at_first_is_warm_before_the_first_round_that_is_kept() -> None:
    working = Working()
    # the first calls open a connection, fill a cache: one to see how many calls a round has, one to warm up
    working.bench.compare("x", {"cold at first": working.call(9, 5, 1), "warm": working.call(1)})
    assert working.bench.results.seconds["x"] == {"cold at first": [1] * 3, "warm": [1] * 3}


def test_turns_that_begin_anew_need_no_warming_up() -> None:
    figures = iter([1.0, 2.0, 3.0])
    assert Working().bench.in_turn("x", {"a": lambda: next(figures)}, 3, warm_up=False) == {"a": [1, 2, 3]}


def test_a_fine_comparison_has_ten_times_as_many_rounds_each_a_tenth_as_long() -> None:
    working = Working()
    bench = replace(working.bench, round_seconds=1.0)
    lengths = []
    for finely in (False, True):
        began = working.now
        bench.compare("x", {"here": working.call(1 / 1024)}, finely=finely)
        lengths.append(len(bench.results.seconds["x"]["here"]))
        assert 3 < working.now - began < 5  # three seconds that are kept, and the round that warms up
    assert lengths == [3, 30]


def test_medians_and_middle_halves_are_over_the_rounds_and_ratios_of_almost_the_fastest() -> None:
    results = Results({}, [1], {"x": {"ours": [3.0, 4.0, 9.0, 8.0, 1.5], "its": [1.0, 2.0, 3.0, 0.5, 5.0]}})
    assert results.median("x", "ours") == 4
    assert results.middle("x", "ours") == (3, 8)
    ours = [1.5, 3.0, *[4.0] * 9]  # one in ten of these rounds is faster than 3 seconds
    results.seconds["x"] = {"ours": ours, "its": [each / 3 for each in reversed(ours)]}
    assert results.ratio("x", "ours", "its") == pytest.approx(3)
    results.seconds["x"]["its"] = [1.0] * 11
    assert results.ratio("x", "ours", "its") == 3


def test_the_worst_and_the_one_that_one_in_a_thousand_is_longer_than() -> None:
    durations = [float(number) for number in range(1, 2001)]
    assert worst_and_nearly_worst(durations[::-1]) == (2000, 1998)
    assert worst_and_nearly_worst([7.0]) == (7, 7)


def test_what_is_kept_is_read_again_with_five_digits(bench: Bench, tmp_path: Path) -> None:
    bench.results.seconds = {"x": {"here": [0.123456789, 2e-7]}}
    bench.results.figures = {"y": {"0": 1.0}}
    bench.leave_out("mysql", "no server")
    bench.results.write(tmp_path / "results.json")
    again = read(tmp_path / "results.json")
    assert again.seconds == {"x": {"here": [0.12346, 2e-7]}}
    assert (again.figures, again.left_out) == ({"y": {"0": 1.0}}, ["mysql: no server"])
    assert again.about == bench.results.about


def test_a_server_that_is_missing_is_left_out_and_said(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("REQUIRE_SERVERS", raising=False)
    monkeypatch.delenv("TEST_MYSQL_URL", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with database(bench, "mysql", tmp_path) as url, redis(bench, tmp_path) as client:
        assert (url, client) == (None, None)
    assert [reason.split(":")[0] for reason in bench.results.left_out] == ["mysql", "redis"]
    assert "Left out, redis: redis-server or valkey-server is not installed" in capsys.readouterr().out


def test_where_servers_are_required_a_missing_one_fails(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUIRE_SERVERS", "1")
    monkeypatch.delenv("TEST_MYSQL_URL", raising=False)
    with pytest.raises(pytest.fail.Exception, match="TEST_MYSQL_URL"), database(bench, "mysql", tmp_path):
        pass


def test_a_run_says_when_where_and_with_what_it_was_made(
    monkeypatch: pytest.MonkeyPatch, in_beijing: None
) -> None:
    class Evening(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Evening:
            return cls(2026, 1, 31, 20, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(measure, "datetime", Evening)
    monkeypatch.setattr(measure, "version", lambda package: f"the version of {package}")
    about = new_bench(quick=True).results.about
    machine = about.pop("machine")
    assert about == {
        "date": "2026-01-31",
        "quick": True,
        "versions": {"python": platform.python_version()}
        | {name: f"the version of {name}" for name in (*measure.PACKAGES, *measure.OPTIONAL_PACKAGES)},
    }
    assert machine.pop("cpu")
    assert machine == {"cores": os.cpu_count(), "system": f"{platform.system()} {platform.release()}"}


def test_a_quick_run_is_small_and_a_whole_one_goes_up_to_a_million_users() -> None:
    quick, whole = new_bench(quick=True), new_bench(quick=False)
    assert (quick.results.sizes, quick.rounds, quick.round_seconds) == ([100, 1_000, 10_000], 3, 0.002)
    assert whole.results.sizes == [1_000, 10_000, 100_000, 1_000_000]
    assert (whole.rounds, whole.round_seconds) == (9, 0.1)
    assert [bench.quick for bench in (quick, whole)] == [True, False]
    assert [bench.results.about["quick"] for bench in (quick, whole)] == [True, False]
