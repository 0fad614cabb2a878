"""The article's way with a dict, retold with its defects, for the tests and the measurements.

Not for use: every function here is wrong in a way that a test beside it names.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class ArticleDict:
    """The article's module, as a class so that each test has a dict and a clock of its own."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.seen: dict[Any, int] = {}  # dict-3: nothing ever leaves it

    def make_inline(self, user: Any) -> None:
        """Remember the user; dict-1: the callbacks call mark_online."""
        self.seen[user.id] = int(self.clock())  # dict-5: whole seconds; dict-6: a clock that can be set

    def get_online(self) -> int:
        """Count by looking at everyone who ever came."""
        since = int(self.clock()) - 5 * 60
        print(since)  # dict-2
        online = 0
        for last_seen in self.seen.values():  # dict-4: another thread may write meanwhile
            if last_seen > since:
                online += 1
        return online
