"""Imports point one way, down to the ground floor, so that each part can be read, tested and lifted alone."""

from __future__ import annotations

import ast
import sys
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from tests.helpers.started_steps import ROOT

STEPS = sorted(path.name for path in ROOT.glob("step[0-9]_*"))
# What each part may import of ours, beside itself. What is not named here is the workshop: it may import all.
MAY_IMPORT: dict[str, set[str]] = {
    "article": set(),
    "common": set(),
    "demo": {"common"},
    **{step: {"common", "demo"} for step in STEPS},
    "lab": {"article", *STEPS},
    "recipes": {"common", *STEPS},
}
WORKSHOP = ("exercises", "tests", "tools")
PARTS = [*MAY_IMPORT, *WORKSHOP]
STORE = {"step1_dict": set[str](), "step2_database": {"sqlalchemy", "pytz"}, "step3_redis": {"redis"}}
# The modules of common/, each with those of common/ that it may import.
FLOORS_OF_COMMON = {
    "presence": set[str](),
    "settings": set[str](),
    "accounts": {"settings"},
    "auth": {"accounts", "presence"},
    "commands": {"accounts"},
    "api": {"accounts", "auth", "commands", "presence", "settings"},
}


@cache
def modules_imported_by(path: Path) -> set[str]:
    """Return the dotted names of all modules that a file imports, and of what it imports from them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively, and so cannot be run as a script"
            assert node.module
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def packages_imported_by(*paths: Path) -> set[str]:
    """Return the top-level names of all that the files import."""
    return {name.partition(".")[0] for name in chain(*map(modules_imported_by, paths))}


def files_of(folder: str) -> list[Path]:
    """Return the programs of a folder."""
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    return files


def test_every_folder_of_programs_has_its_floor() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == set(PARTS)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_is_below_it(part: str) -> None:
    ours = packages_imported_by(*files_of(part)) & set(PARTS)
    assert ours <= MAY_IMPORT[part] | {part}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_its_tests_and_its_exercises_know_no_other_step(step: str) -> None:
    files = [*files_of(step), *files_of(f"tests/{step}"), *files_of(f"exercises/{step}")]
    assert not packages_imported_by(*files) & (set(STEPS) - {step})


def test_the_tests_of_common_know_no_step() -> None:
    assert not packages_imported_by(*files_of("tests/common")) & set(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_tracker_imports_only_the_standard_library_and_its_store(step: str) -> None:
    foreign = packages_imported_by(ROOT / step / "tracker.py") - set(sys.stdlib_module_names)
    assert foreign <= STORE[step]


def test_presence_lifts_as_one_file() -> None:
    foreign = packages_imported_by(ROOT / "common/presence.py") - set(sys.stdlib_module_names)
    assert foreign <= {"flask", "werkzeug"}


def test_the_modules_of_common_import_only_those_below_them() -> None:
    files = {path.stem: path for path in files_of("common") if path.stem != "__init__"}
    assert files.keys() == FLOORS_OF_COMMON.keys()
    for name, path in files.items():
        ours = {module.split(".")[1] for module in modules_imported_by(path) if module.startswith("common.")}
        assert ours <= FLOORS_OF_COMMON[name], name


def test_auth_knows_no_storage_of_presence() -> None:
    stores = {"redis", "flask_redis", "sqlalchemy", "flask_sqlalchemy"}
    assert not packages_imported_by(ROOT / "common/auth.py") & stores
