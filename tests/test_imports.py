"""Imports point one way, so that each step can be read, tested and lifted alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.helpers.started_steps import ROOT

STEPS = sorted(path.name for path in ROOT.glob("step[0-9]_*"))
STORE = {"step1_dict": set[str](), "step2_database": {"sqlalchemy", "pytz"}, "step3_redis": {"redis"}}


def imported_by(path: Path) -> set[str]:
    """Return the top-level names of all that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively, and so cannot be run as a script"
            names.add((node.module or "").split(".")[0])
    return names


def all_imports(folder: str) -> set[str]:
    """Return what the files of a folder import."""
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    return set().union(*(imported_by(path) for path in files))


def test_common_and_its_tests_know_no_step() -> None:
    assert not (all_imports("common") | all_imports("tests/common")) & set(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_and_its_tests_know_no_other_step(step: str) -> None:
    assert not (all_imports(step) | all_imports(f"tests/{step}")) & (set(STEPS) - {step})


@pytest.mark.parametrize("step", STEPS)
def test_a_tracker_imports_only_the_standard_library_and_its_store(step: str) -> None:
    foreign = imported_by(ROOT / step / "tracker.py") - set(sys.stdlib_module_names)
    assert foreign <= STORE[step]


def test_auth_knows_no_storage_of_presence() -> None:
    assert not imported_by(ROOT / "common/auth.py") & {
        "redis",
        "flask_redis",
        "sqlalchemy",
        "flask_sqlalchemy",
    }
