"""Each form of article/ beside its cures: what stands in the form, and the lines of ours that mend it."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
LESSONS = ("step1_dict", "step2_database", "step3_redis")
# What a page is about -> the form, and the lesson that explains it.
PAIRS = {
    "dict": ("article/with_dict.py", "step1_dict"),
    "column": ("article/with_column.py", "step2_database"),
    "before-request": ("article/with_before_request.py", "step2_database"),
    "redis": ("article/with_redis.py", "step3_redis"),
    "auth": ("article/auth_callbacks.py", "step1_dict"),
}
MARK = re.compile(r"^ *# ([a-z]+-\d+): ")
AROUND = 2  # lines that are shown before and after those that mend something


class Line(NamedTuple):
    """A line of a file."""

    number: int
    text: str
    matters: bool  # it is a mark, or it mends something


class Cure(NamedTuple):
    """What mends a defect: lines of a file, or none where nothing mends it."""

    id: str
    file: str
    lines: list[Line]


class Row(NamedTuple):
    """Lines of a form up to the next mark, and beside them what mends those that are marked."""

    lines: list[Line]
    cures: list[Cure]


@cache
def defects() -> dict[str, Any]:
    """Return each defect that has a cure; tools/break_it/defects.toml explains the fields."""
    text = (ROOT / "tools/break_it/defects.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)["breakages"]
    return found


def side_by_side(form: str) -> list[Row]:
    """Return a form of article/ in rows, each beside what mends it."""
    rows = [Row([], [])]
    for number, text in enumerate((ROOT / form).read_text(encoding="utf-8").splitlines(), 1):
        mark = MARK.match(text)
        if mark and not (rows[-1].lines and rows[-1].lines[-1].matters):
            rows.append(Row([], []))
        rows[-1].lines.append(Line(number, text, bool(mark)))
        if mark:
            rows[-1].cures.append(cure(mark[1]))
    return rows


def cure(defect: str) -> Cure:
    """Return what mends a defect: the lines that tools.break_it would take out."""
    if defect not in defects():
        return Cure(defect, "", [])
    file, find = defects()[defect]["file"], defects()[defect]["find"]
    text = (ROOT / file).read_text(encoding="utf-8")
    first = text.count("\n", 0, text.index(find)) + 1
    last = first + find.rstrip("\n").count("\n")
    shown = list(enumerate(text.splitlines(), 1))[max(0, first - 1 - AROUND) : last + AROUND]
    return Cure(defect, file, [Line(number, line, first <= number <= last) for number, line in shown])
