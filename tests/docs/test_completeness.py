"""What the code has, the documents tell: each setting, address and command has its row."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from common.settings import load_settings
from step1_dict.app import create_app as step_1
from step2_database.app import create_app as step_2
from step3_redis.app import create_app as step_3
from tests.helpers.apps import QUICK_HASH
from tests.helpers.exercises import exercises, told
from tests.helpers.started_steps import ROOT
from tools.documents.checks import TEST_NAME
from tools.documents.markdown import Document, document
from tools.documents.prose import words

SETTINGS: dict[str, Any] = {
    "SECRET_KEY": "a test's own key",
    "SQLALCHEMY_DATABASE_URI": "sqlite:///users.sqlite",
    "PASSWORD_HASH_METHOD": QUICK_HASH,
    "REDIS_URL": "redis://127.0.0.1:1/0",
}
OF_THE_SERVER = {"routes", "run", "shell"}  # commands of Flask's own
SHORTEST_HINT = 20  # words, or 汉字
LANGUAGES = pytest.mark.parametrize("ending", ["", ".zh"], ids=["English", "Chinese"])


def first_cells(page: Document) -> list[str]:
    """Return what stands as code in a table's cells, in the order of the page."""
    cells = [part for part in page.parts if part.kind == "table tbody tr td"]
    return [code for cell in cells for code in cell.inline_code]


@LANGUAGES
def test_every_setting_has_its_row(ending: str) -> None:
    app = Flask("any")
    load_settings(app, SETTINGS)
    ours = app.config.keys() - Flask("another").config.keys()
    ours |= {"SECRET_KEY", "SECRET_KEY_FALLBACKS"}  # Flask knows these too, and we check them
    ours -= {"SQLALCHEMY_ENGINE_OPTIONS"}  # one of Flask-SQLAlchemy's, told below the table
    page = document(ROOT / f"docs/settings{ending}.md")
    rows = [name for name in first_cells(page) if re.fullmatch(r"FLASK_[A-Z_]+", name)]
    assert {name.removeprefix("FLASK_") for name in rows} == ours


@LANGUAGES
def test_every_address_has_its_row(ending: str) -> None:
    app = step_1(SETTINGS)
    ours = {
        f"{method} {rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }
    page = document(ROOT / f"step1_dict/README{ending}.md")
    rows = [call for call in first_cells(page) if re.match("(GET|POST|PUT|PATCH|DELETE) /", call)]
    answered = {row.partition("?")[0] for row in rows}
    assert answered - {"GET /"} == ours  # the demo adds its page


@LANGUAGES
def test_every_command_has_its_row(ending: str) -> None:
    page = document(ROOT / f"docs/settings{ending}.md")
    told = {name.split()[0] for name in first_cells(page) if not name.startswith("FLASK_")}
    for make_app in (step_1, step_2, step_3):
        app = make_app(SETTINGS)
        assert app.cli.commands.keys() - OF_THE_SERVER <= told


@LANGUAGES
def test_every_tool_and_every_way_to_make_is_told_to_contributors(ending: str) -> None:
    page = document(ROOT / f"CONTRIBUTING{ending}.md").source
    for tool in sorted((ROOT / "tools").glob("*/__init__.py")):
        assert f"tools/{tool.parent.name}/" in page
    for target in re.findall(
        r"^#   make (\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    ):
        assert f"make {target}" in page, target


@LANGUAGES
def test_every_exercise_has_a_level_a_hint_and_the_names_of_the_tests_that_turn_red(ending: str) -> None:
    page = told(document(ROOT / f"docs/exercises{ending}.md"))
    english = told(document(ROOT / "docs/exercises.md"))
    assert list(page) == [exercise.number for exercise in exercises()]
    for exercise in exercises():
        here = page[exercise.number]
        assert here.level is not None, f"{exercise.number} has no level"
        assert here.level == english[exercise.number].level
        assert len(here.hints) == 1, f"{exercise.number} has {len(here.hints)} hints"
        assert words(here.hints[0], "zh" if ending else "en") >= SHORTEST_HINT, here.hints
        assert here.links[:2] == [f"../{exercise.file}", f"../{exercise.solution}"]
        assert here.turn_red == english[exercise.number].turn_red
        tests = "".join(file.read_text(encoding="utf-8") for file in ROOT.glob(f"tests/{exercise.step}/*.py"))
        tests += "".join(file.read_text(encoding="utf-8") for file in ROOT.glob("tests/contracts/**/*.py"))
        assert here.turn_red <= set(TEST_NAME.findall(tests))
