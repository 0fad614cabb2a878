"""The forms that circulate: every defect is marked where it stands."""

from __future__ import annotations

import re

from tests.helpers.started_steps import ROOT
from tools.break_it.breakage import breakages, without_cure

MARK = re.compile(r"^ *# ((?:auth|database|dict|redis|request)-\d+): \w.{20,}$")
ID = re.compile(r"\b(?:auth|database|dict|redis|request)-\d")


def test_every_defect_is_marked_where_it_stands_in_a_line_of_its_own() -> None:
    lines = [
        line for path in (ROOT / "article").glob("[!_]*.py") for line in path.read_text("utf-8").splitlines()
    ]
    marks = {mark[1] for line in lines if (mark := MARK.match(line))}
    assert marks == breakages().keys() | set(without_cure())
    assert [line for line in lines if ID.search(line) and not MARK.match(line)] == []
