"""One test for each defect of the article's first form: it fails there, and ours passes."""

from __future__ import annotations

from threading import Thread

import pytest

from article.with_dict import ArticleDict
from step1_dict.tracker import DictTracker, steady_clock
from tests.helpers.clock import FakeClock
from tests.helpers.users import ALICE, BOB, CAROL, Someone


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def article(clock: FakeClock) -> ArticleDict:
    return ArticleDict(clock)


@pytest.fixture
def ours(clock: FakeClock) -> DictTracker:
    return DictTracker(clock=clock)


def test_dict_1_the_function_has_the_name_that_the_callbacks_call(ours: DictTracker) -> None:
    assert not hasattr(ArticleDict, "mark_online")
    ours.mark_online(ALICE)


def test_dict_2_a_count_prints_nothing(
    article: ArticleDict, ours: DictTracker, capsys: pytest.CaptureFixture[str]
) -> None:
    article.get_online()
    assert capsys.readouterr().out != ""
    ours.get_online()
    assert capsys.readouterr().out == ""


def test_dict_3_whoever_has_left_is_forgotten(
    article: ArticleDict, ours: DictTracker, clock: FakeClock
) -> None:
    for user_id in range(100):
        article.make_inline(Someone(user_id))
        ours.mark_online(Someone(user_id))
    clock.advance(days=1)
    for _ in range(10):
        assert article.get_online() == ours.get_online() == 0
    assert len(article.seen) == 100
    assert len(ours._last_seen) == 0


class SeenWhileBobArrives(int):
    """A last-seen time: the moment a loop compares it, another thread marks bob."""

    arrival: Thread

    def __gt__(self, other: int) -> bool:
        self.arrival.start()
        self.arrival.join()
        return super().__gt__(other)


class IdWhileBobArrives(int):
    """An id with a hash in Python, as a UUID has: a loop asks for it, and another thread marks bob."""

    arrival: Thread | None = None

    def __hash__(self) -> int:
        arrival, self.arrival = self.arrival, None
        if arrival:
            arrival.start()
            arrival.join(timeout=0.1)  # our listing holds bob up until it is done
        return super().__hash__()


def test_dict_4_a_user_who_arrives_during_a_count_does_not_break_it(
    article: ArticleDict, ours: DictTracker, clock: FakeClock
) -> None:
    seen = SeenWhileBobArrives(clock())
    article.seen[ALICE.id] = seen
    seen.arrival = Thread(target=article.make_inline, args=(BOB,))
    with pytest.raises(RuntimeError, match="changed size during iteration"):
        article.get_online()

    alice_id, arrival = IdWhileBobArrives(ALICE.id), Thread(target=ours.mark_online, args=(BOB,))
    ours.mark_online(CAROL)
    ours.mark_online(Someone(alice_id))
    alice_id.arrival = arrival
    assert [user_id for user_id, _ in ours.online_users()] == [ALICE.id, CAROL.id]
    arrival.join()
    assert ours.get_online() == 3


def test_dict_5_the_fraction_of_the_second_counts(
    article: ArticleDict, ours: DictTracker, clock: FakeClock
) -> None:
    clock.now = clock.now.replace(microsecond=900_000)
    article.make_inline(ALICE)
    ours.mark_online(ALICE)
    clock.advance(seconds=299.2)
    assert article.get_online() == 0  # 0.8 seconds too early
    assert ours.get_online() == 1


def test_dict_6_a_clock_set_back_an_hour_keeps_nobody_online_for_longer(article: ArticleDict) -> None:
    wall, monotonic = FakeClock(), FakeClock()
    article.clock = wall
    ours = DictTracker(clock=steady_clock(wall, monotonic))
    article.make_inline(ALICE)
    ours.mark_online(ALICE)

    wall.advance(hours=-1)  # somebody sets the clock
    for clock in (wall, monotonic):
        clock.advance(minutes=6)
    assert article.get_online() == 1  # and alice stays until the wall clock has caught up
    assert ours.get_online() == 0


def test_dict_6_a_clock_set_forward_an_hour_sends_nobody_away(article: ArticleDict) -> None:
    wall, monotonic = FakeClock(), FakeClock()
    article.clock = wall
    ours = DictTracker(clock=steady_clock(wall, monotonic))
    article.make_inline(ALICE)
    ours.mark_online(ALICE)

    wall.advance(hours=1)
    assert article.get_online() == 0
    assert ours.get_online() == 1
