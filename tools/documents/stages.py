"""A lesson's program, stage by stage: whole at first, and then grown by one diff after the other.

python -m tools.documents.stages step1_dict 2   shows the program of lesson 1 as it is after its second stage

Above each stage stands the remark <!-- stage -->. A diff has no line numbers: what it takes away, and what
stands around that, is in the program exactly once; a line that begins with @@ goes on elsewhere.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from itertools import pairwise

from tests.helpers.started_steps import ROOT
from tools.documents.markdown import Document, Part, document


def stages(document: Document) -> Iterator[str]:
    """Return the whole program as it is after each stage. ValueError: a diff does not fit."""
    program = ""
    for remark, block in pairwise(document.parts):
        if remark.kind == "remark" and remark.text == "stage":
            program = grown(program, block)
            yield program


def grown(program: str, block: Part) -> str:
    """Return the program after a stage. ValueError: the block is a diff that does not fit."""
    if block.language != "diff":
        return block.text
    for before, after in hunks(block.text):
        if program.count(before) != 1:
            raise ValueError(f"the program has this {program.count(before)} times, and not once:\n{before}")
        program = program.replace(before, after)
    return program


def to_be_printed(program: str) -> str:
    """Return what a program says that it prints: in a comment behind each print."""
    return "".join(f"{shown}\n" for shown in re.findall(r"^print\(.*\)  # (.*)$", program, re.MULTILINE))


def hunks(diff: str) -> Iterator[tuple[str, str]]:
    """Return what each part of a diff replaces, and by what."""
    before = after = ""
    for line in [*diff.splitlines(), "@@"]:
        sign, text = line[:1] or " ", f"{line[1:]}\n"
        if sign == "@":
            yield before, after
            before = after = ""
        before += text if sign in " -" else ""
        after += text if sign in " +" else ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Show a lesson's program as it is after one of its stages.")
    parser.add_argument("folder", choices=sorted(path.parent.name for path in ROOT.glob("step*/README.md")))
    parser.add_argument("number", type=int)
    asked = parser.parse_args()
    programs = list(stages(document(ROOT / asked.folder / "README.md")))
    if not 1 <= asked.number <= len(programs):
        parser.error(f"{asked.folder} has the stages 1 to {len(programs)}")
    print(programs[asked.number - 1], end="")
