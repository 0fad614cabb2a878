"""record() is best effort, and a count is honest while marks fail."""

from __future__ import annotations

import logging
import re
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from threading import Event
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, render_template_string
from flask_login import AnonymousUserMixin
from jinja2 import DictLoader

from common import presence as extension
from common.presence import (
    CircuitBreaker,
    Presence,
    PresenceUnknown,
    get_online,
    last_seen,
    mark_offline,
    online_count,
    online_users,
    record,
)
from tests.common.conftest import NotingTracker, StoreBusy, StoreDown
from tests.helpers.apps import own_retry_clock
from tests.helpers.clock import FakeClock
from tests.helpers.threads import MUST_END_WITHIN, join, start_thread
from tests.helpers.users import ALICE, BOB

Ending = type[Exception] | None  # of a call of the store; None: it succeeds
TWO_ENDINGS: list[tuple[Ending, ...]] = list(product((None, StoreDown, StoreBusy, TypeError), repeat=2))


@pytest.fixture
def monotonic() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tracker() -> NotingTracker:
    return NotingTracker()


@pytest.fixture
def presence(app: Flask, tracker: NotingTracker, monotonic: FakeClock) -> Iterator[Presence]:
    app.extensions["presence"] = Presence(tracker, monotonic=monotonic)
    with app.app_context():
        yield app.extensions["presence"]


def request(app: Flask) -> None:
    """Mark alice, in a thread of her own."""
    with app.app_context():
        record(ALICE)


def test_a_mark_reaches_the_tracker_and_is_counted(presence: Presence, tracker: NotingTracker) -> None:
    record(ALICE)
    assert tracker.marked == [ALICE.id]
    assert get_online() == 1


def test_a_list_of_users_has_a_hundred_unless_another_limit_is_given(presence: Presence) -> None:
    for user_id in range(1, 103):
        record(user_id)
    for listed in (online_users, presence.online_users):
        assert [user_id for user_id, _ in listed()] == [*range(102, 2, -1)]
        assert [user_id for user_id, _ in listed(limit=2)] == [102, 101]


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


def test_reads_and_marks_that_fail_are_told_once_each(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    for failing in ("reads_fail", "marks_fail"):
        setattr(tracker, failing, True)
        for _ in range(10):
            record(ALICE)
            monotonic.advance(seconds=5)
            with pytest.raises(PresenceUnknown):
                get_online()
            monotonic.advance(seconds=5)
    assert [entry.getMessage().split(", the presence store fails: ") for entry in caplog.records] == [
        ["Who is online is unknown", "StoreDown('connection refused')"],
        ["Users are not marked", "StoreDown('connection refused')"],
    ]


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


def test_while_marks_fail_no_last_seen_keeps_a_tracker_from_writing(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step 2 skips a write for somebody seen lately, and a skipped one does not show that the store works."""
    given: list[dict[str, Any]] = []

    def mark_online(user: Any) -> None:
        given.append(vars(user))
        raise StoreDown

    monkeypatch.setattr(tracker, "mark_online", mark_online)
    for _ in range(2):
        record(SimpleNamespace(id=7, last_seen="lately"))
        monotonic.advance(seconds=5)
    with pytest.raises(PresenceUnknown):
        get_online()  # which tries the mark itself
    assert given == [{"id": 7, "last_seen": "lately"}, {"id": 7}, {"id": 7}]


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
    for _ in range(3):
        record(BOB)
        for read in (get_online, online_users, lambda: last_seen(ALICE)):
            with pytest.raises(PresenceUnknown):
                read()
        monotonic.advance(seconds=5)


def test_a_count_between_the_outage_and_the_note_of_who_was_not_marked_is_unknown_too(
    tracker: NotingTracker,
) -> None:
    refused: list[Exception] = []

    class CountsMeanwhile(logging.Logger):
        """Counts when it is told of the outage, as another thread may."""

        def warning(self, *_: Any, **__: Any) -> None:
            with pytest.raises(PresenceUnknown) as unknown:
                own.get_online()
            refused.append(unknown.value)

    own = Presence(tracker, monotonic=FakeClock(), logger=CountsMeanwhile("any"))
    tracker.marks_fail = True
    own.record(ALICE)
    assert (len(refused), tracker.attempts) == (1, 1)


def test_a_count_tries_the_mark_that_failed_once_the_rest_is_over(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    record(ALICE)
    tracker.marks_fail = True
    record(BOB)
    monotonic.advance(seconds=5)
    with pytest.raises(PresenceUnknown):  # marks still fail: the number would only sink
        get_online()
    tracker.marks_fail = False
    monotonic.advance(seconds=4.999)
    with pytest.raises(PresenceUnknown):
        get_online()
    monotonic.advance(seconds=0.001)
    assert get_online() == 2  # a worker that is only asked for counts finds out, too, and bob is there
    assert tracker.marked == [ALICE.id, BOB.id]


def test_no_count_is_answered_while_marks_fail_however_rare_they_are(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    tracker.marks_fail = True
    for second in range(600):
        if second % 20 == 0:
            record(ALICE)
        monotonic.advance(seconds=1)
        with pytest.raises(PresenceUnknown):
            get_online()
    assert len(caplog.records) == 1


def test_whoever_could_not_be_marked_a_window_ago_has_left_and_hides_no_count(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    tracker.marks_fail = True
    record(ALICE)
    tracker.marks_fail = False
    monotonic.advance(minutes=5, microseconds=-1)
    tracker.reads_fail = True  # a read is not even tried, but the mark is
    with pytest.raises(PresenceUnknown):
        get_online()
    assert tracker.marked == [ALICE.id]

    tracker.marked.clear()
    tracker.marks_fail, tracker.reads_fail = True, False
    record(ALICE)
    tracker.marks_fail = False
    monotonic.advance(minutes=5)
    assert get_online() == 0
    assert tracker.marked == []  # nobody who has left is marked


def test_a_count_waits_for_nobody_who_is_trying_the_store_and_is_known_once_that_has_succeeded(
    app: Flask, presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    tracker.marks_fail = True
    record(BOB)
    monotonic.advance(seconds=5)
    tracker.entered.clear()
    tracker.hangs.clear()
    trying = start_thread(lambda: request(app))
    assert tracker.entered.wait(10)
    monotonic.advance(seconds=60)
    with pytest.raises(PresenceUnknown):
        get_online()
    assert tracker.attempts == 2  # bob's and alice's: the count has not called the store
    tracker.marks_fail = False
    tracker.hangs.set()
    join(trying)
    assert get_online() == 1


def test_a_failing_read_costs_no_mark_and_no_second_warning(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    tracker.reads_fail = True
    for _ in range(30):
        with pytest.raises(PresenceUnknown):
            get_online()
        record(ALICE)
        monotonic.advance(seconds=1)
    assert len(tracker.marked) == 30
    assert len(caplog.records) == 1


def test_a_failing_read_is_an_outage_too_and_ends_with_a_read_that_succeeds(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    record(ALICE)
    tracker.reads_fail = True
    for _ in range(3):
        with pytest.raises(PresenceUnknown):
            get_online()
    assert tracker.attempts == 2
    assert len(caplog.records) == 1
    tracker.reads_fail = False
    monotonic.advance(seconds=5)
    assert get_online() == 1


def test_a_mistake_in_the_tracker_is_not_taken_for_an_outage(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker.marks_fail = True
    record(ALICE)
    monotonic.advance(seconds=5)

    def mistaken(_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(tracker, "mark_online", mistaken)
        record(ALICE)
    tracker.marks_fail = False
    record(BOB)  # and the store may be tried again at once
    assert tracker.marked == [BOB.id]


def test_an_overload_refuses_its_own_call_and_no_other(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    record(ALICE)
    for busy in (True, False, True, False):
        tracker.busy = busy
        if busy:
            with pytest.raises(PresenceUnknown):
                get_online()
            record(BOB)
        else:
            assert get_online() == 1
    assert tracker.marked == [ALICE.id]
    assert len(caplog.records) == 2  # one of the counts and one of the marks
    monotonic.advance(seconds=5)
    tracker.busy = True
    record(BOB)
    assert len(caplog.records) == 3


class Begun:
    """A call that has reached the store and hangs there, until the test lets it end in its own way."""

    def __init__(self, pool: ThreadPoolExecutor, breaker: CircuitBreaker, ending: Ending) -> None:
        self.ending = ending
        self._reached, self._may_end = Event(), Event()
        self._called = pool.submit(breaker.call, self._hang)
        assert self._reached.wait(10)

    def _hang(self) -> str:
        self._reached.set()
        assert self._may_end.wait(10)
        if self.ending is not None:
            raise self.ending
        return "an answer"

    def end(self) -> None:
        """Let the call end, and check what its caller gets."""
        self._may_end.set()
        if self.ending is None:
            assert self._called.result(10) == "an answer"
        else:  # a mistake reaches the caller as it is
            expected = TypeError if self.ending is TypeError else PresenceUnknown
            assert type(self._called.exception(10)) is expected


@pytest.mark.parametrize("turned", [False, True], ids=["in turn", "turned"])
@pytest.mark.parametrize(("one", "other"), TWO_ENDINGS)
def test_two_calls_at_once_open_the_circuit_if_one_finds_an_outage_and_a_later_success_closes_it(
    one: Ending, other: Ending, turned: bool
) -> None:
    clock = FakeClock()
    breaker = CircuitBreaker((StoreDown,), (StoreBusy,), lambda error: None, monotonic=clock)
    for _ in range(2):
        with ThreadPoolExecutor(2) as pool:
            calls = [Begun(pool, breaker, ending) for ending in (one, other)]  # neither waits for the other
            for call in reversed(calls) if turned else calls:
                call.end()
        assert breaker.is_resting() == breaker.failing == (StoreDown in (one, other))
        clock.advance(seconds=5)
        assert breaker.call(sorted, [1, 3, 2], reverse=True) == [3, 2, 1]
        assert not breaker.failing


@pytest.mark.parametrize("turned", [False, True], ids=["old first", "old last"])
@pytest.mark.parametrize(("old", "retry"), TWO_ENDINGS)
def test_only_the_call_that_tries_the_store_again_ends_an_outage_whenever_an_older_one_ends(
    old: Ending, retry: Ending, turned: bool
) -> None:
    clock = FakeClock()
    warned: list[Exception] = []
    breaker = CircuitBreaker((StoreDown,), (StoreBusy,), warned.append, monotonic=clock)
    with ThreadPoolExecutor(3) as pool:
        older = Begun(pool, breaker, old)
        Begun(pool, breaker, StoreDown).end()
        clock.advance(seconds=5)
        trying = Begun(pool, breaker, retry)
        if turned:
            trying.end()
        older.end()
        if not turned:
            assert breaker.is_resting()  # however the older call has ended, nobody else tries meanwhile
            trying.end()
    is_a_new_outage = turned and (old, retry) == (StoreDown, None)
    assert breaker.failing == (retry is not None or is_a_new_outage)
    assert breaker.is_resting() == (breaker.failing and StoreDown in (old, retry))
    assert [type(error) for error in warned].count(StoreDown) == 1 + is_a_new_outage
    clock.advance(seconds=5)
    assert breaker.call(lambda: "an answer") == "an answer"
    assert not breaker.failing


def test_an_error_of_the_views_own_is_no_business_of_the_circuit(
    app: Flask, presence: Presence, tracker: NotingTracker
) -> None:
    """Only the calls of the tracker are guarded, and no lines of whoever calls them."""
    with pytest.raises(StoreDown):
        raise_after_counting()
    assert get_online() == 0


def raise_after_counting() -> None:
    get_online()
    raise StoreDown("of the view")


@pytest.fixture
def row() -> Iterator[sqlite3.Row]:
    """A user as raw sqlite3 gives it."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    yield connection.execute("SELECT 7 AS id, 'ann' AS name").fetchone()
    connection.close()


def test_a_user_is_an_object_a_row_a_mapping_or_an_id(
    presence: Presence, tracker: NotingTracker, row: sqlite3.Row
) -> None:
    own = UUID(int=9)
    for user in (SimpleNamespace(id=5, name="eve"), {"id": 6, "name": "fay"}, row, 8, "gil", own, 0):
        record(user)
        assert last_seen(user) is not None
    assert tracker.marked == [5, 6, 7, 8, "gil", own, 0]


@pytest.mark.parametrize(
    "nobody",
    [
        None,
        SimpleNamespace(id=None),
        {"id": None},
        {"name": "ann"},
        AnonymousUserMixin(),
        object(),
        (1, "ann"),
        "",
        True,
        1.5,
    ],
    ids=lambda nobody: type(nobody).__name__,
)
def test_nobody_is_refused_in_a_sentence(presence: Presence, tracker: NotingTracker, nobody: Any) -> None:
    sentence = f"{type(nobody).__name__} is no user: give an object with an id, a row with one, or an id."
    for call in (record, mark_offline, last_seen):
        with pytest.raises(TypeError, match=f"^{re.escape(sentence)}$"):
            call(nobody)
    assert tracker.attempts == 0


def test_who_leaves_is_set_back_in_the_tracker_with_the_tail_that_was_given(
    app: Flask, tracker: NotingTracker
) -> None:
    extension.init_app(app, tracker)
    with app.app_context():
        mark_offline({"id": 7})
        mark_offline(ALICE, timedelta(seconds=10))
    assert tracker.left == [(7, timedelta(0)), (ALICE.id, timedelta(seconds=10))]


def test_leaving_while_the_store_fails_costs_a_warning_and_never_the_request(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    tracker.marks_fail = True
    for _ in range(3):
        presence.mark_offline(ALICE)
    assert tracker.attempts == 1  # the circuit breaker of marks is the one that bounds it
    assert len(caplog.records) == 1
    assert caplog.records[0].message.startswith("Users are not marked, the presence store fails: ")
    tracker.marks_fail = False
    monotonic.advance(seconds=5)
    presence.mark_offline(ALICE)
    assert tracker.left == [(ALICE.id, timedelta(0))]
    assert presence.get_online() == 0  # known again


WORKERS: list[tuple[list[str], dict[str, str], int]] = [
    (["/venv/bin/gunicorn", "-w", "4", "-b", "127.0.0.1:8000", "app:app"], {}, 4),
    (["gunicorn", "-w4", "--threads", "8", "app:app"], {}, 4),
    (["gunicorn", "--workers=3", "app:create_app()"], {}, 3),
    (["/lib/gunicorn/__main__.py", "--workers", "2", "app:app"], {}, 2),
    (["gunicorn", "app:app"], {"WEB_CONCURRENCY": "5"}, 5),
    (["gunicorn", "app:app"], {"GUNICORN_CMD_ARGS": "--bind=:8000 --workers=6"}, 6),
    (["gunicorn", "-w", "1", "app:app"], {"GUNICORN_CMD_ARGS": "-w 6", "WEB_CONCURRENCY": "5"}, 1),
    (["gunicorn", "--threads", "8", "app:app"], {}, 1),
    (["/venv/bin/flask", "run", "-w", "4"], {"WEB_CONCURRENCY": "5"}, 1),
    ([""], {}, 1),  # an interactive Python
]


@pytest.mark.parametrize(("command", "environment", "workers"), WORKERS)
@pytest.mark.parametrize("is_shared", [False, True], ids=["apart", "shared"])
def test_workers_that_would_count_apart_are_told_at_the_start(
    app: Flask,
    tracker: NotingTracker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    command: list[str],
    environment: dict[str, str],
    workers: int,
    is_shared: bool,
) -> None:
    monkeypatch.setattr("sys.argv", command)
    for name in ("WEB_CONCURRENCY", "GUNICORN_CMD_ARGS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tracker, "shared_between_processes", is_shared)
    extension.init_app(app, tracker)
    told = [
        f"This server starts {workers} workers, and each will count its own users only: "
        "start one worker with threads, or take a tracker that all processes share."
    ]
    assert [record.getMessage() for record in caplog.records] == (
        told if workers > 1 and not is_shared else []
    )
    assert {record.levelname for record in caplog.records} <= {"WARNING"}


def test_uwsgi_says_itself_how_many_workers_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(numproc=7))
    assert extension.workers_asked_for() == 7


def test_many_overloads_in_a_row_are_an_outage_and_a_success_between_them_begins_the_count_anew(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    """A store that hangs holds every connection, and then all calls wait for a free one."""
    for _ in range(2):
        tracker.busy = True
        for _ in range(CircuitBreaker.MANY - 1):
            record(ALICE)
        tracker.busy = False
        record(BOB)
    assert tracker.marked == [BOB.id, BOB.id]
    tracker.busy = True
    tracker.attempts = 0
    for _ in range(50):
        record(ALICE)
    assert tracker.attempts == CircuitBreaker.MANY
    monotonic.advance(seconds=5)
    tracker.busy = False
    assert get_online() == 2


def test_a_mark_from_a_thread_of_ones_own_fails_nothing(
    app: Flask, tracker: NotingTracker, caplog: pytest.LogCaptureFixture
) -> None:
    extension.init_app(app, tracker)
    presence: Presence = app.extensions["presence"]
    tracker.marks_fail = True
    join(start_thread(lambda: presence.record(ALICE)))  # without an app context
    assert [entry.name for entry in caplog.records] == [app.logger.name]


def test_a_warning_gives_the_reason_although_the_errors_own_repr_hides_it(
    presence: Presence, tracker: NotingTracker, caplog: pytest.LogCaptureFixture
) -> None:
    class Terse(StoreDown):
        """Shows itself as the errors of redis-py do."""

        def __repr__(self) -> str:
            return "Terse"

    def fail(user: Any) -> None:
        raise Terse("connection refused")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracker, "mark_online", fail)
        record(ALICE)
    assert "the presence store fails: Terse('connection refused')" in caplog.text


def test_the_window_that_is_asked_for_reaches_the_tracker(presence: Presence, tracker: NotingTracker) -> None:
    for window in (None, timedelta(minutes=2)):
        assert (get_online(window), presence.get_online(window)) == (0, 0)
        assert (online_users(window), presence.online_users(window)) == ([], [])
    assert tracker.windows == [None] * 4 + [timedelta(minutes=2)] * 4


def test_a_template_shows_the_number_and_nothing_while_it_is_unknown(
    app: Flask, tracker: NotingTracker
) -> None:
    extension.init_app(app, tracker)
    clock = own_retry_clock(app)
    with app.test_request_context():
        record(ALICE)
        assert online_count() == 1
        assert render_template_string("{{ online_count() }} online") == "1 online"
        app.jinja_loader = DictLoader(
            {"macros.html": "{% macro badge() %}{{ online_count() }}{% endmacro %}"}
        )
        imported = "{% from 'macros.html' import badge %}{{ badge() }}"
        assert render_template_string(imported) == "1"
        tracker.reads_fail = True
        clock.advance(seconds=1)
        assert online_count() is None
        assert render_template_string("{{ online_count() }} online") == " online"


def test_the_count_for_every_page_is_asked_for_once_a_second(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    record(ALICE)
    assert online_count() == 1
    record(BOB)
    monotonic.advance(seconds=0.999)
    assert (online_count(), get_online()) == (1, 2)
    monotonic.advance(seconds=0.001)
    assert online_count() == 2


def test_a_count_that_took_long_is_as_old_as_its_question(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter((7, 8))

    def count_slowly(window: timedelta | None = None) -> int:
        monotonic.advance(seconds=0.7)
        return next(counts)

    monkeypatch.setattr(tracker, "get_online", count_slowly)
    assert online_count() == 7
    monotonic.advance(seconds=0.299)
    assert online_count() == 7
    monotonic.advance(seconds=0.001)  # a second after the question, and 0.3 after the answer
    assert online_count() == 8


@pytest.mark.parametrize("seen_before", [False, True])
def test_of_fifty_threads_one_asks_for_the_count(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock, seen_before: bool
) -> None:
    asked = []
    entered, may_end = Event(), Event()

    def count(window: timedelta | None = None) -> int:
        asked.append(window)
        entered.set()
        assert may_end.wait(MUST_END_WITHIN)
        return 7

    record(ALICE)
    if seen_before:
        assert online_count() == 1
        monotonic.advance(seconds=1)
    tracker.get_online = count  # type: ignore[method-assign]
    answers: list[int | None] = []
    first = start_thread(lambda: answers.append(presence.online_count()))
    assert entered.wait(MUST_END_WITHIN)
    others = [start_thread(lambda: answers.append(presence.online_count())) for _ in range(49)]
    if seen_before:  # nobody waits for a thread that asks: there is a count of a moment ago
        join(*others)
        assert answers == [1] * 49
    may_end.set()
    join(first, *others)
    assert answers == ([1] * 49 + [7] if seen_before else [7] * 50)
    assert len(asked) == 1


def test_while_the_count_for_every_page_takes_long_no_old_one_is_shown(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    record(ALICE)
    assert online_count() == 1
    monotonic.advance(seconds=2)
    record(BOB)
    with presence._kept_count._lock:  # another thread is asking
        waited: list[int | None] = []
        waits = start_thread(lambda: waited.append(presence.online_count()))
        waits.join(0.1)
        assert waited == []
    join(waits)
    assert waited == [2]


def test_the_count_for_every_page_is_unknown_as_soon_as_marks_fail(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    record(ALICE)
    assert online_count() == 1
    tracker.marks_fail = True
    record(BOB)
    assert online_count() is None  # although a count of this second is kept
    tracker.marks_fail = False
    monotonic.advance(seconds=5)
    record(BOB)
    assert online_count() == 2


def test_an_overload_leaves_the_count_for_every_page_unknown_for_a_second(
    presence: Presence, tracker: NotingTracker, monotonic: FakeClock
) -> None:
    record(ALICE)
    tracker.busy = True
    assert online_count() is None
    tracker.busy = False
    assert (online_count(), get_online()) == (None, 1)
    monotonic.advance(seconds=1)
    assert online_count() == 1


def test_an_app_without_presence_says_what_is_missing() -> None:
    with (
        Flask("bare").app_context(),
        pytest.raises(
            RuntimeError,
            match=r"^This app has no presence: call presence\.init_app\(app, tracker\) where it is made\.$",
        ),
    ):
        get_online()
