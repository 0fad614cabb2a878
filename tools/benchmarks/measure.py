"""Times calls side by side: rounds in turn, so that whatever disturbs the machine disturbs all alike."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from math import nan
from pathlib import Path
from statistics import median, quantiles
from timeit import Timer
from typing import Any

import click

# whether the run is quick -> users online and users in all, where a few are counted among many
FEW_AMONG_MANY = {False: (2_000, 200_000), True: (20, 2_000)}
RESULTS = Path(__file__).parent / "results.json"
Samples = dict[str, list[float]]  # contender -> one figure for each round
PACKAGES = ("flask", "flask-httpauth", "gunicorn", "psycopg", "pymysql", "redis", "sqlalchemy")


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
        """Return how many times as long one takes as another: the median of the rounds' own ratios."""
        rounds = zip(self.rounds(comparison, contender), self.rounds(comparison, to), strict=True)
        return median(ours / its for ours, its in rounds)

    def part(self, figure: str, name: str) -> float:
        """Return a part of what was counted or weighed; nan if it was not."""
        return self.figures.get(figure, {}).get(name, nan)

    def write(self, path: Path) -> None:
        """Keep the results, with five digits of each figure."""
        text = json.dumps(_short(asdict(self)), indent=1, ensure_ascii=False)
        path.write_text(_compact(text) + "\n", encoding="utf-8")


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

    def compare(
        self,
        comparison: str,
        contenders: Mapping[str, Callable[..., object]],
        *,
        argument: Iterator[Any] | None = None,
    ) -> None:
        """Time calls of all contenders; argument: gives each call what it is called with."""
        timers = {name: _timer(call, argument) for name, call in contenders.items()}
        calls_of_a_round, rounds = dict[str, int](), self.rounds
        for name, timer in timers.items():
            calls_of_a_round[name], seconds = self._calls_of_a_round(timer)
            if seconds > 1:  # so slow a contender would take minutes
                rounds = min(rounds, 5)
        samples: Samples = {name: [] for name in contenders}
        with self.progress(comparison, rounds * len(timers)) as bar:
            for number in range(rounds):
                # every other round goes backwards, so that no contender always comes after the same one
                for name in reversed(timers) if number % 2 else timers:
                    calls = calls_of_a_round[name]
                    samples[name].append(timers[name].timeit(calls) / calls)
                    bar.update(1)
        self.results.seconds[comparison] = samples

    def _calls_of_a_round(self, timer: Timer) -> tuple[int, float]:
        """Try how many calls take as long as a round; return also what the last try took, in seconds.

        The tries warm up what is called.
        """
        calls = 1
        while (seconds := timer.timeit(calls)) < self.round_seconds / 4 and calls < 1_000_000:
            calls *= 4
        return max(1, round(calls * self.round_seconds / seconds)), seconds

    def progress(self, label: str, steps: int) -> Any:
        """Return a bar that a terminal shows; a file gets the label alone."""
        return click.progressbar(length=steps, label=f"{label:44}", show_pos=True)

    def leave_out(self, what: str, reason: object) -> None:
        """Say what is not measured, now and in the results."""
        self.results.left_out.append(f"{what}: {reason}")
        click.echo(f"Left out, {self.results.left_out[-1]}")


def _timer(call: Callable[..., object], argument: Iterator[Any] | None) -> Timer:
    if argument is None:
        return Timer("call()", globals={"call": call})
    return Timer("call(next(argument))", globals={"call": call, "argument": argument})


def new_bench(*, quick: bool) -> Bench:
    """Return a bench for the whole run, or for one that only shows that everything runs."""
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "quick": quick,
        "machine": _machine(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }
    if quick:
        return Bench(Results(about, [100, 1_000, 10_000]), rounds=3, round_seconds=0.002, quick=True)
    return Bench(
        Results(about, [1_000, 10_000, 100_000, 1_000_000]), rounds=9, round_seconds=0.1, quick=False
    )


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
