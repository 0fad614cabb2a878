"""Step 2 with a crowd: how many who ask at once how many are online are refused, and how long they wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from threading import Barrier

from flask import Flask
from sqlalchemy import URL

from common import presence
from step2_database.app import create_app
from step2_database.models import db
from tests.helpers.threads import join, start_thread
from tools.benchmarks.measure import Bench

ASKERS = 50
PAUSE = 0.1  # seconds from one question of an asker to the next, unless the answer takes longer


def ask_each_time() -> bool:
    """Ask the database, and return whether there was an answer."""
    try:
        presence.get_online()
    except presence.PresenceUnknown:
        return False
    return True


def ask_what_is_kept() -> bool:
    """Ask for the count that is kept for a second, and return whether there was an answer."""
    return presence.online_count() is not None


WAYS: dict[str, Callable[[], bool]] = {"asked each time": ask_each_time, "kept": ask_what_is_kept}


def compare_crowds(bench: Bench, backend: str, url: URL, window: timedelta) -> None:
    """Let a crowd ask in both ways, on an app of its own each time; the users of the window are there."""
    seconds = 0.3 if bench.quick else 4.0
    with bench.progress(f"{backend}: a crowd that asks", len(WAYS)) as bar:
        for name, ask in WAYS.items():
            app = create_app({
                "SECRET_KEY": "used by a benchmark alone",
                "SQLALCHEMY_DATABASE_URI": url,
                "ONLINE_MINUTES": window / timedelta(minutes=1),
            })  # fmt: skip
            app.logger.setLevel("ERROR")  # not a warning of the refusals, which are what is measured
            answers = Crowd(app, ask).answers(seconds)
            refused = sum(not answered for _, answered in answers) / len(answers)
            in_order = sorted(duration for duration, _ in answers)
            bench.results.figures[f"{backend} crowd, {name}"] = {
                "refused": refused,
                "p99": in_order[(len(in_order) - 1) * 99 // 100],
                "worst": in_order[-1],
                "questions a second": len(answers) / seconds,
            }
            close(app)
            bar.update(1)


class Crowd:
    """Threads of one worker that all ask an app at once."""

    def __init__(self, app: Flask, ask: Callable[[], bool]) -> None:
        self.app, self.ask = app, ask

    def answers(self, seconds: float) -> list[tuple[float, bool]]:
        """Let all ask for so long; return how long each answer took, and whether it was one."""
        with self.app.app_context():
            self.ask()  # opens the first connection
        found: list[list[tuple[float, bool]]] = []
        together = Barrier(ASKERS)

        def ask_again_and_again(number: int) -> None:
            some: list[tuple[float, bool]] = []
            together.wait()
            began = time.perf_counter()
            due = began + Random(number).uniform(0, PAUSE)  # they do not all ask in the same millisecond
            while due < began + seconds:
                time.sleep(max(0.0, due - time.perf_counter()))
                asked_at = time.perf_counter()
                with self.app.app_context():
                    answered = self.ask()
                some.append((time.perf_counter() - asked_at, answered))
                due = max(due + PAUSE, time.perf_counter())
            found.append(some)

        join(*[start_thread(partial(ask_again_and_again, number)) for number in range(ASKERS)])
        return [each for some in found for each in some]


def close(app: Flask) -> None:
    """Close the connections that the app has opened."""
    tracker = app.extensions["presence"].tracker
    with app.app_context():
        db.engine.dispose()
    for engine in (tracker._writing, tracker._reading):
        engine.dispose()
