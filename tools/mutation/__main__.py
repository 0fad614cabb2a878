"""Change the code in every small way that mutmut knows, and see which change no test notices: make mutation.

Needs mutmut, which pyproject.toml tells what to change and which tests to run. Takes an hour on two cores.
With the names of files, only the mutants of these are tried: make mutation FILES=common/presence.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

KNOWN = Path(__file__).with_name("equivalent_mutants.toml")
MUTMUT = Path(sys.executable).with_name("mutmut")
NOTICED = ("killed", "timeout")  # the second: it runs for ever


class Elsewhere(NamedTuple):
    """Files whose tests import them under another name, where mutmut does not find them."""

    file: str
    module: str  # that other name
    tests: tuple[str, ...]  # what pytest is told


OWN_APP = "tests/docs/test_own_app.py"
ELSEWHERE = (
    Elsewhere("docs/own_app/online_dict/__init__.py", "online", (OWN_APP, "-k", "dict")),
    # A column is written into the source of the app: so it is tried with the app in which mutmut changes
    # nothing, and the apps whose source mutmut has made longer are tried with the dict alone.
    Elsewhere("docs/own_app/online_database/__init__.py", "online", (OWN_APP, "-k", "database and HTTPAuth")),
    Elsewhere("docs/own_app/online_redis/__init__.py", "online", (OWN_APP, "-k", "redis and Login")),
    Elsewhere("docs/own_app/online_sqlite3/__init__.py", "online", (OWN_APP, "-k", "step2_sqlite3")),
    Elsewhere("docs/own_app/online_sentinel/__init__.py", "online", ("tests/docs/test_own_app_sentinel.py",)),
    Elsewhere("docs/own_app/with_login.py", "app", (OWN_APP, "-k", "Login and dict")),
    Elsewhere("docs/own_app/with_own_sessions.py", "app", (OWN_APP, "-k", "neither and dict")),
    Elsewhere("docs/own_app/with_sqlite3.py", "app", (OWN_APP, "-k", "sqlite3 and dict")),
    Elsewhere(
        "step2_database/migrations/versions/0001_last_seen.py",
        "0001_last_seen_py",  # so Alembic calls it
        ("tests/step2_database/test_migration.py",),
    ),
)


def mutmut(*arguments: str) -> str:
    """Run one of mutmut's commands, and return what it prints."""
    process = subprocess.run([MUTMUT, *arguments], stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return process.stdout


def file_of(mutant: str) -> str:
    """Return the file of a mutant, whose name is module.function__mutmut_number, or package.function…."""
    module = mutant.rpartition(".")[0].replace(".", "/")
    return f"{module}/__init__.py" if Path(module, "__init__.py").exists() else f"{module}.py"


def changed_lines(mutant: str) -> tuple[str, str]:
    """Return a mutant's line as it was, and the line as it is."""
    diff = mutmut("show", mutant).splitlines()
    was = " ".join(line[1:].strip() for line in diff if line.startswith("-") and not line.startswith("---"))
    now = " ".join(line[1:].strip() for line in diff if line.startswith("+") and not line.startswith("+++"))
    return was, now


def try_elsewhere(where: Elsewhere, mutants: Iterable[str]) -> dict[str, str]:
    """Try the mutants of a file by running its tests in processes of their own; return mutant -> result."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *where.tests]

    def result_of(mutant: str) -> str:
        named = f"{where.module}.{mutant.rpartition('.')[2]}"
        environment = {**os.environ, "MUTANT_UNDER_TEST": named}
        ended = subprocess.run(command, cwd="mutants", env=environment, capture_output=True, check=False)
        return {0: "survived", 1: "killed"}.get(ended.returncode, "suspicious")

    if result_of("none") != "survived":
        raise RuntimeError(f"these tests fail without any mutant: {where.tests}")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(mutants, pool.map(result_of, mutants), strict=True))


def results_of(files: list[str]) -> dict[str, str]:
    """Try the mutants of these files, or of all, and return mutant -> result."""
    # Given names, mutmut first runs the tests by their ids, as it does for each mutant. So an id that pytest
    # does not find again in the same process ends the run, and does not pass for a test that has failed.
    modules = [file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in files]
    names = [f"{module}.*" for module in modules] or ["*"]
    subprocess.run([MUTMUT, "run", *names], check=True)
    all_results = dict(line.strip().split(": ") for line in mutmut("results", "--all", "true").splitlines())
    results = {name: found for name, found in all_results.items() if not files or file_of(name) in files}
    for where in ELSEWHERE:
        if mutants := [mutant for mutant in results if file_of(mutant) == where.file]:
            results |= try_elsewhere(where, mutants)
    return results


def main(files: list[str]) -> int:
    """Return 0 if every mutant that survives is known, with the reason why no test needs to notice it."""
    results = results_of(files)
    rows = tomllib.loads(KNOWN.read_text(encoding="utf-8"))["mutants"]
    score: dict[str, Counter[str]] = {}
    unknown, used = [], []
    for mutant, result in results.items():
        file = file_of(mutant)
        kind = "killed"
        if result not in NOTICED:
            was, now = changed_lines(mutant)
            alike = [
                row
                for row in rows
                if fnmatch(file, row["file"]) and row.get("was", "") in was and row.get("is", "") in now
            ]
            alike = [row for row in alike if f".{row.get('function', '')}" in mutant]
            used += alike
            kind = "known" if alike else "unnoticed"
            if not alike:
                unknown.append(f"{result}: {mutant}\n- {was}\n+ {now}")
        score.setdefault(file, Counter())[kind] += 1
    print(*unknown, sep="\n")
    for file, counts in score.items():
        print(f"{file:55}", *(f"{counts[kind]:4} {kind}" for kind in ("killed", "known", "unnoticed")))
    print(f"{len(results)} mutants, {len(unknown)} of them unnoticed ({len(unknown) / len(results):.1%})")
    stale = [row for row in rows if row not in used and not files]
    for row in stale:
        print(f"{KNOWN.name} has a row that no mutant is like: {row}")
    return bool(unknown or stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
