"""What a machine can say against a document: each check returns its complaints, with file and line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise, takewhile, zip_longest

from tests.helpers.started_steps import ROOT
from tests.helpers.what_survives import faults
from tools.break_it.defects import breakages
from tools.documents.markdown import Document, Part, document

HAN = r"[\u4e00-\u9fff]"
FULL_WIDTH = "，。；：！？、（）「」《》“”"
COMMENT = {"python": r"(^|\s+)#.*", "sh": r"(^|\s+)#.*", "console": r"(^|\s+)#.*", "sql": r"\s*--.*"}
TYPOGRAPHY = {
    rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}": "a space belongs between Chinese and English or digits",
    rf"{HAN} ?[,.;:!?()]|[,;:!?()] ?{HAN}|[A-Za-z0-9]\. ?{HAN}": "Chinese has full-width punctuation",
    r'"': "quotation marks are 「」, and “” around English",
    rf" [{FULL_WIDTH}]|[{FULL_WIDTH}] ": "no space beside full-width punctuation",
    r"您": "the reader is 你",
    r"[０-９Ａ-Ｚａ-ｚ]": "digits and English letters are half-width",
}
EVERYWHERE = {
    r"\d %": "no space before %",
    r"\d(?:ms|µs|s|KB|MB|GB)\b": "a space before a unit",
    r"https?://(?!127\.0\.0\.1)": "an address that leaves this repository",
    r"[*`~]|\]\(": "a mark that shows: emphasis, a link or code that does not end where it should",
}
SETTINGS_OF_OTHERS = ("SQLALCHEMY_ECHO",)
UNITS = {"毫秒": "ms", "秒": "s", "second": "s", "seconds": "s"}
FIGURE = re.compile(r"((?:(?<!\w)[+-])?\d+(?:[.:]\d+)*) ?(%|毫秒|秒|(?:ms|µs|s|seconds?|KB|MB|GB)\b|)")
TEST_NAME = re.compile(r"def (test_\w+)\(")


def differences(english: Document, chinese: Document) -> list[str]:
    """Say where the two languages are out of step."""
    found = []
    for ours, theirs in zip_longest(comparable(english), comparable(chinese)):
        if ours is None or theirs is None or ours.kind != theirs.kind:
            found.append(f"{place(english, ours)} is not what {place(chinese, theirs)} is")
            break  # from here on, nothing is opposite its twin
        found += [
            f"{place(chinese, theirs)}: {what}: {english.name} has {show(mine, its)}, this {show(its, mine)}"
            for what, mine, its in zip(ASPECTS, aspects(ours), aspects(theirs), strict=True)
            if mine != its
        ]
    return found


def comparable(each: Document) -> Iterator[Part]:
    """Return the parts that the other language must have too."""
    alone = False
    for part in each.parts:
        if part.kind == "remark" and part.text in (f"only {each.language}", "/only"):
            alone = part.text != "/only"
        elif not alone:
            yield part


def place(each: Document, part: Part | None) -> str:
    """Name a part for whoever has to mend it."""
    return f"{each.name}:{part.line} ({part.kind})" if part else f"{each.name}: its end"


ASPECTS = ("anchors", "languages of code", "code", "inline code", "emphasis", "links", "figures")


def aspects(part: Part) -> tuple[object, ...]:
    """Return what is the same in both languages, one for each of ASPECTS."""
    is_code = part.kind == "code" and part.language != "text"  # a drawing has words in it
    return (
        part.anchor,
        part.language,
        without_comments(part) if is_code or part.kind == "remark" else part.text.count("\n"),
        set(part.inline_code),
        part.emphases,
        Counter(link.replace(".zh.", ".") for link in part.links),
        figures(part.text),
    )


def show(aspect: object, other: object) -> str:
    """Write an aspect shortly: of code, the first line that the other has otherwise."""
    if isinstance(aspect, str) and isinstance(other, str):
        lines = zip_longest(aspect.splitlines(), other.splitlines())
        aspect = next(line for line, its in lines if line != its)
    return repr(sorted(aspect.elements()) if isinstance(aspect, Counter) else aspect)


def without_comments(part: Part) -> str:
    """Return code as the machine sees it."""
    comment = COMMENT.get(part.language)
    return re.sub(comment, "", part.text, flags=re.MULTILINE) if comment else part.text


def figures(text: str) -> Counter[str]:
    """Count the figures in a text, with their signs and units: 200,000 and 20 万 are the same one."""
    for unit, size in (("万", 10_000), ("亿", 100_000_000)):
        text = re.sub(rf"(\d+(?:\.\d+)?) ?{unit}", lambda n, size=size: f"{float(n[1]) * size:.0f}", text)  # type: ignore[misc]
    text = re.sub(r"第 (\d+) 秒", r"\1", text)  # second 59 is no length of time
    found = FIGURE.findall(re.sub(r"(?<=\d),(?=\d{3})", "", text))
    return Counter(number + UNITS.get(unit, unit) for number, unit in found)


def prose(parts: Iterable[Part]) -> Iterator[Part]:
    """Return what people read as text, up to the glossary, which has words that no text may have."""
    for part in takewhile(lambda part: part.anchor != "glossary", parts):
        if part.kind not in ("code", "remark"):
            yield part


def untranslated_terms(english: Document, chinese: Document) -> list[str]:
    """Say where the English has a term of the glossary and the Chinese, opposite, another word."""
    return [
        f"{place(chinese, theirs)}: {term!r} is {translation}"
        for ours, theirs in zip(prose(comparable(english)), prose(comparable(chinese)), strict=False)
        for term, translation, _ in glossary()
        if re.search(rf"\b{term}s?\b", ours.text) and translation not in theirs.text
    ]


@cache
def glossary() -> list[list[str]]:
    """Return the rows of CONTRIBUTING.md's glossary: English, Chinese, and what not to write."""
    lines = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split('<a id="glossary">')[1].splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")]
    return rows[1:]


def misprints(each: Document) -> list[str]:
    """Say where a text is not set as CONTRIBUTING.md asks."""
    found = [f"{place(each, part)}: one line a paragraph" for part in each.parts if part.breaks_lines]
    found += [f"{place(each, part)}: nobody checks {what}" for part in each.parts for what in part.unknown]
    for part in prose(each.parts):
        found += [f"{place(each, part)}: {what}" for what in misprints_in(part.text, each.language)]
    return found


def misprints_in(text: str, language: str) -> list[str]:
    """Say what is not set as it should be in a text of one language."""
    rules = EVERYWHERE | (TYPOGRAPHY if language == "zh" else {})
    found = [f"{what}: {hit[0]!r}" for rule, what in rules.items() for hit in re.finditer(rule, text)]
    if language == "zh":
        avoided = {word for _, _, words in glossary() for word in re.split("、|, ", words) if word}
        found += [f"the glossary has another word for {word}" for word in sorted(avoided) if word in text]
    return found


def dead_links(each: Document) -> list[str]:
    """Say which links lead nowhere, into the other language, or out of this repository."""
    found = []
    for part in each.parts:
        for link in part.links:
            file, _, anchor = link.partition("#")
            target = (each.path.parent / file).resolve() if file else each.path
            if link.startswith("http"):
                wrong = (
                    ""
                    if link.startswith("http://127.0.0.1:")
                    else "leaves this repository, and may rot unseen"
                )
            elif not target.exists() or not target.is_relative_to(ROOT):
                wrong = "does not exist"
            elif target.suffix in (".png", ".svg"):
                language = "zh" if target.stem.endswith(".zh") else "en"
                wrong = "is in the other language" if language != each.language else ""
            elif target.suffix != ".md":
                wrong = "has no anchors" if anchor else ""
            else:
                there = each if target == each.path else document(target)
                wrong = f"has no anchor {anchor}" if anchor and anchor not in there.anchors else ""
                if target != each.twin_path and there.language != each.language:
                    wrong = "is in the other language"
            if wrong:
                found.append(f"{place(each, part)}: {link} {wrong}")
    return found


def bad_headings(each: Document) -> list[str]:
    """Say which headings have no anchor of their own in ASCII."""
    anchors = [part.anchor for part in each.parts if re.fullmatch("h[2-6]", part.kind)]
    twice = [anchor for anchor, count in Counter(anchors).items() if count > 1]
    wrong = [anchor for anchor in anchors if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", anchor)]
    levels = [int(part.kind[1]) for part in each.parts if re.fullmatch("h[1-6]", part.kind)]
    found = [f"{each.name}: the anchor {anchor!r} is there twice" for anchor in twice]
    found += [f"{each.name}: {anchor!r} is no anchor: small letters, digits and hyphens" for anchor in wrong]
    if levels.count(1) != 1 or any(after > before + 1 for before, after in pairwise(levels)):
        found.append(f"{each.name}: one h1, and no level left out: {levels}")
    return found


def code_that_is_not_run(each: Document) -> list[str]:
    """Say where code stands in a way that no test would run it."""
    return [
        f"{place(each, part)}: nobody runs this"
        for part in each.parts
        if part.kind == "code_block"
        or (part.language == "text" and re.search(r"^\$ ", part.text, re.MULTILINE))
        or (part.language == "pycon" and not part.text.startswith(">>> "))
    ]


def outdated_code(each: Document) -> list[str]:
    """Say where code is shown from a file that has it otherwise."""
    return [
        f"{place(each, part)}: not as in {remark.text.removeprefix('from ')}"
        for remark, part in pairwise(each.parts)
        if remark.kind == "remark" and remark.text.startswith("from ")
        if "\n" + part.text not in (ROOT / remark.text.removeprefix("from ")).read_text(encoding="utf-8")
    ]


def unknown_names(each: Document) -> list[str]:
    """Say which tests, breakages and settings a text names that do not exist."""
    tests = [name for source in sources("tests") for name in TEST_NAME.findall(source)]
    programs = "".join([*sources("common"), *sources("step[0-9]_*"), *SETTINGS_OF_OTHERS])
    known = breakages()
    return [
        *(
            f"{each.name}: pytest -k {wanted} finds no test"
            for wanted in re.findall(r"pytest (?:-m slow )?-k (\w+)", each.source)
            if not any(wanted in name for name in tests) and wanted.removeprefix("fault_") not in faults()
        ),
        *(
            f"{each.name}: there is no breakage {defect}"
            for defect in re.findall(r"tools\.break_it ([a-z]+-\d+)", each.source)
            if defect not in known
        ),
        *(
            f"{each.name}: there is no setting FLASK_{setting}"
            for setting in re.findall(r"\bFLASK_([A-Z_]+\b)", each.source)
            if not re.search(rf"\b{setting}\b", programs)
        ),
    ]


def sources(folders: str) -> list[str]:
    """Read all programs below some folders."""
    return [path.read_text(encoding="utf-8") for path in ROOT.glob(f"{folders}/**/*.py")]
