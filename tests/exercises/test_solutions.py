"""Every exercise can be done: its test fails as things are, and passes with its solution."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.exercises import Exercise, complaints, exercises, told, turned_red
from tools.break_it.breakage import ROOT, copy_to, run
from tools.documents.markdown import document

pytestmark = pytest.mark.slow  # a reader has switched one on, or solved it otherwise
EVERY = exercises()
PAGE = told(document(ROOT / "docs" / "exercises.md"))
STEPS = sorted({exercise.step for exercise in EVERY})


def named_for(step: str) -> set[str]:
    """Return the tests of a step that some solution breaks, as the page says."""
    return set().union(*(PAGE[each.number].turn_red for each in EVERY if each.step == step))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the tests need, to change."""
    copy_to(tmp_path)
    return tmp_path


@pytest.mark.parametrize("step", STEPS)
def test_a_step_has_three_exercises_and_as_many_solutions(step: str) -> None:
    ours = [exercise for exercise in EVERY if exercise.step == step]
    assert [exercise.number for exercise in ours] == [f"{step[len('step')]}.{n}" for n in (1, 2, 3)]
    for ending, named in (("_test.py", "file"), ("_solution.diff", "solution")):
        there = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(f"exercises/{step}/*{ending}")}
        assert there == {getattr(exercise, named) for exercise in ours}


def test_without_its_solution_each_exercise_fails(copy: Path) -> None:
    for exercise in EVERY:
        exercise.switch_on(copy)
    outcome = run(copy, "exercises", "-rfE")
    assert turned_red(outcome) == {exercise.test for exercise in EVERY}, outcome.output
    assert "ERROR" not in outcome.output, outcome.output


@pytest.mark.parametrize("step", STEPS)
def test_the_solutions_of_a_step_go_together_and_break_no_test_but_those_that_the_page_names(
    step: str, copy: Path
) -> None:
    for exercise in (each for each in EVERY if each.step == step):
        exercise.switch_on(copy)
        exercise.solve(copy)
    solved = run(copy, f"tests/{step}", f"exercises/{step}", "-rfE", seconds=400)
    assert " passed" in solved.output, solved.output
    assert turned_red(solved) <= named_for(step), solved.output


@pytest.mark.parametrize("exercise", EVERY, ids=lambda exercise: exercise.number)
def test_with_its_solution_alone_an_exercise_passes_and_breaks_those_tests_that_the_page_names_with_it(
    exercise: Exercise, copy: Path
) -> None:
    exercise.switch_on(copy)
    exercise.solve(copy)
    names = sorted({exercise.test, *named_for(exercise.step)})  # all solutions together break no others
    chosen = ("-m", "slow or not slow", "-k", " or ".join(names))
    solved = run(copy, exercise.file, f"tests/{exercise.step}", *chosen, "-rfEp", seconds=400)
    assert f"PASSED {exercise.file}::{exercise.test}" in solved.output, solved.output
    assert turned_red(solved) == PAGE[exercise.number].turn_red, solved.output


def test_the_solutions_are_as_tidy_as_the_rest(copy: Path) -> None:
    for exercise in EVERY:
        exercise.switch_on(copy)
        exercise.solve(copy)
    known_types = ("--cache-dir", str(ROOT / ".mypy_cache"))  # or it would read all packages anew
    for tool in (("ruff", "check"), ("ruff", "format", "--check"), ("mypy", *known_types)):
        said = complaints(copy, *tool, "common", *STEPS)
        assert not said, said
