"""The exercises: tests that their readers switch on by deleting a line, and a solution for each.

Both are found where they are, so that a step can be deleted with its exercises.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.break_it.breakage import ROOT, Outcome
from tools.documents.checks import sections
from tools.documents.markdown import Document, Part

LEVEL = re.compile(r"(?:Level: |难度：)(\w+)")
LEVELS = {"easy": 1, "容易": 1, "middle": 2, "中等": 2, "hard": 3, "较难": 3}
TEST_NAME = re.compile(r"test_\w+")
FAILED = re.compile(r"^(?:FAILED|ERROR) \S+?::(test_\w+)", re.MULTILINE)
EXERCISE = re.compile(
    r'@pytest\.mark\.skip\(reason="exercise (\d\.\d): delete this line, then [^\n]+"\)\n'
    r"def (test_exercise_(\d_\d)_([a-z]+)_\w+)\("
)


@dataclass(frozen=True)
class Exercise:
    """One test that is skipped, named after its number and its topic; the topic is its solution's name."""

    step: str
    number: str
    topic: str
    test: str

    @property
    def file(self) -> str:
        return f"exercises/{self.step}/{self.topic}_test.py"

    @property
    def solution(self) -> str:
        return f"exercises/{self.step}/{self.topic}_solution.diff"

    def switch_on(self, folder: Path) -> None:
        """Delete the line that skips the test in a copy, as the reader does."""
        file = folder / self.file
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        skip = f'@pytest.mark.skip(reason="exercise {self.number}: '
        file.write_text("".join(line for line in lines if not line.startswith(skip)), encoding="utf-8")

    def solve(self, folder: Path) -> None:
        """Apply the solution to a copy."""
        subprocess.run(["git", "apply", self.solution], cwd=folder, check=True)


@dataclass(frozen=True)
class Told:
    """What the page of exercises says of one of them.

    level: 1 for easy to 3 for hard; None if the page says no such level.
    hints: the words in each of its folds.
    turn_red: the existing tests that its solution breaks, and rightly so.
    """

    level: int | None
    hints: list[str]
    links: list[str]
    turn_red: set[str]


def told(page: Document) -> dict[str, Told]:
    """Return, by number, what the page says of each exercise, in the order of the page."""
    return {
        ".".join(found.groups()): _told(section)
        for section in sections(page)
        if (found := re.fullmatch(r"exercise-(\d)-(\d)", section[0].anchor))
    }


def _told(section: list[Part]) -> Told:
    level = LEVEL.search(" ".join(part.text for part in section))
    hints: list[str] = []
    in_fold = False
    for part in section:
        if part.kind == "fold":
            hints.append("")
            in_fold = True
        elif part.kind == "end":
            in_fold = False
        elif in_fold:
            hints[-1] += part.text
    return Told(
        level=LEVELS.get(level[1]) if level else None,
        hints=hints,
        links=[link for part in section for link in part.links],
        turn_red={code for part in section for code in part.inline_code if TEST_NAME.fullmatch(code)},
    )


def exercises() -> list[Exercise]:
    """Return every exercise, in the order of the lessons."""
    found = []
    for file in ROOT.glob("exercises/step*/*_test.py"):
        ((number, test, numbers, topic),) = EXERCISE.findall(file.read_text(encoding="utf-8"))
        assert numbers == number.replace(".", "_"), f"{test} is not exercise {number}"
        found.append(Exercise(file.parent.name, number, topic, test))
    return sorted(found, key=lambda exercise: exercise.number)


def turned_red(outcome: Outcome) -> set[str]:
    """Return the names of the tests that failed; pytest has to be asked for them, with -rfE."""
    return set(FAILED.findall(outcome.output))


def complaints(folder: Path, *command: str) -> str:
    """Return what a tool has to say of a copy, "" if nothing."""
    process = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return process.stdout if process.returncode else ""
