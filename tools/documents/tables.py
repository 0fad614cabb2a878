"""What the documents show of data and of two steps' code: python -m tools.documents.tables writes it anew.

A table stands between two remarks, <!-- table: name --> and <!-- /table -->; what differs between two steps
in the block of code below <!-- diff: step1_dict step2_database -->.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from itertools import takewhile
from pathlib import Path

from tests.helpers.started_steps import ROOT
from tests.helpers.what_survives import faults
from tools.benchmarks.measure import RESULTS, read
from tools.benchmarks.report.specification import tables
from tools.break_it.breakage import DATA, Breakage, breakages
from tools.documents.markdown import Document, documents
from tools.figures import Cell, Table, Words, written

IN_PRODUCTION = "hurts in production"
LESSONS = {
    "auth": "step1_dict",
    "dict": "step1_dict",
    "database": "step2_database",
    "request": "step2_database",
    "redis": "step3_redis",
}
SLOW = {False: "", True: "-m slow "}
TABLE = re.compile(r"(<!-- table: ([^\n]*) -->\n)(.*?)(<!-- /table -->\n)", re.DOTALL)
DIFF = re.compile(r"(<!-- diff: (\w+) (\w+) -->\n```diff\n)(.*?)(```\n)", re.DOTALL)


def filled(document: Document) -> str:
    """Return the document's text with its tables and differences written anew."""
    measured = tables(read(RESULTS))

    def fill(table: re.Match[str]) -> str:
        name, *about = table[2].split()
        cells = measured[table[2]] if table[2] in measured else OTHERS[name](about)
        first, *rows = written(cells, document.language)
        lines = [first, ["---"] * len(first), *rows]
        return table[1] + "".join(f"| {' | '.join(row)} |\n" for row in lines) + table[4]

    with_tables = TABLE.sub(fill, document.source)
    return DIFF.sub(lambda diff: diff[1] + difference(diff[2], diff[3]) + diff[5], with_tables)


def difference(before: str, after: str) -> str:
    """Return what two steps have otherwise in app.py and models.py."""
    shown = ""
    for file in ("app.py", "models.py"):
        ours, theirs = (code_of(ROOT / step / file) for step in (before, after))
        diff = list(difflib.unified_diff(ours, theirs, n=0, lineterm=""))[2:]
        changed = [line for line in diff if not line.startswith("@@") and line[1:].strip()]
        shown += "".join(f"{line}\n" for line in [f"@@ {file}", *changed])
    return shown


def code_of(file: Path) -> list[str]:
    """Return the lines of a program without its imports, and without what only its demo does."""
    lines = file.read_text(encoding="utf-8").splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(("class ", "def ")))
    return list(takewhile(lambda line: not line.startswith("if __name__"), lines[first:]))


def production(areas: list[str]) -> Table:
    """Return a row for each defect of these areas that hurts in production."""
    # those of the area request are in the form with before_request, as their rows say
    form = ("elsewhere", "别处的写法") if "request" in areas else ("the article's form", "原文写法")
    return [
        [("id", "编号"), form, ("here", "这里")],
        *(
            [defect, both(breakage.why), both(breakage.here)]
            for defect, breakage in breakages().items()
            if breakage.here and defect.partition("-")[0] in areas
        ),
    ]


def worst(_: list[str]) -> Table:
    """Return a row for each of the worst defects, with its lesson and its test."""
    defects = tomllib.loads(DATA.read_text("utf-8"))["worst"]
    return [
        [("id", "编号"), ("what happens", "现象"), ("lesson", "课"), ("test", "测试")],
        *(row_of(defect, breakages()[defect]) for defect in defects),
    ]


def row_of(defect: str, breakage: Breakage) -> list[Cell]:
    """Return one row of the worst."""
    step = LESSONS[defect.partition("-")[0]]
    section = "before-production" if breakage.kind == IN_PRODUCTION else "predict-break-fix"
    english, chinese = (f"[{step[4]}]({step}/{name}#{section})" for name in ("README.md", "README.zh.md"))
    return [defect, both(breakage.why), (english, chinese), f"`pytest -k {defect.replace('-', '_')}_`"]


def survivals(steps: list[str]) -> Table:
    """Return a row for each fault that was tried on these steps."""
    return [
        [
            ("fault", "故障"),
            ("requests failed", "失败的请求"),
            ("marks from before", "之前的记录"),
            ("marks meanwhile", "期间的记录"),
            ("the count", "期间的人数"),
            ("recovery", "恢复"),
            ("test", "测试"),
        ],
        *(
            [
                both(fault.what),
                *fault.observed,
                both(fault.recovery),
                f"`pytest {SLOW[fault.slow]}-k fault_{name}`",
            ]
            for name, fault in faults().items()
            if str(fault.step) in steps
        ),
    ]


def both(words: dict[str, str]) -> Words:
    """Return the words of both languages as the tables have them."""
    return words["en"], words["zh"]


OTHERS = {"faults": survivals, "production": production, "worst": worst}


if __name__ == "__main__":
    for each in documents("en") + documents("zh"):
        each.path.write_text(filled(each), encoding="utf-8")
