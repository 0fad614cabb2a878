"""What all recipes have in common: short, made of public parts, tested, and told on the page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.helpers.started_steps import ROOT
from tools.documents.markdown import document

RECIPES = sorted(
    path for path in ROOT.glob("recipes/*.py") if path.name not in {"__init__.py", "small_app.py"}
)
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
