"""Take one cure out and see which test notices; your own files stay as they are.

python -m tools.break_it              lists what can be broken
python -m tools.break_it database-1   breaks it in a copy, and shows the change and the failing test
"""

from __future__ import annotations

import argparse
import difflib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).with_name("defects.toml")
COPIED = (
    "article",
    "common",
    "demo",
    "docs",
    "exercises",
    "lab",
    "recipes",
    "step*_*",
    "tests",
    "tools",
    "conftest.py",
    "pyproject.toml",
)
ENGLISH, CHINESE = "en", "zh"
SECONDS = 120  # for one test, in a process of its own


@dataclass(frozen=True)
class Breakage:
    """One cure and how to take it out; tools/break_it/defects.toml says what each field means."""

    kind: str
    file: str
    find: str
    put: str
    test: str
    shows: str
    why: dict[str, str]
    here: dict[str, str] | None = None

    def broken(self, source: str) -> str:
        """Return the source without the cure. ValueError: the text to find is not there exactly once."""
        if source.count(self.find) != 1:
            times = source.count(self.find)
            raise ValueError(f"{self.file} must have this once and has it {times} times: {self.find!r}")
        return source.replace(self.find, self.put)


@dataclass(frozen=True)
class Outcome:
    """What pytest did with the tests."""

    code: int
    output: str

    @property
    def passed(self) -> bool:
        return self.code == 0 and " skipped" not in self.output

    @property
    def skipped(self) -> bool:
        return self.code == 0 and " passed" not in self.output

    def shows(self, breakage: Breakage) -> bool:
        """Whether the test failed, and for the reason that it should."""
        errors = [line for line in self.output.splitlines() if line.startswith("E ")]
        return self.code == 1 and any(breakage.shows in line for line in errors)


def breakages() -> dict[str, Breakage]:
    """Return defect id -> breakage."""
    data = tomllib.loads(DATA.read_text(encoding="utf-8"))
    return {defect: Breakage(**fields) for defect, fields in data["breakages"].items()}


def without_cure() -> list[str]:
    """Return the defects that cannot be mended where they are."""
    found: list[str] = tomllib.loads(DATA.read_text(encoding="utf-8"))["without_cure"]
    return found


def copy_to(folder: Path) -> None:
    """Copy what the tests need."""
    for path in (path for pattern in COPIED for path in ROOT.glob(pattern)):
        if path.is_dir():
            shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, folder)


def run(folder: Path, *tests: str, seconds: int = SECONDS) -> Outcome:
    """Run tests in the copy; end them after so many seconds."""
    quietly = [
        "-q",
        "-rs",
        "--no-header",
        "--tb=short",
        "--show-capture=stderr",
        "--color=no",
        "-p",
        "no:cacheprovider",
    ]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONUTF8": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    try:
        process = subprocess.run(
            [sys.executable, "-m", "pytest", *quietly, *tests],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(-1, f"It has not ended after {seconds} seconds.")
    return Outcome(process.returncode, process.stdout)


def broken_run(breakage: Breakage, copy: Path) -> tuple[list[str], Outcome]:
    """Break the copy, run the test in it, and mend it; return the lines of the diff and the outcome."""
    file = copy / breakage.file
    source = file.read_text(encoding="utf-8")
    broken = breakage.broken(source)
    file.write_text(broken, encoding="utf-8")
    Path(cache_from_source(file)).unlink(missing_ok=True)  # that of another breakage may look as new
    names = breakage.file, f"{breakage.file} (broken)"
    diff = difflib.unified_diff(source.splitlines(), broken.splitlines(), *names, n=1, lineterm="")
    outcome = run(copy, breakage.test)
    file.write_text(source, encoding="utf-8")
    return list(diff), outcome


def main(arguments: list[str] | None = None) -> int:
    """Return 0 if the test notices, 1 if it does not, 2 if it cannot be run here."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console that cannot show Chinese shows the rest
    every = breakages()
    parser = argparse.ArgumentParser(
        prog="python -m tools.break_it", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "defect", nargs="?", choices=[*every, *without_cure()], metavar="id", help="such as database-1"
    )
    defect = parser.parse_args(arguments).defect
    if defect in without_cure():
        print(f"{defect} has no cure to take out: pytest -k {defect.replace('-', '_')}_ shows it.")
        return 2
    if defect is None:
        print("Break one, as in python -m tools.break_it database-1; your own files stay as they are.")
        for name, breakage in every.items():
            print(f"{name:13}{breakage.why[ENGLISH]}\n{'':13}{breakage.why[CHINESE]}")
        return 0

    breakage = every[defect]
    print(f"{defect}: {breakage.why[ENGLISH]}\n{defect}: {breakage.why[CHINESE]}\n")
    with tempfile.TemporaryDirectory() as folder:
        copy_to(Path(folder))
        try:
            diff, outcome = broken_run(breakage, Path(folder))
        except ValueError as error:
            parser.error(f"{error}: undo your change to try this")
    print("\n".join(diff), outcome.output, sep="\n\n")
    name = breakage.test.rpartition("::")[2]
    if outcome.skipped or outcome.code not in (0, 1):
        print(f"{name} cannot be run here: the lines above say why.")
        return 2
    if not outcome.shows(breakage):
        print(f"{name} does not notice: it should fail and show {breakage.shows!r}.")
        return 1
    print(f"{name} notices. Your own files are as they were.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
