"""What all recipes have in common: short, made of public parts, tested, and told on the page."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from recipes.small_app import new_app
from step1_dict.tracker import DictTracker
from tests.helpers.started_steps import ROOT
from tools.documents.markdown import document

if TYPE_CHECKING:
    from tests.recipes.conftest import Closing

RECIPES = sorted(
    path for path in ROOT.glob("recipes/*.py") if path.name not in {"__init__.py", "small_app.py"}
)
WITH_PAGE = {"guests", "leaving_early", "number_on_every_page"}  # they have a page of their own at /
SHARING_USERS = {"forgetting", "from_outside"}  # their table is in a database of the test's own
EACH = pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)


@EACH
def test_a_recipe_is_short(recipe: Path) -> None:
    assert len(recipe.read_text(encoding="utf-8").splitlines()) <= 60


@EACH
def test_a_recipe_opens_with_what_it_shows_how_to_run_it_and_what_to_look_at(recipe: Path) -> None:
    lines = (ast.get_docstring(ast.parse(recipe.read_text(encoding="utf-8"))) or "").splitlines()
    assert lines[0].endswith(".")
    assert lines[1] == ""
    assert re.fullmatch(rf"Run it: +\.venv/bin/(python|flask --app) recipes[/.]{recipe.stem}\b.*", lines[2])
    assert any(line.startswith("Look at it: ") for line in lines[3:])


@EACH
def test_a_recipe_uses_public_parts_only(recipe: Path) -> None:
    tree = ast.parse(recipe.read_text(encoding="utf-8"))
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    hidden = {name for name in attributes | names if re.match("_(?!_)", name)}
    assert not hidden


@EACH
def test_a_recipe_has_its_test(recipe: Path) -> None:
    assert (ROOT / f"tests/recipes/test_{recipe.stem}.py").exists()


@pytest.mark.parametrize("ending", ["", ".zh"], ids=["English", "Chinese"])
def test_the_page_links_each_recipe_and_no_other(ending: str) -> None:
    page = document(ROOT / f"docs/recipes{ending}.md")
    told = set(re.findall(r"\]\(\.\./recipes/(\w+)\.py\)", page.source))
    assert told - {"small_app"} == {recipe.stem for recipe in RECIPES}


def needs_more_packages(recipe: Path) -> bool:
    """Whether the recipe says that something has to be installed first."""
    return "\nInstall: " in recipe.read_text(encoding="utf-8")


@EACH
@pytest.mark.parametrize(("ending", "label"), [("", "Needs"), (".zh", "需要")], ids=["English", "Chinese"])
def test_the_last_line_about_a_recipe_says_what_it_costs_what_it_needs_and_where_it_is(
    recipe: Path, ending: str, label: str
) -> None:
    page = document(ROOT / f"docs/recipes{ending}.md").source
    line = rf"^\*\*\w+\*\*[:：].+ · \*\*{label}\*\*[:：](.+) · .*\(\.\./recipes/{recipe.stem}\.py\)$"
    (needs,) = re.findall(line, page, re.MULTILINE)
    assert ("(#run)" in needs) == needs_more_packages(recipe)


def in_home(app: Flask) -> str:
    """Return what / says."""
    answer = app.test_client().get("/")
    assert answer.status_code == 200
    if "sqlalchemy" in app.extensions:
        with app.app_context():
            app.extensions["sqlalchemy"].engine.dispose()
    return answer.text


@pytest.mark.parametrize(
    "recipe",
    [each for each in RECIPES if each.stem not in WITH_PAGE | SHARING_USERS],
    ids=lambda path: path.stem,
)
def test_the_first_page_of_a_recipe_lists_its_addresses(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # here with_sqlite3 makes its file
    if needs_more_packages(recipe):
        pytest.importorskip(f"recipes.{recipe.stem}", reason="pip install -c constraints.txt -e '.[recipes]'")
    app = import_module(f"recipes.{recipe.stem}").create_app()
    own = re.findall(r'"(/[a-z/-]+)"', recipe.read_text(encoding="utf-8"))
    shown = in_home(app)
    for address in ("/hello", "/online", *own):
        assert f"<li>{address} " in shown


@pytest.mark.parametrize("users_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", sorted(SHARING_USERS))
def test_so_does_that_of_a_recipe_whose_users_are_in_a_database(name: str, closing: Closing) -> None:
    if name == "from_outside":
        pytest.importorskip("recipes.from_outside", reason="pip install -c constraints.txt -e '.[recipes]'")
    shown = in_home(closing(import_module(f"recipes.{name}").create_app()))
    assert "<li>/hello GET</li>\n<li>/online GET</li>\n</ul>" in shown


@pytest.mark.parametrize("name", sorted(WITH_PAGE))
def test_a_recipe_with_a_page_of_its_own_keeps_it(name: str) -> None:
    if name == "guests":
        pytest.importorskip("recipes.guests", reason="pip install -c constraints.txt -e '.[recipes]'")
    assert "A recipe is running" not in in_home(import_module(f"recipes.{name}").create_app())


def test_the_list_of_addresses_is_escaped_and_names_the_methods() -> None:
    app = new_app(DictTracker())
    app.add_url_rule("/rooms/<room>", "room", lambda room: {"room": room}, methods=["PUT", "DELETE"])
    shown = in_home(app)
    assert shown.count("<li>") == 3
    assert "<li>/rooms/&lt;room&gt; DELETE, PUT</li>" in shown
    assert "<room>" not in shown
