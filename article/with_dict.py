"""The article's first way, written anew as it is: a dict in memory says when each user was last seen.

It is from "Flask 统计在线人数" (2020) by keinYe, the clearest short text on the subject. We thank its
author. The slips that only an excerpt or a reprint has are not his. Do not use this: step 1 has the cures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class ArticleDict:
    """The article's module, as a class so that each test has a dict and a clock of its own."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        # dict-3: no user is ever removed, so it grows with everyone who ever came
        # dict-7: each process has a dict of its own, so two workers give two answers
        # dict-8: it ends with its process, so a restart forgets everyone
        self.seen: dict[Any, int] = {}

    # dict-1: the callbacks call mark_online, so this name gives them a NameError
    def make_inline(self, user: Any) -> None:
        """Remember that the user was seen now."""
        # dict-5: int() drops the fraction, so a user leaves up to a second early
        # dict-6: somebody can set this clock back an hour, and then everyone stays an hour longer
        self.seen[user.id] = int(self.clock())

    def get_online(self) -> int:
        """Count by looking at everyone who ever came."""
        since = int(self.clock()) - 5 * 60
        # dict-2: this print was forgotten, so every count writes to the server's output
        print(since)
        online = 0
        # dict-4: another thread may add a user during this loop, which then ends with a RuntimeError
        for last_seen in self.seen.values():
            if last_seen > since:
                online += 1
        return online
