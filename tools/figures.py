"""How the documents' tables are written: words in two languages, and figures in the form that suits each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from math import isnan
from typing import Any

Words = tuple[str, str]  # in English, in Chinese
Cell = Sequence[str]  # either words, or a str that is the same in both languages, such as a name or a figure
Table = Sequence[
    Sequence[Cell]
]  # the first row is the heading, and the first cell of each other row is its name
SMALL_SHARE = 0.01  # of a request: two measurements of the same one differ by as much


def written(table: Table, language: str) -> list[list[str]]:
    """Write a table in one language, without the rows and then the columns of which no figure is known."""

    def is_known(cells: Iterable[Cell]) -> bool:
        figures = [cell for cell in cells if isinstance(cell, str) and cell]
        return not figures or any(not figure.startswith("?") for figure in figures)

    heading, *rows = table
    rows = [row for row in rows if is_known(row[1:])]
    places = [place for place in range(len(heading)) if is_known(row[place] for row in rows)]
    return [[say(row[place], language) for place in places] for row in [heading, *rows]]


def grid(columns: Mapping[Any, Cell], rows: Mapping[Any, Cell], cell: Callable[[Any, Any], str]) -> Table:
    """Return a table in which each cell is made from the keys of its column and its row."""
    body = ([name, *(cell(column, row) for column in columns)] for row, name in rows.items())
    return [["", *columns.values()], *body]


def say(cell: Cell, language: str) -> str:
    """Choose the words of one language."""
    if isinstance(cell, str):
        return cell
    english, chinese = cell
    return chinese if language == "zh" else english


def fill(words: Words, *parts: Cell) -> Words:
    """Put other words or figures into words, one for each {}."""
    english, chinese = ([say(part, language) for part in parts] for language in ("en", "zh"))
    return words[0].format(*english), words[1].format(*chinese)


def number(count: float) -> Words:
    """Write how many there are; Chinese counts many in ten thousands (万) or hundred millions (亿)."""
    for size, name in ((100_000_000, "亿"), (10_000, "万")):
        if count >= size:
            return f"{count:,.0f}", f"{count // size:g} {name}"
    return f"{count:,.0f}", f"{count:g} 个"


def users(count: float) -> Words:
    """Write how many users there are."""
    return fill(("{} users", "{}用户"), number(count))


def digits(figure: float, count: int = 2) -> str:
    """Write a figure with the digits that mean something, such as 0.51, 46, 1,200; "?" if it is not known."""
    return "?" if isnan(figure) else f"{float(f'{figure:.{count}g}'):,.10g}"


def percent(share: float) -> str:
    """Write a share as per cent."""
    return f"{digits(100 * share)}%"


def small_share(share: float) -> str:
    """Write a share as per cent, and as less than 1% where two measurements of the same differ by more."""
    return f"< {percent(SMALL_SHARE)}" if share < SMALL_SHARE else percent(share)


def in_units(figure: float, *bounds: float, units: Mapping[str, float]) -> str:
    """Write a figure in the first unit that it fills once it is rounded, and any bounds of it in brackets."""
    unit = next((unit for unit, size in units.items() if figure >= 0.995 * size), [*units][-1])
    main, *between = (digits(each / units[unit]) for each in (figure, *bounds))
    return f"{main}{unit}" + (f" ({'–'.join(between)})" if between else "")


three_digits = partial(digits, count=3)
time = partial(in_units, units={" s": 1, " ms": 1e-3, " µs": 1e-6})
room = partial(in_units, units={" GB": 1e9, " MB": 1e6})
