"""Times calls side by side: rounds in turn, so that whatever disturbs the machine disturbs all alike."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from math import nan
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from timeit import Timer
from typing import Any, TypeVar

import click

# whether the run is quick -> users online and users in all, where a few are counted among many
FEW_AMONG_MANY = {False: (2_000, 200_000), True: (20, 2_000)}
RESULTS = Path(__file__).parent / "results.json"
Samples = dict[str, list[float]]  # contender -> one figure for each round
PACKAGES = ("flask", "flask-httpauth", "gunicorn", "psycopg", "pymysql", "redis", "sqlalchemy")
OPTIONAL_PACKAGES = ("hiredis",)  # redis-py reads answers with it where it is installed


Name = TypeVar("Name")  # of a contender


@dataclass
class Results:
    """All that one run has measured.

    seconds: comparison -> contender -> seconds a call, one for each round.
    figures: what was counted or weighed, not timed -> its parts.
    left_out: what could not be measured here, and why.
    """

    about: dict[str, Any]
    sizes: list[int]  # how many users online, from a few to the most
    seconds: dict[str, Samples] = field(default_factory=dict)
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def rounds(self, comparison: str, contender: str) -> list[float]:
        """Return the seconds a call of each round.

        What was left out has two that are nan, as middle() needs two; what comes of them is nan too.
        """
        return self.seconds.get(comparison, {}).get(contender, [nan, nan])

    def median(self, comparison: str, contender: str) -> float:
        """Return the usual time of a call, in seconds."""
        return median(self.rounds(comparison, contender))

    def middle(self, comparison: str, contender: str) -> tuple[float, float]:
        """Return the bounds within which half of the rounds lie, in seconds."""
        low, _, high = quantiles(self.rounds(comparison, contender), n=4, method="inclusive")
        return low, high

    def ratio(self, comparison: str, contender: str, to: str) -> float:
        """Return how many times as long one takes as another, each in a round that is almost its fastest.

        Whatever disturbs a round makes it slower, so fast rounds are the least disturbed, and their ratio
        repeats where that of the medians does not. The very fastest may be a stroke of luck; so it is the
        one that a tenth of the rounds are faster than.
        """
        return _nearly_fastest(self.rounds(comparison, contender)) / _nearly_fastest(
            self.rounds(comparison, to)
        )

    def part(self, figure: str, name: str) -> float:
        """Return a part of what was counted or weighed; nan if it was not."""
        return self.figures.get(figure, {}).get(name, nan)

    def write(self, path: Path) -> None:
        """Keep the results, with five digits of each figure."""
        text = json.dumps(_short(asdict(self)), indent=1, ensure_ascii=False)
        path.write_text(_compact(text) + "\n", encoding="utf-8")


def _nearly_fastest(rounds: list[float]) -> float:
    return quantiles(rounds, n=10, method="inclusive")[0]


def read(path: Path) -> Results:
    """Return the results that a run has kept."""
    return Results(**json.loads(path.read_text(encoding="utf-8")))


@dataclass
class Bench:
    """How long to measure, and where the results go."""

    results: Results
    rounds: int
    round_seconds: float  # of each contender
    quick: bool
    clock: Callable[[], float] = perf_counter  # what durations are read from, in seconds

    def compare(
        self,
        comparison: str,
        contenders: Mapping[str, Callable[..., object]],
        *,
        argument: Iterator[Any] | None = None,
        finely: bool = False,
    ) -> None:
        """Time calls of all contenders.

        argument: gives each call what it is called with.
        finely: ten times as many rounds, each a tenth as long, so that more of them are undisturbed.
        """
        share = 10 if finely else 1
        timers = {name: self._timer(call, argument) for name, call in contenders.items()}
        rounds, turns = self.rounds * share, dict[str, Callable[[], float]]()
        for name, timer in timers.items():
            calls, seconds = self._calls_of_a_round(timer, self.round_seconds / share)
            turns[name] = partial(_seconds_a_call, timer, calls)
            if seconds > 1:  # so slow a contender would take minutes
                rounds = min(rounds, 5)
        self.results.seconds[comparison] = self.in_turn(comparison, turns, rounds)

    def in_turn(
        self, label: str, turns: Mapping[Name, Callable[[], float]], rounds: int, *, warm_up: bool = True
    ) -> dict[Name, list[float]]:
        """Let the contenders take turns, and return what each turn gave, one figure for each round.

        warm_up: go one round before all others that is not kept; what begins anew in each turn needs none.
        """
        samples: dict[Name, list[float]] = {name: [] for name in turns}
        forwards, first = list(turns), 0 if warm_up else 1
        with self.progress(label, (1 + rounds - first) * len(turns)) as bar:
            for number in range(first, 1 + rounds):
                # every other round goes backwards, so that no contender always comes after the same one
                for name in forwards if number % 2 else reversed(forwards):
                    figure = turns[name]()
                    if number > 0:
                        samples[name].append(figure)
                    bar.update(1)
        return samples

    def _timer(self, call: Callable[..., object], argument: Iterator[Any] | None) -> Timer:
        if argument is None:
            return Timer("call()", timer=self.clock, globals={"call": call})
        return Timer("call(next(argument))", timer=self.clock, globals={"call": call, "argument": argument})

    def _calls_of_a_round(self, timer: Timer, round_seconds: float) -> tuple[int, float]:
        """Try how many calls take as long as a round; return also what the last try took, in seconds."""
        calls = 1
        while (seconds := timer.timeit(calls)) < round_seconds / 4 and calls < 1_000_000:
            calls *= 4
        return max(1, round(calls * round_seconds / seconds)), seconds

    def progress(self, label: str, steps: int) -> Any:
        """Return a bar that a terminal shows; a file gets the label alone."""
        return click.progressbar(length=steps, label=f"{label:44}", show_pos=True)

    def leave_out(self, what: str, reason: object) -> None:
        """Say what is not measured, now and in the results."""
        self.results.left_out.append(f"{what}: {reason}")
        click.echo(f"Left out, {self.results.left_out[-1]}")


def _seconds_a_call(timer: Timer, calls: int) -> float:
    return timer.timeit(calls) / calls


def worst_and_nearly_worst(durations: list[float]) -> tuple[float, float]:
    """Return the longest duration, and the one that one in a thousand is longer than (p99.9)."""
    in_order = sorted(durations)
    return in_order[-1], in_order[(len(in_order) - 1) * 999 // 1000]


def new_bench(*, quick: bool) -> Bench:
    """Return a bench for the whole run, or for one that only shows that everything runs."""
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "quick": quick,
        "machine": _machine(),
        "versions": {"python": platform.python_version(), **versions()},
    }
    if quick:
        return Bench(Results(about, [100, 1_000, 10_000]), rounds=3, round_seconds=0.002, quick=True)
    return Bench(
        Results(about, [1_000, 10_000, 100_000, 1_000_000]), rounds=9, round_seconds=0.1, quick=False
    )


def versions() -> dict[str, str]:
    """Return the version of each package that the figures depend on."""
    found = {name: version(name) for name in PACKAGES}
    for name in OPTIONAL_PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _machine() -> dict[str, Any]:
    cpu = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = re.search(r"model name\s*: (.*)", cpuinfo.read_text("utf-8"))
        cpu = named[1] if named else cpu
    return {"cpu": cpu, "cores": os.cpu_count(), "system": f"{platform.system()} {platform.release()}"}


def _short(value: Any) -> Any:
    match value:
        case float():
            return float(f"{value:.5g}")
        case dict():
            return {key: _short(each) for key, each in value.items()}
        case list():
            return [_short(each) for each in value]
    return value


def _compact(text: str) -> str:
    """Put what holds numbers alone on one line, so that a new run changes few lines."""
    return re.sub(r"[\[{][^\[\]{}]*[\]}]", lambda innermost: re.sub(r"\n *", " ", innermost[0]), text)
