"""The pages as the lab sends them: both languages complete, and nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from lab.app import whys, with_code, words
from lab.forms import FORMS
from lab.sources import PAIRS, cure, defects, side_by_side
from tests.demo.test_page import Words
from tests.helpers.started_steps import ROOT
from tests.lab.stories import story_at
from tools.break_it.breakage import without_cure
from tools.documents.checks import misprints_in

PAGES = ["/", *(f"/source/{name}" for name in PAIRS)]
# what reads the same in both languages: signs, names, times, units and code
SAME_IN_BOTH = re.compile(
    r"[^a-z\u4e00-\u9fff]*|.*(alice|bob|carol|dave|tools\.break_it|article/|\.py|[a-z]+-\d+).*"
    r"|\d+ (s|min|d)|\+\dd .*"
)
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize("page", PAGES)
def test_every_word_stands_there_in_both_languages(client: FlaskClient, page: str) -> None:
    answer = client.get(page).text
    shown = re.sub(r"<(pre|title)\b.*?</\1>", "", answer, flags=re.DOTALL)
    words_of_page = Words(shown)
    assert [word for word in words_of_page.unmarked if not SAME_IN_BOTH.fullmatch(word)] == []
    kinds = [kind for kind, _ in words_of_page.pairs]
    assert len(kinds) > 8 and kinds == ["en", "zh"] * (len(kinds) // 2)
    for kind, text in words_of_page.pairs:
        assert text and (bool(HAN.search(text)) == (kind == "zh") or text in ("中文", "English")), text


def test_only_backticks_make_code_of_a_sentence_and_nothing_in_it_is_html() -> None:
    assert with_code("a < `b<c>` & `d`e") == "a &lt; <code>b&lt;c&gt;</code> &amp; <code>d</code>e"
    assert with_code("<b>none</b>") == "&lt;b&gt;none&lt;/b&gt;"


def test_a_cure_is_shown_with_two_lines_around_it_also_at_the_ends_of_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "five.py").write_text("one\ntwo\nthree\nfour\nfive\n", encoding="utf-8")
    monkeypatch.setattr("lab.sources.ROOT", tmp_path)

    def shown(find: str) -> str:
        monkeypatch.setattr("lab.sources.defects", lambda: {"dict-1": {"file": "five.py", "find": find}})
        return " ".join(f"{line.number}{'*' if line.matters else ''}" for line in cure("dict-1").lines)

    assert shown("one\n") == "1* 2 3"
    assert shown("two\nthree\n") == "1 2* 3* 4 5"
    assert shown("five\n") == "3 4 5*"


def texts(data: Any) -> Iterator[dict[str, str]]:
    """Yield everything in words.toml that is there in two languages."""
    if isinstance(data, dict):
        if "en" in data:
            yield {language: data[language] for language in ("en", "zh")}
        data = list(data.values())
    for each in data if isinstance(data, list) else ():
        yield from texts(each)


def test_the_chinese_has_the_code_of_the_english_and_is_set_as_chinese() -> None:
    found = list(texts(words()))
    assert len(found) > 30
    for each in found:
        assert re.findall("`.*?`", each["en"]) == re.findall("`.*?`", each["zh"])
        chinese = (
            re.sub("`.*?`", "x", each["zh"]).replace("timedelta(5)", "x").replace("timedelta(minutes=5)", "x")
        )
        assert misprints_in(re.sub("`|:", "", chinese), "zh") == [], each["zh"]


def test_every_form_and_every_reason_has_its_words() -> None:
    assert list(words()["forms"]) == list(FORMS)
    assert {form["source"] for form in words()["forms"].values()} <= PAIRS.keys()
    for why in whys().values():
        assert why["en"] and why["zh"]


@pytest.mark.parametrize("scenario", words()["scenarios"], ids=lambda scenario: scenario["id"])
def test_a_scenario_asks_a_question_that_has_an_answer(scenario: dict[str, Any]) -> None:
    assert scenario["right"] in range(len(scenario["choices"])) and len(set(scenario["choices"])) >= 3
    assert 0 < scenario["show"] * 1_000_000 < story_at(scenario["story"]).until


def test_the_script_writes_no_html_keeps_nothing_and_can_be_read_in_one_sitting() -> None:
    script = (ROOT / "lab/page.js").read_text("utf-8")
    assert script.count("\n") <= 300
    assert max(map(len, script.splitlines())) <= 120
    assert not HAN.search(script)
    assert (
        "innerHTML" not in script
        and "storage" not in script.lower()
        and "eval" not in script.replace("evalu", "")
    )


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_nothing_from_elsewhere(client: FlaskClient, page: str) -> None:
    answer = client.get(page)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert "//" not in re.sub(r"<pre.*?</pre>|<code>.*?</code>", "", answer.text, flags=re.DOTALL)
    assert " style=" not in answer.text and " onclick=" not in answer.text
    for link in re.findall(r'(?:href|src)="([^"#]+)', answer.text):
        if link != "data:,":
            with client.get(urljoin(page, link)) as target:
                assert target.status_code == 200, link


@pytest.mark.parametrize(
    ("accepted", "language"), [(None, "en"), ("zh-CN,en;q=0.8", "zh-CN"), ("de,zh", "zh-CN")]
)
def test_the_language_is_the_one_that_the_browser_asks_for(
    client: FlaskClient, accepted: str | None, language: str
) -> None:
    answer = client.get("/", headers={"Accept-Language": accepted} if accepted else {})
    assert f'<html lang="{language}">' in answer.text


@pytest.mark.parametrize(
    "path",
    ["/page/app.py", "/page/words.toml", "/source/other", "/lesson/common/en", "/lesson/step1_dict/de"],
)
def test_no_other_file_is_sent(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("form", [form for form, _ in PAIRS.values()])
def test_a_form_is_shown_whole_and_each_of_its_defects_beside_the_lines_that_mend_it(form: str) -> None:
    rows = side_by_side(form)
    source = (ROOT / form).read_text("utf-8").splitlines()
    assert [line.text for row in rows for line in row.lines] == source
    for row in rows:
        marked = [re.sub(r"^ *# ([a-z]+-\d+): .*", r"\1", line.text) for line in row.lines if line.matters]
        assert marked == [cure.id for cure in row.cures]
        for each in row.cures:
            mended = "\n".join(line.text for line in each.lines if line.matters)
            assert (each.id in without_cure()) == (mended == "")
            assert each.id in without_cure() or defects()[each.id]["find"].strip("\n") in mended


def test_each_mark_begins_a_row_and_marks_that_follow_each_other_share_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    form = [
        "import this",
        "    # dict-1: one",
        "    # dict-2: two",
        "seen = {}",
        "# dict-9: 3",
        "# a-b: none",
    ]
    (tmp_path / "form.py").write_text("\n".join(form), encoding="utf-8")
    monkeypatch.setattr("lab.sources.ROOT", tmp_path)
    monkeypatch.setattr("lab.sources.defects", dict)
    rows = [
        (
            " ".join(f"{line.number}{'*' if line.matters else ''}" for line in row.lines),
            [cure.id for cure in row.cures],
        )
        for row in side_by_side("form.py")
    ]
    assert rows == [("1", []), ("2* 3* 4", ["dict-1", "dict-2"]), ("5* 6", ["dict-9"])]


def test_what_cannot_be_mended_is_beside_no_line() -> None:
    assert cure("dict-8") == ("dict-8", "", [])
