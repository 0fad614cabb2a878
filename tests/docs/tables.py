"""The tables of the documents that come from data: python -m tests.docs.tables writes them anew.

Each stands between two remarks, <!-- table: name --> and <!-- /table -->.
"""

from __future__ import annotations

import re
import tomllib

from benchmarks.measure import RESULTS, read
from benchmarks.scale import SCALE
from benchmarks.summaries import SUMMARIES
from benchmarks.tables import TABLES
from tests.break_it import DATA, Breakage, breakages
from tests.docs.documents import Document, documents
from tests.faults import faults

IN_PRODUCTION = "hurts in production"
WORDS = {
    "production": {"en": ["id", "the usual form", "here"], "zh": ["编号", "常见写法", "这里"]},
    "faults": {
        "en": [
            "fault",
            "requests failed",
            "marks from before",
            "marks meanwhile",
            "the count",
            "recovery",
            "test",
        ],
        "zh": ["故障", "失败的请求", "之前的记录", "期间的记录", "期间的人数", "恢复", "测试"],
    },
    "worst": {"en": ["id", "what happens", "lesson", "test"], "zh": ["编号", "现象", "课文", "测试"]},
}
LESSONS = {"auth": "step1_dict", "dict": "step1_dict", "database": "step2_database", "redis": "step3_redis"}
SLOW = {False: "", True: "-m slow "}
README = {"en": "README.md", "zh": "README.zh.md"}
TABLE = re.compile(r"(<!-- table: ([^\n]*) -->\n)(.*?)(<!-- /table -->\n)", re.DOTALL)


def filled(document: Document) -> str:
    """Return the document's text with its tables written anew."""
    language = document.language

    def fill(table: re.Match[str]) -> str:
        name, *about = table[2].split()
        if name in MEASURED:
            first, *rows = MEASURED[name](read(RESULTS), about, language)
        else:
            first, rows = WORDS[name][language], ROWS[name](about, language)
        lines = [first, ["---"] * len(first), *rows]
        return table[1] + "".join(f"| {' | '.join(row)} |\n" for row in lines) + table[4]

    return TABLE.sub(fill, document.source)


def production(areas: list[str], language: str) -> list[list[str]]:
    """Return a row for each defect of these areas that hurts in production."""
    return [
        [defect, breakage.why[language], breakage.here[language]]
        for defect, breakage in breakages().items()
        if breakage.here and defect.partition("-")[0] in areas
    ]


def worst(_: list[str], language: str) -> list[list[str]]:
    """Return a row for each of the worst defects, with its lesson and its test."""
    every = breakages()
    return [
        row_of(defect, every[defect], language) for defect in tomllib.loads(DATA.read_text("utf-8"))["worst"]
    ]


def row_of(defect: str, breakage: Breakage, language: str) -> list[str]:
    """Return one row of the worst."""
    step = LESSONS[defect.partition("-")[0]]
    section = "before-production" if breakage.kind == IN_PRODUCTION else "predict-break-fix"
    lesson = f"[{step[4]}]({step}/{README[language]}#{section})"
    return [defect, breakage.why[language], lesson, f"`pytest -k {defect.replace('-', '_')}_`"]


def survivals(steps: list[str], language: str) -> list[list[str]]:
    """Return a row for each fault that was tried on these steps."""
    return [
        [
            fault.what[language],
            *fault.observed,
            fault.recovery[language],
            f"`pytest {SLOW[fault.slow]}-k fault_{name}`",
        ]
        for name, fault in faults().items()
        if str(fault.step) in steps
    ]


MEASURED = TABLES | SUMMARIES | SCALE
ROWS = {"faults": survivals, "production": production, "worst": worst}


if __name__ == "__main__":
    for each in documents("en") + documents("zh"):
        each.path.write_text(filled(each), encoding="utf-8")
