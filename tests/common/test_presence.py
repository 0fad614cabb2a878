"""record() is best effort, and a count is honest while marks fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from flask import Flask

from common.presence import Presence, PresenceUnknown, answering_tracker, record
from tests.common.conftest import NotingTracker, StoreDown
from tests.contracts.tracker import ALICE, BOB
from tests.helpers.clock import FakeClock
from tests.helpers.threads import join, start_thread


@pytest.fixture
def monotonic() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tracker() -> NotingTracker:
    return NotingTracker()


@pytest.fixture
def presence(app: Flask, tracker: NotingTracker, monotonic: FakeClock) -> Iterator[Presence]:
    app.extensions["presence"] = Presence(tracker, rest_seconds=5, monotonic=monotonic)
    with app.app_context():
        yield app.extensions["presence"]


def count() -> int:
    with answering_tracker() as tracker:
        return tracker.get_online()


def request(app: Flask) -> None:
    """Mark alice, in a thread of her own."""
    with app.app_context():
        record(ALICE)


def test_a_mark_reaches_the_tracker_and_is_counted(presence: Presence, tracker: NotingTracker) -> None:
    record(ALICE)
    assert tracker.marked == [ALICE.id]
    assert count() == 1


def test_a_failing_store_costs_one_warning_an_outage_and_never_the_request(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    tracker.marks_fail = True
    for _ in range(10):
        record(ALICE)
        monotonic.advance(seconds=2)
    assert [entry.levelno for entry in caplog.records] == [logging.WARNING]
    assert "connection refused" in caplog.text

    tracker.marks_fail = False
    monotonic.advance(seconds=5)
    record(ALICE)
    tracker.marks_fail = True
    record(ALICE)
    assert len([entry for entry in caplog.records if entry.levelno == logging.WARNING]) == 2


def test_a_read_that_failed_long_ago_keeps_no_outage_quiet(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    tracker.reads_fail = True
    with pytest.raises(PresenceUnknown):
        count()
    monotonic.advance(seconds=64)
    tracker.marks_fail = True
    record(ALICE)
    assert len(caplog.records) == 1  # the same outage, of which somebody asks every minute
    tracker.reads_fail = tracker.marks_fail = False
    monotonic.advance(days=1)
    record(ALICE)  # and nobody asks for the count
    tracker.marks_fail = True
    record(ALICE)
    assert len(caplog.records) == 2


def test_a_failing_store_is_left_alone_and_then_tried_again(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    tracker.marks_fail = True
    record(ALICE)
    monotonic.advance(seconds=4.999)
    record(ALICE)
    assert tracker.attempts == 1
    monotonic.advance(seconds=0.001)
    tracker.marks_fail = False
    record(ALICE)
    record(BOB)
    assert tracker.marked == [ALICE.id, BOB.id]


def test_a_failing_store_is_tried_again_by_one_request_only_however_long_that_takes(
    app: Flask, presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    tracker.marks_fail = True
    record(ALICE)
    monotonic.advance(seconds=5)
    tracker.entered.clear()
    tracker.hangs.clear()

    first = start_thread(lambda: request(app))
    assert tracker.entered.wait(10)
    monotonic.advance(seconds=60)
    join(*[start_thread(lambda: request(app)) for _ in range(19)])  # while the first still hangs
    tracker.hangs.set()
    join(first)
    assert tracker.attempts == 2


def test_many_requests_that_fail_at_once_log_one_warning(
    app: Flask, presence: Presence, tracker: NotingTracker, caplog: pytest.LogCaptureFixture
) -> None:
    tracker.marks_fail = True
    tracker.hangs.clear()

    threads = [start_thread(lambda: request(app)) for _ in range(20)]
    tracker.hangs.set()
    join(*threads)
    assert len(caplog.records) == 1


def test_the_count_is_unknown_while_marks_fail_although_reads_succeed(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    record(ALICE)
    tracker.marks_fail = True
    record(BOB)
    monotonic.advance(seconds=60)
    with pytest.raises(PresenceUnknown):
        count()


def test_the_count_returns_with_the_first_mark_that_succeeds(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    tracker.marks_fail = True
    record(ALICE)
    tracker.marks_fail = False
    monotonic.advance(seconds=5)
    record(ALICE)
    assert count() == 1


def test_the_count_stays_unknown_until_a_mark_succeeds_however_long_that_takes(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    tracker.marks_fail = True
    record(ALICE)
    monotonic.advance(days=1)
    with pytest.raises(PresenceUnknown):
        count()


def test_a_failing_read_costs_no_mark_and_no_second_warning(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    tracker.reads_fail = True
    for _ in range(30):
        with pytest.raises(PresenceUnknown):
            count()
        record(ALICE)
        monotonic.advance(seconds=1)
    assert len(tracker.marked) == 30
    assert len(caplog.records) == 1
    tracker.marks_fail = True
    record(ALICE)
    assert len(caplog.records) == 1


def test_a_failing_read_is_an_outage_too_and_ends_with_a_read_that_succeeds(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    record(ALICE)
    tracker.reads_fail = True
    for _ in range(3):
        with pytest.raises(PresenceUnknown):
            count()
    assert tracker.attempts == 2
    assert len(caplog.records) == 1
    tracker.reads_fail = False
    monotonic.advance(seconds=5)
    assert count() == 1


def test_a_mistake_in_the_tracker_is_not_taken_for_an_outage(
    presence: Presence, tracker: NotingTracker
) -> None:
    tracker.outages = ()
    tracker.marks_fail = True
    with pytest.raises(StoreDown):
        record(ALICE)
