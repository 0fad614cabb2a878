"""How figures and words are written into the documents' tables."""

from __future__ import annotations

from math import nan

import pytest

from tools.figures import (
    Table,
    digits,
    fill,
    grid,
    number,
    percent,
    room,
    small_share,
    three_digits,
    time,
    users,
    written,
)


@pytest.mark.parametrize(
    ("figure", "shown"),
    [(0.5149, "0.51"), (46.4, "46"), (1_249, "1,200"), (0.000234, "0.00023"), (0, "0"), (nan, "?")],
)
def test_a_figure_has_the_two_digits_that_mean_something(figure: float, shown: str) -> None:
    assert digits(figure) == shown


def test_more_digits_and_shares_are_asked_for_by_name() -> None:
    assert [three_digits(1_234.5), three_digits(0.98765), three_digits(nan)] == ["1,230", "0.988", "?"]
    assert [percent(0.0512), percent(0.99), percent(1), percent(nan)] == ["5.1%", "99%", "100%", "?%"]
    assert [small_share(each) for each in (-0.002, 0.0099, 0.01, nan)] == ["< 1%", "< 1%", "1%", "?%"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (120.0, "120 s"),
        (1.0, "1 s"),
        (0.996, "1 s"),  # which 1,000 ms would be, too
        (0.994, "990 ms"),
        (0.00123, "1.2 ms"),
        (2e-6, "2 µs"),
        (3e-9, "0.003 µs"),
        (nan, "? µs"),
    ],
)
def test_a_time_has_the_first_unit_that_it_fills(seconds: float, shown: str) -> None:
    assert time(seconds) == shown


def test_bounds_are_in_the_unit_of_their_figure() -> None:
    assert time(0.0015, 0.0009, 0.0123) == "1.5 ms (0.9–12)"
    assert [room(2.5e9), room(5e8), room(1e5)] == ["2.5 GB", "500 MB", "0.1 MB"]


@pytest.mark.parametrize(
    ("count", "english", "chinese"),
    [
        (9_999, "9,999", "9999 个"),
        (10_000, "10,000", "1 万"),
        (200_000, "200,000", "20 万"),
        (25_000, "25,000", "2 万"),
        (99_999_999, "99,999,999", "9999 万"),
        (100_000_000, "100,000,000", "1 亿"),
    ],
)
def test_chinese_counts_in_ten_thousands_and_hundred_millions(count: int, english: str, chinese: str) -> None:
    assert number(count) == (english, chinese)
    assert users(count) == (f"{english} users", f"{chinese}用户")


def test_words_are_filled_in_each_language_in_its_own_order() -> None:
    filled = fill(("{} of {}", "{1}中的{0}"), ("one", "一个"), "2")
    assert filled == ("one of 2", "2中的一个")


def test_a_table_leaves_out_the_rows_and_then_the_columns_of_which_nothing_is_known() -> None:
    table: Table = [
        ["", ("now", "现在"), ("then", "当时"), "later"],
        [("words alone", "只有文字"), ("yes", "是"), ("no", "否"), ""],
        ["one figure", "1 s", "?", ""],
        ["no figure", "?", "? µs", ""],
    ]
    assert written(table, "en") == [
        ["", "now", "later"],
        ["words alone", "yes", ""],
        ["one figure", "1 s", ""],
    ]
    assert written(table[:2], "zh") == [["", "现在", "当时", "later"], ["只有文字", "是", "否", ""]]


def test_a_grid_asks_for_each_cell_by_its_column_and_its_row() -> None:
    made = grid({1: "one", 2: ("two", "二")}, {"a": ("row a", "甲行"), "b": "row b"}, lambda x, y: f"{y}{x}")
    assert made == [
        ["", "one", ("two", "二")],
        [("row a", "甲行"), "a1", "a2"],
        ["row b", "b1", "b2"],
    ]
