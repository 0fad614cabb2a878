"""The figures that no machine changes: measured anew, as reckoned by hand, and as results.json has them."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.redis_server import redis_server
from tools.benchmarks.experiments import accuracy, whole_requests
from tools.benchmarks.experiments.with_redis import Forms, errors_of
from tools.benchmarks.measure import RESULTS, Bench, Results, read

SHOWN = read(RESULTS).figures
EVERY_SECOND = range(60)
EDGES = {  # second of a minute in which a user was seen -> for how long that user counts
    "dict": {str(second): 300 for second in EVERY_SECOND},
    "sorted set": {str(second): 300 for second in EVERY_SECOND},
    "buckets": {str(second): 300 - second for second in EVERY_SECOND},
}


@pytest.fixture
def bench() -> Bench:
    """A bench that measures all of it, as the whole run does."""
    return Bench(Results({}, [1]), rounds=1, round_seconds=0, quick=False)


def kept(bench: Bench, folder: Path) -> dict[str, Any]:
    """Return the figures as a run keeps them, with five digits."""
    bench.results.write(folder / "results.json")
    return read(folder / "results.json").figures


@pytest.mark.slow
@pytest.mark.parametrize("form", EDGES)
def test_a_user_counts_for_as_long_after_each_second_of_a_minute_as_the_documents_show(
    bench: Bench, form: str
) -> None:
    accuracy.measure_edge_in_memory(bench, form)
    assert bench.results.figures == {f"edge {form}": EDGES[form]}
    assert SHOWN[f"edge {form}"] == EDGES[form]


@pytest.mark.slow
def test_a_resolution_shortens_a_stay_and_saves_writes_by_as_much_as_the_documents_show(
    bench: Bench, tmp_path: Path
) -> None:
    def writes(pause: int, resolution: int) -> float:
        """Reckon the writes a second of 1000 users in an hour: one of so many requests is written."""
        one_of = resolution // pause + 1 if resolution else 1
        return 1000 * ceil(3600 / pause / one_of) / 3600

    accuracy.measure_column(bench)
    expected = {
        # written when it is more than 30 seconds old, so it is short by its age
        "edge column": {str(age): 300 - age for age in range(31)},
        **{
            f"writes by 1000 users, every {pause} s": {
                "each request": float(f"{writes(pause, 0):.5g}"),
                "here": float(f"{writes(pause, 30):.5g}"),
            }
            for pause in (1, 10, 60)
        },
    }
    assert kept(bench, tmp_path) == expected
    assert {name: SHOWN[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("step", "statements"),
    [
        ("step1_dict", {"unmarked": 1, "marked": 1}),
        ("step2_database", {"unmarked": 2, "marked": 3, "within the resolution": 2}),
        ("step3_redis", {"unmarked": 1, "marked": 1, "within the resolution": 1}),
    ],
)
def test_a_mark_adds_a_statement_only_where_it_is_written_to_the_database(
    bench: Bench, tmp_path: Path, step: str, statements: dict[str, int]
) -> None:
    with whole_requests.settings_of(step, bench, tmp_path) as settings:
        if settings is None:
            pytest.skip(bench.results.left_out[0])
        with whole_requests.app_of(step, settings) as (app, token):
            whole_requests.count_statements(bench, step, app, token)
    assert bench.results.figures == {f"{step} statements a request": statements}
    assert SHOWN[f"{step} statements a request"] == statements


def test_hyperloglog_errs_by_as_much_as_the_documents_show(bench: Bench, tmp_path: Path) -> None:
    with redis_server(tmp_path) as server, server.client() as client:
        Forms(bench, client, tmp_path).estimate()
    assert kept(bench, tmp_path) == {name: SHOWN[name] for name in ("redis HyperLogLog error",)}
    # Redis's documentation names a standard error of 0.81 %, of which the mean of a normal one is 0.8
    assert 0.005 < SHOWN["redis HyperLogLog error"]["mean"] < 0.008


def test_an_error_is_a_share_of_the_truth_whether_too_high_or_too_low() -> None:
    too_low, too_high = [100 - error for error in range(50)], [200 + 4 * error for error in range(50)]
    expected = {"users": 100, "mean": 1.1125, "one in twenty": 2.8, "worst": 2.96}
    counts = too_low + too_high
    assert errors_of(counts, 100) == errors_of(counts[::-1], 100) == pytest.approx(expected)
