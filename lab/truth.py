"""What is true in a story, what each cured form promises in it, and why a form is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lab.forms import Form
from lab.story import SECOND, Story

MINUTE = 60 * SECOND
FIVE_MINUTES = 5 * MINUTE
# For these a user can only leave too early, and for those only too late; for all others, either.
ONLY_EARLY = {"lost-mark", "resolution", "redis-3", "dict-5", "database-10", "request-3", "auth-1"}
ONLY_LATE = {"database-1", "database-2", "request-4"}


def truth(story: Story, at: int) -> int:
    """Count the users who have sent a request within the window, whatever anybody remembers of it."""
    return sum(is_online(story, user, at) for user in story.users)


def is_online(story: Story, user: str, at: int) -> bool:
    """Whether a user's last request is younger than the window: exactly a window later, the user has left."""
    last = last_request(story, user, at)
    return last is not None and at - last < story.window


def last_request(story: Story, user: str, at: int, process: int | None = None) -> int | None:
    """Return when a user sent the last request until then; of one process, if it is named."""
    times = [
        request.at
        for request in story.requests
        if request.user == user and request.at <= at and process in (None, request.process)
    ]
    return times[-1] if times else None


class Promise(NamedTuple):
    """Between which counts a cured form may answer, and which of its limits make it more than one."""

    lowest: int
    highest: int
    limits: list[str]


def promise(story: Story, form: type[Form], at: int, process: int) -> Promise:
    """Return what a cured form promises: the truth, within the limits that its lesson tells."""
    if not form.is_shared:  # a dict knows what its own process has seen, and of that, all
        lasts = [last_request(story, user, at, process) for user in story.users]
        own = sum(last is not None and at - last < story.window for last in lasts)
        return Promise(own, own, ["dict-7"])
    lowest, highest, limits = 0, 0, set[str]()
    for user in story.users:
        doubts = set(doubts_about(story, user, at, _resolution(form, story)))
        online = is_online(story, user, at)
        lowest += online and not doubts
        highest += online or bool(doubts)
        limits |= doubts
    return Promise(lowest, highest, sorted(limits))


def doubts_about(story: Story, user: str, at: int, resolution: int) -> Iterator[str]:
    """Yield the limits for which a shared store may be wrong about a user then."""
    last = last_request(story, user, at)
    if last is None:
        return
    online, age = at - last < story.window, at - last
    if online and story.down and last in story.down:
        yield "lost-mark"
    if online and age + resolution + story.apart >= story.window:
        if resolution:
            yield "resolution"
        if story.apart:
            yield "hosts-apart"
    if not online and age - story.apart < story.window:
        yield "hosts-apart"
    moved = story.clock_set
    first = next(request.at for request in story.requests if request.user == user)
    if moved and first < moved.at <= at < moved.at + abs(moved.by) + story.window + story.apart + resolution:
        if moved.by < 0 and not online:
            yield "clock-set"  # the clock shows again a time at which this user was there
        if moved.by > 0 and online and last < moved.at:
            yield "clock-set"


def _resolution(form: type[Form], story: Story) -> int:
    return story.resolution if form.id == "column-resolution" else 0


def defects(story: Story, form: type[Form], at: int, process: int) -> list[str]:
    """Return why a form of article/ may be wrong then: ids of defects, and of what no form bears."""
    found: list[str] = []
    for user in story.users:
        found += _DEFECTS[form.id](story, user, at, process)
        known = _NAMED[form.id]
        found += [known[doubt] for doubt in doubts_about(story, user, at, 0) if doubt in known]
    return list(dict.fromkeys(found))


# What is a limit of a cured form is a defect, with an id of its own, in a form that does nothing against it.
_NAMED = {
    "article-dict": {},
    "article-column": {"lost-mark": "database-10"},
    "before-request": {"lost-mark": "request-3", "clock-set": "clock-set", "hosts-apart": "hosts-apart"},
    "article-redis": {"lost-mark": "auth-1", "clock-set": "clock-set", "hosts-apart": "hosts-apart"},
}


def _of_dict(story: Story, user: str, at: int, process: int) -> Iterator[str]:
    own = last_request(story, user, at, process)
    if is_online(story, user, at) != (own is not None and at - own < story.window):
        yield "dict-7"
    if own is not None:
        yield from _of_fixed_window(story, at - own)
        if _dated_by_another_clock(story, user, at, process):
            yield "dict-6"
        if FIVE_MINUTES - SECOND < at - own < FIVE_MINUTES:
            yield "dict-5"


def _of_column(story: Story, user: str, at: int, _: int) -> Iterator[str]:
    if not is_online(story, user, at):
        if last_request(story, user, at) is not None:
            yield "database-1"
        elif dict(story.created).get(user, at + 1) <= at:
            yield "database-2"


def _of_before_request(story: Story, user: str, at: int, _: int) -> Iterator[str]:
    created = dict(story.created).get(user, at + 1)
    if created <= at and last_request(story, user, at) is None:
        yield "request-4"


def _of_redis(story: Story, user: str, at: int, _: int) -> Iterator[str]:
    last = last_request(story, user, at)
    if last is None:
        return
    age, moved = at - last, story.clock_set
    yield from _of_fixed_window(story, age)
    seen, now = (when + (moved.by if moved and when >= moved.at else 0) for when in (last, at))
    if is_online(story, user, at) and now >= seen // MINUTE * MINUTE + FIVE_MINUTES - story.apart:
        yield "redis-3"
    if age < story.apart:
        yield "hosts-apart"  # the other host has marked a minute that has not begun here
    if _dated_by_another_clock(story, user, at):
        yield "clock-set"  # a set of the time before is read too early, too late, or twice


def _dated_by_another_clock(story: Story, user: str, at: int, process: int | None = None) -> bool:
    """Whether a request from before the clock was set may still count for something, or count again."""
    moved = story.clock_set
    if not moved or not moved.at <= at < moved.at + abs(moved.by) + FIVE_MINUTES + story.apart:
        return False
    return last_request(story, user, moved.at - 1, process) is not None


def _of_fixed_window(story: Story, age: int) -> Iterator[str]:
    shorter, longer = sorted((FIVE_MINUTES, story.window))
    if shorter < longer and shorter - story.apart <= age < longer + story.apart:
        yield "fixed-window"


_DEFECTS = {
    "article-dict": _of_dict,
    "article-column": _of_column,
    "before-request": _of_before_request,
    "article-redis": _of_redis,
}
