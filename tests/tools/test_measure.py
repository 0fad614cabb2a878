"""How calls are timed side by side, and what is kept of it."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from tools.benchmarks.measure import Bench, Results, new_bench, read
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


def test_a_slower_call_takes_longer(bench: Bench) -> None:
    bench.compare("sums", {"few": lambda: sum(range(100)), "many": lambda: sum(range(10_000))})
    assert bench.results.ratio("sums", "many", "few") > 10


def test_medians_middle_halves_and_ratios_are_over_the_rounds() -> None:
    results = Results({}, [1], {"x": {"ours": [2.0, 4.0, 9.0, 8.0, 1.0], "its": [1.0, 2.0, 3.0, 4.0, 5.0]}})
    assert results.median("x", "ours") == 4
    assert results.middle("x", "ours") == (2, 8)
    assert results.ratio("x", "ours", "its") == 2  # of 2, 2, 3, 2 and 0.2: each round against its own


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
