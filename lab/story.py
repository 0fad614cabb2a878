"""What the reader makes up: who sends a request when, and what goes wrong meanwhile; checked, and bounded."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

SECOND = 1_000_000  # all times in a story are whole microseconds from its beginning, since these are exact
DAY = 86_400 * SECOND
MOST_REQUESTS = 100
MOST_USERS = 8
LONGEST = 7 * DAY
LONGEST_WINDOW = DAY
WIDEST_APART = 60 * SECOND  # the sorted set bears hosts that are a minute apart, and no more
FURTHEST_SET = 3600 * SECOND
PROCESSES = (1, 2)


class Request(NamedTuple):
    """A user's request, and the process that answers it."""

    at: int
    user: str
    process: int


class ClockSet(NamedTuple):
    """Somebody sets the clock of every machine."""

    at: int
    by: int


class Down(NamedTuple):
    """The store answers nobody: from the first time on, until just before the second."""

    since: int
    until: int

    def __contains__(self, at: object) -> bool:
        return isinstance(at, int) and self.since <= at < self.until


@dataclass(frozen=True)
class Story:
    """Requests in order of time, and the circumstances in which they are counted.

    created: when an account was made, of users whose account is not old.
    resolution: that of the column which has one.
    apart: by how much the clock of process 2 is ahead of the other's.
    """

    requests: tuple[Request, ...]
    until: int
    window: int = 300 * SECOND
    resolution: int = 30 * SECOND
    created: tuple[tuple[str, int], ...] = ()
    apart: int = 0
    clock_set: ClockSet | None = None
    down: Down | None = None

    @property
    def users(self) -> list[str]:
        """Everybody who occurs, in the order of the alphabet; the ids are 1, 2, 3 in that order."""
        return sorted({request.user for request in self.requests} | dict(self.created).keys())

    @property
    def processes(self) -> tuple[int, ...]:
        """Return the processes that answer: one, unless the story speaks of the other."""
        both = self.apart or any(request.process == 2 for request in self.requests)
        return PROCESSES if both else PROCESSES[:1]


def parse_story(body: bytes) -> Story:
    """Read a story from JSON. ValueError: a sentence that says what is wrong with it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or nested too deeply
        raise ValueError("Send the story as JSON.") from None
    fields = _fields(found, "the story", needed=("marks", "until"), more=tuple(_CIRCUMSTANCES))
    until = _time(fields["until"], "until", SECOND, LONGEST)
    window = _time(fields.get("window", 300), "window", SECOND, LONGEST_WINDOW)
    shorter = min(30 * SECOND, window // 10)  # as the settings of step 2 have it
    resolution = _time(fields.get("resolution", shorter / SECOND), "resolution", 0, window - 1)
    story = Story(
        requests=tuple(sorted(_request(mark, until) for mark in _list(fields["marks"], "marks"))),
        until=until,
        window=window,
        resolution=resolution,
        created=tuple(sorted(_created(each, until) for each in _list(fields.get("created", []), "created"))),
        apart=_time(fields.get("apart", 0), "apart", 0, WIDEST_APART),
        clock_set=_clock_set(fields.get("set"), until),
        down=_down(fields.get("down"), until),
    )
    if len(story.users) > MOST_USERS:
        raise ValueError(f"There are {len(story.users)} users: send at most {MOST_USERS}.")
    created = dict(story.created)
    if len(created) < len(story.created):
        raise ValueError("A user is created twice: once is enough.")
    if story.down and any(at in story.down for at in created.values()):
        raise ValueError("An account is created while the store is down: create it earlier or later.")
    for request in story.requests:
        if request.at < created.get(request.user, 0):
            raise ValueError(f"{request.user} sends a request before the account is created.")
    return story


_CIRCUMSTANCES = ("window", "resolution", "created", "apart", "set", "down")


def _fields(
    found: Any, what: str, needed: tuple[str, ...] = (), more: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ValueError(f"Send {what} as an object in braces.")
    if missing := [name for name in needed if name not in found]:
        raise ValueError(f"{what.capitalize()} lacks {missing[0]!r}.")
    if unknown := sorted(found.keys() - {*needed, *more}):
        known = ", ".join([*needed, *more])
        raise ValueError(f"{what.capitalize()} has {unknown[0]!r}: only these are known: {known}.")
    return found


def _list(found: Any, what: str) -> list[Any]:
    if not isinstance(found, list) or len(found) > MOST_REQUESTS:
        raise ValueError(f"Send {what!r} as a list of at most {MOST_REQUESTS}.")
    return found


def _time(found: Any, what: str, least: int, most: int) -> int:
    """Return microseconds; the number is in seconds."""
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    if not is_number or not least <= found * SECOND <= most:  # not a number (NaN) is in no range
        lowest, highest = least / SECOND, most / SECOND
        raise ValueError(f"Send {what!r} as a number of seconds from {lowest:.15g} to {highest:.15g}.")
    microseconds: int = round(found * SECOND)
    return min(most, max(least, microseconds))


def _user(found: Any) -> str:
    if not isinstance(found, str) or not re.fullmatch(r"\w{1,20}", found):
        raise ValueError("Send 'user' as a name of 1 to 20 letters or digits.")
    return found


def _request(found: Any, until: int) -> Request:
    fields = _fields(found, "a mark", needed=("user", "at"), more=("process",))
    process = fields.get("process", 1)
    if isinstance(process, bool) or process not in PROCESSES:
        raise ValueError("Send 'process' as 1 or 2.")
    return Request(_time(fields["at"], "at", 0, until), _user(fields["user"]), int(process))


def _created(found: Any, until: int) -> tuple[str, int]:
    fields = _fields(found, "an account", needed=("user", "at"))
    return _user(fields["user"]), _time(fields["at"], "at", 0, until)


def _clock_set(found: Any, until: int) -> ClockSet | None:
    if found is None:
        return None
    fields = _fields(found, "set", needed=("at", "by"))
    return ClockSet(
        _time(fields["at"], "at", 0, until), _time(fields["by"], "by", -FURTHEST_SET, FURTHEST_SET)
    )


def _down(found: Any, until: int) -> Down | None:
    if found is None:
        return None
    fields = _fields(found, "down", needed=("since", "until"))
    since = _time(fields["since"], "since", 0, until)
    return Down(since, _time(fields["until"], "until", since, until))
