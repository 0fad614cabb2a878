"""What a machine can say against a document: each check returns its complaints, with file and line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise, zip_longest
from typing import Any, NamedTuple

from tests.helpers.started_steps import ROOT
from tests.helpers.what_survives import faults
from tools.break_it.breakage import breakages
from tools.documents.markdown import Document, Part, document
from tools.documents.prose import MOST_SENTENCES, MOST_WORDS, paragraphs, prose, sentences, words
from tools.documents.stages import stages, to_be_printed

HAN = r"[\u4e00-\u9fff]"
FULL_WIDTH = "，。；：！？、（）「」《》“”"
HASH = r"(^|[^\S\n]+)#.*"
PROMPT = re.compile(r"\$ |>>> |\.\.\. ")
COMMENT = {**dict.fromkeys(("python", "pycon", "diff", "sh", "console"), HASH), "sql": r"\s*--.*"}
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
    r"[*`~]|\]\(|\[!": "a mark that shows: emphasis, a link, code or a box that does not end where it should",
}
GROWN_LESSONS = {  # the lessons that grow their tracker, by folder
    "step1_dict": "1",
    "step2_database": "2",
    "step3_redis": "3",
}
FEWEST_PICTURES = 3
SHORTEST_EXPLANATION = 6  # words, or 汉字
STATE_OF_CI = "../../actions/workflows/"  # beside the files, where GitHub serves this repository
SETTINGS_OF_OTHERS = ("SQLALCHEMY_ECHO",)
UNITS = {"毫秒": "ms", "秒": "s", "second": "s", "seconds": "s"}
FIGURE = re.compile(r"((?:(?<!\w)[+-])?\d+(?:[.:]\d+)*) ?(%|毫秒|秒|(?:ms|µs|s|seconds?|KB|MB|GB)\b|)")
TEST_NAME = re.compile(r"def (test_\w+)\(")


def differences(english: Document, chinese: Document) -> list[str]:
    """Say where the two languages are out of step; within a section, the prose of each is its own."""
    found = []
    for ours, theirs in zip_longest(sections(english), sections(chinese)):
        mine, its = (section[0] if section else None for section in (ours, theirs))
        if mine is None or its is None or mine.kind != its.kind:
            found.append(f"{place(english, mine)} is not what {place(chinese, its)} is")
            break  # from here on, nothing is opposite its twin
        at = f"{place(chinese, its)}: "
        found += different(english, at, {"anchors": (mine.anchor, its.anchor)})
        found += different(english, at, {what: (of(ours), of(theirs)) for what, of in OF_PROSE.items()})
        for one, other in zip_longest(fixed(ours), fixed(theirs)):
            if one is None or other is None or one.kind != other.kind:
                found.append(f"{place(english, one)} is not what {place(chinese, other)} is")
                break
            pairs = {what: (of(one), of(other)) for what, of in OF_FIXED.items()}
            found += different(english, f"{place(chinese, other)}: ", pairs)
    return found


def different(english: Document, at: str, aspects: dict[str, tuple[Any, Any]]) -> list[str]:
    """Say which aspects of two twins are not the same."""
    return [
        f"{at}{what}: {english.name} has {show(mine, its)}, this {show(its, mine)}"
        for what, (mine, its) in aspects.items()
        if mine != its
    ]


def sections(each: Document) -> Iterator[list[Part]]:
    """Return what the other language must have too: the bar above the title, then each heading's section."""
    section: list[Part] = []
    alone = False
    for part in each.parts:
        if part.kind == "remark" and part.text in (f"only {each.language}", "/only"):
            alone = part.text != "/only"
        elif not alone:
            if section and re.fullmatch("h[1-6]", part.kind):
                yield section
                section = []
            section.append(part)
    yield section


def fixed(section: list[Part]) -> list[Part]:
    """Return what stands in the same order in both languages: code, remarks, cells, folds and boxes."""
    return [part for part in section if part.kind in FIXED or part.kind.startswith("table ")]


def free(section: list[Part]) -> list[Part]:
    """Return what each language writes in paragraphs of its own: all the rest."""
    return [part for part in section if part.kind not in FIXED and not part.kind.startswith("table ")]


def place(each: Document, part: Part | None) -> str:
    """Name a part for whoever has to mend it."""
    return f"{each.name}:{part.line} ({part.kind})" if part else f"{each.name}: its end"


def code_of(part: Part) -> object:
    """Return what a machine would see of a part: of a drawing, which has words in it, how many lines."""
    is_code = part.kind == "code" and part.language != "text"
    return without_comments(part) if is_code or part.kind == "remark" else part.text.count("\n")


def in_one_language(link: str) -> str:
    """Return where a link leads, in whichever language."""
    return link.replace(".zh.", ".")


FIXED = ("code", "remark", "fold", "end", "alert")
OF_PROSE: dict[str, Callable[[list[Part]], object]] = {
    "links": lambda section: {in_one_language(link) for part in free(section) for link in part.links},
    "pictures": lambda section: [in_one_language(file) for part in section for file in part.pictures],
    "figures": lambda section: {figure for part in free(section) for figure in figures(part.text)},
}
OF_FIXED: dict[str, Callable[[Part], object]] = {
    "languages of code": lambda part: part.language,
    "code": code_of,
    "inline code": lambda part: set(part.inline_code),
    "links": lambda part: Counter(map(in_one_language, part.links)),
    "figures": lambda part: figures(part.text),
}


def show(aspect: object, other: object) -> str:
    """Write an aspect shortly: of code, the first line that differs; of a set, what the other lacks."""
    if isinstance(aspect, str) and isinstance(other, str):
        lines = zip_longest(aspect.splitlines(), other.splitlines())
        aspect = next(line for line, its in lines if line != its)
    if isinstance(aspect, set) and isinstance(other, set):
        return f"{sorted(aspect - other)} alone"
    return repr(sorted(aspect.elements()) if isinstance(aspect, Counter) else aspect)


def without_comments(part: Part) -> str:
    """Return code as the machine sees it."""
    comment = COMMENT.get(part.language)
    return re.sub(comment, "", part.text, flags=re.MULTILINE) if comment else part.text


def run_otherwise(english: Document, chinese: Document) -> list[str]:
    """Say where the tests would run, or compare, something else in Chinese: they run the English alone."""
    both = zip_longest(runs(english), runs(chinese), fillvalue=(None, ()))
    return [
        f"{place(chinese, its)}: this is not run as {place(english, mine)} is"
        for (mine, ours), (its, theirs) in both
        if ours != theirs
    ]


def runs(each: Document) -> Iterator[tuple[Part, tuple[str, ...]]]:
    """Return each block that the tests run, or compare with what is shown, and all of it but its comments."""
    said = ""
    for part in each.parts:
        if part.kind == "remark":
            said = said if part.text.startswith("stop ") else part.text
            continue
        if part.kind == "code" and not said.startswith(("not run: ", "from ", "diff: ")):
            lines = part.text.splitlines()
            if part.language in ("console", "pycon"):  # what comes back has no comments
                lines = [re.sub(HASH, "", line) if PROMPT.match(line) else line for line in lines]
            elif part.language == "text":
                lines = lines if said.startswith("shown by ") else []  # otherwise a drawing
            else:
                lines = [to_be_printed(part.text), *without_comments(part).splitlines()]
            yield part, (part.language, said, *lines)
        said = ""


def figures(text: str) -> Counter[str]:
    """Count the figures in a text, with their signs and units: 200,000 and 20 万 are the same one."""
    for unit, size in (("万", 10_000), ("亿", 100_000_000)):
        text = re.sub(rf"(\d+(?:\.\d+)?) ?{unit}", lambda n, size=size: f"{float(n[1]) * size:.0f}", text)  # type: ignore[misc]
    text = re.sub(r"第 (\d+) 秒", r"\1", text)  # second 59 is no length of time
    found = FIGURE.findall(re.sub(r"(?<=\d),(?=\d{3})", "", text))
    return Counter(number + UNITS.get(unit, unit) for number, unit in found)


def untranslated_terms(english: Document, chinese: Document) -> list[str]:
    """Say where a section has a term of the glossary in English, and in Chinese only another word."""
    found = []
    for ours, theirs in zip(sections(english), sections(chinese), strict=False):
        mine, its = (" ".join(part.text for part in prose(section)) for section in (ours, theirs))
        found += [
            f"{place(chinese, theirs[0])}: {term.english!r} is {term.chinese}"
            for term in glossary()
            if term.uses(mine, "en") and not term.uses(its, "zh")
        ]
    return found


class Term(NamedTuple):
    """A row of CONTRIBUTING.md's glossary.

    avoided: the Chinese words that must not stand for it.
    lesson: the number of the lesson that explains it; "" for a term that needs no explanation.
    """

    english: str
    chinese: str
    avoided: str
    lesson: str

    def uses(self, text: str, language: str) -> int:
        """Count how often a text has the term."""
        pattern = self.chinese if language == "zh" else rf"\b{self.english}(?:e?s)?\b"
        return len(re.findall(pattern, text))


@cache
def glossary() -> list[Term]:
    """Return the rows of CONTRIBUTING.md's glossary."""
    lines = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split('<a id="glossary">')[1].splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")]
    return [Term(*row) for row in rows[1:]]


def long_paragraphs(each: Document) -> list[str]:
    """Say which paragraphs hold more than one idea, as far as their length tells."""
    most = MOST_WORDS[each.language]
    found = []
    for part in paragraphs(each):
        length, told = words(part.text, each.language), sentences(part.text, each.language)
        if length > most or told > MOST_SENTENCES:
            limits = f"at most {MOST_SENTENCES} and {most}"
            found.append(f"{place(each, part)}: {told} sentences, {length} words: {limits} a paragraph")
    return found


def open_folds(each: Document) -> list[str]:
    """Say where a fold is opened within another, or ends without one, or never."""
    found = []
    opened: Part | None = None
    for part in each.parts:
        if part.kind in ("fold", "end"):
            if (part.kind == "fold") == bool(opened):
                found.append(f"{place(each, part)}: no fold may be here")
            opened = part if part.kind == "fold" else None
    return [*found, *([f"{place(each, opened)}: this fold has no end"] if opened else [])]


def lesson_of(each: Document) -> str:
    """Return the number of a lesson that is held to what all will be held to; "" for any other page."""
    return GROWN_LESSONS.get(each.name.partition("/")[0], "")


def few_pictures(each: Document) -> list[str]:
    """Say where a lesson has fewer pictures than people would rather look at than read."""
    pictures = {picture for part in each.parts for picture in part.pictures}
    few = bool(lesson_of(each)) and len(pictures) < FEWEST_PICTURES
    return [f"{each.name}: {len(pictures)} pictures, and not {FEWEST_PICTURES}"] if few else []


def unexplained_terms(each: Document) -> list[str]:
    """Say which terms a lesson uses a second time before it explains them.

    Where a term is explained, in a sentence, it stands in bold. The glossary says which lesson explains it.
    """
    found = []
    for term in glossary():
        if term.lesson and term.lesson == lesson_of(each):
            where = explanation(each, term)
            if where is None:
                found.append(f"{each.name}: {term.english!r} is explained nowhere")
            elif (uses := sum(term.uses(part.text, each.language) for part in where[0])) > 1:
                found.append(f"{place(each, where[1])}: {term.english!r} has stood there {uses} times before")
    return found


def explanation(each: Document, term: Term) -> tuple[list[Part], Part] | None:
    """Return the paragraph that explains the term, and the prose above it; None if none does."""
    above: list[Part] = []
    for part in prose(each.parts):
        in_sentences = part.kind.endswith("p") and words(part.text, each.language) >= SHORTEST_EXPLANATION
        if in_sentences and any(term.uses(bold, each.language) for bold in part.bold):
            return above, part
        if not part.kind.startswith("table "):
            above.append(part)
    return None


def lines_never_shown(each: Document) -> list[str]:
    """Say which lines of a lesson's tracker the lesson does not show."""
    if not lesson_of(each):
        return []
    file = f"{each.path.parent.name}/tracker.py"
    shown = {
        line.strip()
        for remark, part in pairwise(each.parts)
        if remark.kind == "remark" and remark.text == f"from {file}"
        for line in part.text.splitlines()
    }
    source = (ROOT / file).read_text(encoding="utf-8")
    code = source.split('"""', 2)[2]  # the docstring above says how it is used, and not how it works
    lines = [line for line in map(str.strip, code.splitlines()) if line and line not in shown]
    return [f"{each.name} never shows this line of {file}: {line}" for line in lines]


def stages_that_do_not_fit(each: Document) -> list[str]:
    """Say which stage's diff does not fit the program before it, or which is shown without its number."""
    try:
        number = len(list(stages(each)))
    except ValueError as error:
        return [f"{each.name}: {error}"]
    above = re.findall(r"(.+)\n\n<!-- stage -->\n", each.source)
    named = {"en": "stage {}", "zh": "阶段 {}"}[each.language].format
    return [
        f"{each.name}: the line above a stage does not say that it is {named(n)}"
        for n, line in zip(range(1, number + 1), above, strict=True)
        if not re.search(rf"{named(n)}\b", line)
    ]


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
        avoided = {word for term in glossary() for word in term.avoided.split("、") if word}
        found += [f"the glossary has another word for {word}" for word in sorted(avoided) if word in text]
    return found


def dead_links(each: Document) -> list[str]:
    """Say which links lead nowhere, into the other language, or out of this repository."""
    found = []
    for part in each.parts:
        for link in (*part.links, *part.pictures):
            file, _, anchor = link.partition("#")
            target = (each.path.parent / file).resolve() if file else each.path
            if link.startswith("http"):
                wrong = (
                    ""
                    if link.startswith("http://127.0.0.1:")
                    else "leaves this repository, and may rot unseen"
                )
            elif link.startswith(STATE_OF_CI):
                wrong = ""
            elif not target.exists() or not target.is_relative_to(ROOT):
                wrong = "does not exist"
            elif target.suffix in (".png", ".gif", ".svg"):
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


@cache
def sources(folders: str) -> list[str]:
    """Read all programs below some folders."""
    return [path.read_text(encoding="utf-8") for path in ROOT.glob(f"{folders}/**/*.py")]
