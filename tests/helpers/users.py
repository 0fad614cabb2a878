"""Users as far as a tracker is concerned: an id, and nothing else."""

from __future__ import annotations

from typing import NamedTuple


class Someone(NamedTuple):
    """A user with that id."""

    id: int


ALICE, BOB, CAROL = Someone(1), Someone(2), Someone(3)
