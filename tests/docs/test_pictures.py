"""The lessons' pictures are drawn anew, and are as their files are; a telephone shows all that is in them."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element, fromstring

import pytest
import sqlalchemy as sa

from common.presence import CircuitBreaker
from step1_dict.tracker import DictTracker
from step2_database.tracker import DatabaseTracker
from step3_redis.tracker import RedisTracker
from tools.documents import pictures
from tools.documents.markdown import documents

SVG = "{http://www.w3.org/2000/svg}"


def named(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", pictures.FILES, ids=named)
def test_a_picture_is_what_its_replay_draws(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == pictures.FILES[path]().svg(), "run make docs"


def test_each_file_is_drawn_and_shown_in_its_language() -> None:
    assert set(pictures.PICTURES.iterdir()) == pictures.FILES.keys()
    shown = {
        (each.path.parent / file).resolve()
        for each in documents("en") + documents("zh")
        for part in each.parts
        for file in part.pictures
    }
    assert shown >= pictures.FILES.keys()


FOUR_MINUTES = timedelta(minutes=4)


@pytest.mark.parametrize(
    ("draw", "name", "instead"),
    [
        (pictures.window, "DictTracker", partial(DictTracker, FOUR_MINUTES)),
        (pictures.order, "DictTracker", partial(DictTracker, FOUR_MINUTES)),
        (pictures.days, "DatabaseTracker", partial(DatabaseTracker, window=timedelta(hours=5))),
        (pictures.zones, "UtcDateTime", sa.DateTime),
        (pictures.resolution, "DatabaseTracker", partial(DatabaseTracker, window=FOUR_MINUTES)),
        (pictures.buckets, "RedisTracker", partial(RedisTracker, window=FOUR_MINUTES)),
        (pictures.fast_host, "RedisTracker", partial(RedisTracker, window=FOUR_MINUTES)),
        (pictures.breaker, "CircuitBreaker", partial(CircuitBreaker, rest_seconds=3)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_counts_otherwise_is_drawn_otherwise(
    draw: pictures.Draw, name: str, instead: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_is = (pictures.PICTURES / f"{draw.__name__}.svg").read_text(encoding="utf-8")
    monkeypatch.setattr(pictures, name, instead)
    assert draw("en").svg() != as_it_is


def width_of(text: Element) -> float:
    """Guess how wide a text is, rather too wide: a Chinese character is as wide as the letters are high."""
    wide = sum(1 if east_asian_width(letter) in "WF" else 0.58 for letter in text.text or "")
    return wide * (12 if re.search("small|code", text.get("class", "")) else 13)


@pytest.mark.parametrize("path", pictures.FILES, ids=named)
def test_nothing_is_cut_off_and_no_colour_is_without_its_dark_twin(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    picture = fromstring(source)
    _, _, width, height = map(float, picture.get("viewBox", "").split())
    assert width == 360
    for text in picture.iter(f"{SVG}text"):
        looks = text.get("class", "").split()
        share = 1 if "end" in looks else 0.5 if "middle" in looks else 0
        left = float(text.get("x", "nan")) - share * width_of(text)
        assert left >= 0, text.text
        assert left + width_of(text) <= width, text.text
        assert 12 <= float(text.get("y", "nan")) <= height, text.text
    light, dark = re.findall(r"svg \{(.*?)\}", pictures.STYLE, re.DOTALL)
    names = re.findall(r"--(\w+):", light)
    assert names == re.findall(r"--(\w+):", dark)
    assert set(re.findall(r"var\(--(\w+)\)", source)) <= set(names)
