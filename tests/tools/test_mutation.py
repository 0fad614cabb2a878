"""tools.mutation is told of files and tests that are there."""

from __future__ import annotations

import tomllib

import pytest

from tests.helpers.started_steps import ROOT
from tools.mutation.__main__ import ELSEWHERE, KNOWN

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]


@pytest.mark.parametrize(
    "name",
    ["source_paths", "only_mutate", "also_copy", "pytest_add_cli_args_test_selection"],
)
def test_what_mutmut_is_told_to_change_copy_and_run_is_there(name: str) -> None:
    assert [path for path in SETTINGS[name] if not any(ROOT.glob(path))] == []


def test_the_tests_that_mutmut_does_not_run_are_there() -> None:
    ignored = [option.partition("=")[2] for option in SETTINGS["pytest_add_cli_args"] if "=" in option]
    assert [path for path in ignored if not any(ROOT.glob(f"tests/{path.removeprefix('tests/')}"))] == []


def test_the_files_that_are_changed_elsewhere_and_their_tests_are_there() -> None:
    named = [path for each in ELSEWHERE for path in (each.file, each.tests[0])]
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_the_files_of_the_known_mutants_are_there() -> None:
    known = tomllib.loads(KNOWN.read_text(encoding="utf-8"))["mutants"]
    assert [each["file"] for each in known if not any(ROOT.glob(each["file"]))] == []
