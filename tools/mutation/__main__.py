"""Change the code in every small way that mutmut knows, and see which change no test notices: make mutation.

Needs mutmut, which pyproject.toml tells what to change and which tests to run. Takes ten minutes.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
MUTMUT = Path(sys.executable).with_name("mutmut")


def mutmut(*arguments: str) -> str:
    """Run one of mutmut's commands, and return what it prints."""
    process = subprocess.run([MUTMUT, *arguments], stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return process.stdout


def changed_lines(mutant: str) -> tuple[str, str, str]:
    """Return a mutant's file, the line as it was, and the line as it is."""
    diff = mutmut("show", mutant).splitlines()
    (file,) = (line[4:] for line in diff if line.startswith("--- "))
    was = " ".join(line[1:].strip() for line in diff if line.startswith("-") and not line.startswith("---"))
    now = " ".join(line[1:].strip() for line in diff if line.startswith("+") and not line.startswith("+++"))
    return file, was, now


def main() -> int:
    """Return 0 if every mutant that survives is known to be equivalent."""
    subprocess.run([MUTMUT, "run"], check=True)
    equivalent = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["mutants"]
    results = dict(line.strip().split(": ") for line in mutmut("results", "--all", "true").splitlines())
    noticed = ("killed", "timeout")  # the second: it runs for ever
    left = [mutant for mutant, result in results.items() if result not in noticed]
    unknown, used = [], []
    for mutant in left:
        file, was, now = changed_lines(mutant)
        rows = [row for row in equivalent if row["file"] == file and row["was"] in was and row["is"] in now]
        used += rows
        if not rows:
            unknown.append(f"{results[mutant]}: {file}\n- {was}\n+ {now}")
    print(*unknown, sep="\n")
    killed, known = len(results) - len(left), len(left) - len(unknown)
    print(
        f"{killed} of {len(results)} mutants killed, {known} equivalent, {len(unknown)} that no test notices"
    )
    stale = [row for row in equivalent if row not in used]
    for row in stale:
        print(f"{EQUIVALENT.name} has a row that no mutant is like: {row}")
    return bool(unknown or stale)


if __name__ == "__main__":
    sys.exit(main())
