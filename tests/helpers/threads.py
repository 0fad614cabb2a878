"""Threads that cannot keep a run of the tests from ending."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

MUST_END_WITHIN = 30  # seconds


def start_thread(work: Callable[[], object]) -> Thread:
    """Start a thread that dies with the process, so that one which hangs holds nothing up."""
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def join(*threads: Thread) -> None:
    """Wait until the threads have ended; fail if one takes too long."""
    for thread in threads:
        thread.join(MUST_END_WITHIN)
        assert not thread.is_alive(), f"a thread is still running after {MUST_END_WITHIN} seconds"


def run_at_once(*works: Callable[[], object]) -> None:
    """Do all of it at the same time, each in a thread of its own, and wait for the end."""
    start = Barrier(len(works))

    def at_the_start(work: Callable[[], object]) -> None:
        start.wait(MUST_END_WITHIN)
        work()

    join(*[start_thread(lambda work=work: at_the_start(work)) for work in works])  # type: ignore[misc]
