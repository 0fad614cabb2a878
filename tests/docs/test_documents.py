"""The documents as they stand: links, code shown from files, tables from data, and two languages in step."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.helpers.started_steps import ROOT
from tests.helpers.what_survives import faults
from tests.step3_redis.test_acl import ON_A_CLUSTER, RULE
from tools.break_it.breakage import breakages
from tools.documents import checks
from tools.documents.markdown import Document, document, documents
from tools.documents.stages import stages, to_be_printed
from tools.documents.tables import TABLE, filled

ENGLISH, CHINESE = documents("en"), documents("zh")
BOTH = ENGLISH + CHINESE
OF_ONE = (
    checks.misprints,
    checks.dead_links,
    checks.bad_headings,
    checks.open_folds,
    checks.long_paragraphs,
    checks.few_pictures,
    checks.unexplained_terms,
    checks.lines_never_shown,
    checks.stages_that_do_not_fit,
    checks.code_that_is_not_run,
    checks.outdated_code,
    checks.unknown_names,
)
OF_A_PAIR = (checks.differences, checks.untranslated_terms, checks.run_otherwise)


def named(each: object) -> str:
    """What pytest calls a parameter."""
    return each.name if isinstance(each, Document) else getattr(each, "__name__", str(each))


def pair(name: str) -> tuple[Document, Document]:
    """Return one document in both languages."""
    english = document(ROOT / name)
    return english, document(english.twin_path)


def test_every_document_has_its_twin() -> None:
    assert [each.twin_path for each in ENGLISH] == [each.path for each in CHINESE]
    assert "step3_redis/README.md" in [each.name for each in ENGLISH]


@pytest.mark.parametrize("check", OF_A_PAIR, ids=named)
@pytest.mark.parametrize("name", [each.name for each in ENGLISH])
def test_the_two_languages_are_in_step(name: str, check: Callable[[Document, Document], list[str]]) -> None:
    assert check(*pair(name)) == []


@pytest.mark.parametrize("check", OF_ONE, ids=named)
@pytest.mark.parametrize("each", BOTH, ids=named)
def test_each_document_is_sound(each: Document, check: Callable[[Document], list[str]]) -> None:
    assert check(each) == []


@pytest.mark.parametrize("each", BOTH, ids=named)
def test_the_tables_are_those_of_the_data(each: Document) -> None:
    remarks = [part.text for part in each.parts if part.kind == "remark" and part.text.startswith("table")]
    assert len(remarks) == len(TABLE.findall(each.source))
    assert each.source == filled(each), "run make docs"


@pytest.mark.parametrize(
    "file",
    [
        "demo/page.html",
        "tools/benchmarks/report/plots.py",
        "tools/benchmarks/report/specification.py",
        "tools/break_it/defects.toml",
    ],
)
def test_what_is_shown_beside_the_documents_has_the_words_of_the_glossary_too(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    avoided = {word for term in checks.glossary() for word in term.avoided.split("、") if word}
    assert [word for word in sorted(avoided) if word in text] == []


def test_every_defect_that_hurts_in_production_is_in_a_lesson_and_the_worst_are_in_front() -> None:
    tables = {each.name: "".join(table[3] for table in TABLE.finditer(each.source)) for each in ENGLISH}
    lessons = "".join(tables[each.name] for each in ENGLISH if each.name.startswith("step"))
    for defect, breakage in breakages().items():
        assert (f"| {defect} |" in lessons) == (breakage.here is not None), defect
    assert tables["README.md"].count("`pytest -k ") == 8


def test_every_fault_is_in_the_page_and_has_its_experiment() -> None:
    page = document(ROOT / "docs" / "what-survives.md").source
    experiments = "".join(
        path.read_text(encoding="utf-8") for path in ROOT.glob("tests/step*/test_what_survives.py")
    )
    for name, fault in faults().items():
        assert f"-k fault_{name}`" in page
        assert f'"{name}"' in experiments
        assert (f"mark.slow\ndef test_fault_{name}(" in experiments) == fault.slow


@pytest.mark.parametrize("each", BOTH, ids=named)
def test_few_blocks_are_not_run_and_they_say_why(each: Document) -> None:
    not_run = [part.text for part in each.parts if part.kind == "remark" and part.text.startswith("not run")]
    assert all(len(remark.removeprefix("not run: ")) > 20 for remark in not_run)
    assert len(not_run) <= 2


STAGES = [
    (each.name, number)
    for each in ENGLISH
    if checks.lesson_of(each)
    for number in range(len(list(stages(each))))
]


@pytest.mark.parametrize(("name", "number"), STAGES)
def test_each_stage_of_a_lesson_runs_and_prints_what_both_languages_say(name: str, number: int) -> None:
    program, its_twin = (list(stages(each))[number] for each in pair(name))  # apart in comments at most
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert run.stdout == to_be_printed(program) == to_be_printed(its_twin) != ""


@pytest.mark.parametrize("each", [each for each in BOTH if checks.lesson_of(each)], ids=named)
def test_a_lesson_grows_in_at_least_four_stages(each: Document) -> None:
    assert len(list(stages(each))) >= 4


def test_a_stage_that_would_print_something_else_is_noticed() -> None:
    program = next(stages(changed(document(ROOT / LESSON), "print(get_online())  # 2", "print(3)  # 2")))
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert run.stdout != to_be_printed(program)


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_a_front_page_is_150_lines_at_most(name: str) -> None:
    assert document(ROOT / name).source.count("\n") <= 150


LESSON, LESSON_ZH = "step1_dict/README.md", "step1_dict/README.zh.md"
LESSON_3 = "step3_redis/README.md"
LESSON_2_ZH = "step2_database/README.zh.md"
FOLD = "<details><summary>For later</summary>\n"
SLIPS_OF_A_PAIR = {
    "a figure": ("README.md", "8 hours off", "9 hours off", "figures"),
    "a figure, in Chinese": ("README.zh.md", "差 8 小时", "差 9 小时", "figures"),
    "a figure in 万": (LESSON_2_ZH, "20 万用户", "2 万用户", "figures"),
    "a figure in a table": (LESSON, "| 400, 503 |", "| 400, 504 |", "figures"),
    "a figure in a drawing": ("docs/scale.md", "127.0.0.1:8002", "127.0.0.1:8003", "figures"),
    "a line of code": (LESSON, "- 5 * 60  #", "- 6 * 60  #", "code"),
    "a shown output": (LESSON, '"minutes":5,', '"minutes":6,', "code"),
    "what code is in": (LESSON, "```python", "```py", "languages of code"),
    "what is to be printed": (
        LESSON,
        "print(get_online())  # 2",
        "print(get_online())  # 3",
        "is not run as",
    ),
    "what is shown by a command": ("step3_redis/README.zh.md", '"ZADD"', '"ZREM"', "is not run as"),
    "a command more": (LESSON_ZH, "图从左往右看", "```sh\ntrue\n```\n\n图从左往右看", "is not run as"),
    "a unit": (LESSON_3, "wait 0.2 s, and", "wait 0.2 ms, and", "figures"),
    "a sign, in Chinese": (LESSON_2_ZH, "偏移量是 +08:06", "偏移量是 -08:06", "figures"),
    "inline code in a table": (LESSON, "| `GET /` |", "| `GET /page` |", "inline code"),
    "a picture": ("README.md", "docs/plots/edge.svg", "docs/plots/mark.svg", "pictures"),
    "a fold": (LESSON, "Read the picture", f"{FOLD}\nRead the picture\n</details>\n", "is not what"),
    "a box": (LESSON, "Read the picture", "> [!TIP]\n> Read the picture", "is not what"),
    "a heading's level": (LESSON, "## What you can do", "### What you can do", "is not what"),
    "a heading less": (LESSON, '## See it run <a id="run-it"></a>', "", "is not what"),
    "a heading less, in Chinese": (LESSON_ZH, '## 先跑起来看看 <a id="run-it"></a>', "", "is not what"),
    "an anchor": (LESSON, '<a id="record">', '<a id="summary">', "anchors"),
    "a row less": (LESSON, "\n| dict-2 |", "\n\n| dict-2 |", "is not what"),
    "a link": (LESSON, "(../tests/common/test_auth.py)", "(../conftest.py)", "links"),
    "a remark less": (LESSON, "<!-- from common/auth.py -->", "", "is not what"),
    "a term, in Chinese": ("README.zh.md", "换成你自己得到的令牌", "换成你自己得到的", "'token' is 令牌"),
}
SLIPS_OF_ONE = {
    "a file that is not there": (LESSON, "](app.py)", "](apps.py)", "apps.py does not exist"),
    "a file outside": (LESSON, "](app.py)", "](../../app.py)", "does not exist"),
    "an anchor that is not there": (
        LESSON_3,
        "deployment.md#redis-user",
        "deployment.md#redis-users",
        "no anchor redis-users",
    ),
    "an anchor here that is not there": (
        "docs/measurements.zh.md",
        "(#what-must-hold)",
        "(#what-holds)",
        "no anchor what-holds",
    ),
    "an anchor of a program": (LESSON, "](app.py)", "](app.py#L1)", "has no anchors"),
    "the other language": (
        LESSON_ZH,
        "[首页](../README.zh.md)建",
        "[首页](../README.md)建",
        "other language",
    ),
    "the other language, in the bar": (
        LESSON_ZH,
        "[首页](../README.zh.md) ·",
        "[首页](../README.md) ·",
        "language",
    ),
    "another host, bare": (LESSON, "Read the picture", "Read https://example.org/,", "leaves this"),
    "an image that is not there": (
        LESSON,
        "Read the picture",
        "![x](../x.svg) Read the picture",
        "does not exist",
    ),
    "an image without words": (
        "README.md",
        "![What",
        "![](docs/plots/edge.svg)![What",
        "no words for whoever",
    ),
    "an image in the other language": ("README.zh.md", "edge.zh.svg", "edge.svg", "in the other language"),
    "other HTML": (
        LESSON,
        "Read the picture",
        '<a href="gone.md">x</a> Read the picture',
        "nobody checks <a",
    ),
    "indented code": (LESSON, "Now you know the whole file, so", "    $ false\n\nSo", "nobody runs this"),
    "a transcript that is not run": (LESSON, "```console", "```text", "nobody runs this"),
    "a unit without a space": ("docs/measurements.zh.md", " 30 s |", " 30s |", "a space before a unit"),
    "a full stop of half width": (
        LESSON_ZH,
        "图从左往右看。",
        "图从左往右看 dict.看。",
        "full-width punctuation",
    ),
    "other quotation marks": (LESSON_ZH, "会怎样？少", '会 "怎样"？少', "quotation marks"),
    "another host": (LESSON, "<http://127.0.0.1:5001/>", "<https://example.org/>", "leaves this repository"),
    "an anchor in Chinese": (LESSON_ZH, '<a id="record">', '<a id="记录">', "is no anchor"),
    "an anchor twice": (LESSON, '<a id="record">', '<a id="the-door">', "there twice"),
    "a picture that moves, and has no still one": (
        "README.md",
        'srcset="docs/page-step1.png"',
        'srcset="docs/page-still.png"',
        "docs/page-still.png does not exist",
    ),
    "a fold that never ends": (
        "README.md",
        "The three steps differ",
        f"{FOLD}\nThe three steps differ",
        "has no end",
    ),
    "a fold in a fold": (
        LESSON,
        "Read the picture",
        f"{FOLD}\n{FOLD}\n</details>\n\nRead the picture",
        "no fold may be",
    ),
    "an end of no fold": (
        LESSON,
        "Read the picture",
        "</details>\n\nRead the picture",
        "no fold may be here",
    ),
    "a box that nobody knows": (
        LESSON,
        "Read the picture",
        "> [!HINT]\n> Read the picture",
        "a mark that shows",
    ),
    "a long paragraph": (LESSON, "Read the picture", f"{'And more ' * 45}and more.", "words: at most"),
    "a long paragraph, in Chinese": (
        LESSON_ZH,
        "图从左往右看",
        "还有" * 90 + "图从左往右看",
        "words: at most",
    ),
    "ten sentences": (LESSON, "Read the picture", f"{'One more. ' * 5}Read the picture", "10 sentences"),
    "ten sentences, in Chinese": (LESSON_ZH, "图从左往右看", f"{'还有。' * 5}图从左往右看", "10 sentences"),
    "a term that is not explained": (LESSON, "a **circuit breaker**", "a breaker", "explained nowhere"),
    "a term, in Chinese, that is not explained": (LESSON_ZH, "**熔断**", "熔断", "explained nowhere"),
    "a term that is explained too late": (
        LESSON,
        "So there is nothing",
        "A window, a window. So there is nothing",
        "'window' has stood there 2 times before",
    ),
    "a line that is never shown": (
        LESSON,
        "    resolution = timedelta(0)\n",
        "",
        "shows this line of step1_dict",
    ),
    "a stage that does not fit": (LESSON, "-    last_seen[user] = int", "-    last_seen[user] =", "not once"),
    "a stage with another number": (LESSON, "(stage 2):", "(stage 3):", "does not say that it is stage 2"),
    "no anchor": (LESSON, ' <a id="record"></a>', "", "is no anchor"),
    "a level left out": (LESSON, "## What you can do", "#### What you can do", "no level left out"),
    "code that its file has otherwise": (LESSON, "    record(account)\n", "", "not as in common/auth.py"),
    "a test that is not there": (LESSON, "pytest -k dict_8_", "pytest -k dict_9_", "dict_9_ finds no test"),
    "a breakage that is not there": (LESSON, "break_it dict-5", "break_it dict-8", "no breakage dict-8"),
    "a setting that is not there": (
        LESSON,
        "FLASK_ONLINE_KEEP_MINUTES",
        "FLASK_KEEP",
        "no setting FLASK_KEEP",
    ),
    "a paragraph of two lines": (LESSON_ZH, "图从左往右看。", "图从左\n往右看。", "one line a paragraph"),
    "no space": (LESSON_ZH, "读一次系统时间", "读1次系统时间", "a space belongs"),
    "a comma of half width": (LESSON_ZH, "不会算错，", "不会算错, ", "full-width punctuation"),
    "a space beside a full stop": (LESSON_ZH, "往右看。每个", "往右看。 每个", "no space beside"),
    "digits of full width": (LESSON_ZH, "第 2、3 课里", "第 ２、3 课里", "half-width"),
    "bold that does not show": (
        LESSON_ZH,
        "**只记整秒（dict-5）**。把",
        "**只记整秒（dict-5）。**把",
        "a mark that shows",
    ),
    "a space before a percent sign": ("CONTRIBUTING.zh.md", "95%", "95 %", "no space before %"),
    "a word that the glossary avoids": (
        LESSON_ZH,
        "这五分钟叫**窗口**",
        "这五分钟叫**窗体**",
        "another word for 窗体",
    ),
}


def changed(each: Document, find: str, put: str) -> Document:
    """Return the document with a slip in it."""
    assert find in each.source
    return replace(each, source=each.source.replace(find, put, 1))


@pytest.mark.parametrize("name", ["docs/deployment.md", "docs/deployment.zh.md"])
def test_the_redis_user_shown_is_the_one_that_is_tried(name: str) -> None:
    page = document(ROOT / name)
    shown = "".join(part.text for part in page.parts if part.kind == "code").replace("'", "")
    assert f"ACL SETUSER presence {RULE}\n" in shown
    in_words = {code for part in page.parts for code in part.inline_code}
    assert in_words >= {*ON_A_CLUSTER.split()[-2:]}


@pytest.mark.parametrize(("name", "find", "put", "complaint"), SLIPS_OF_A_PAIR.values(), ids=SLIPS_OF_A_PAIR)
def test_what_is_changed_in_one_language_alone_is_noticed(
    name: str, find: str, put: str, complaint: str
) -> None:
    slipped = changed(document(ROOT / name), find, put)
    twin = document(slipped.twin_path)
    both = (slipped, twin) if slipped.language == "en" else (twin, slipped)
    complaints = [each for check in OF_A_PAIR for each in check(*both)]
    assert any(complaint in each and name in each for each in complaints), complaints


@pytest.mark.parametrize(("name", "find", "put", "complaint"), SLIPS_OF_ONE.values(), ids=SLIPS_OF_ONE)
def test_a_slip_in_one_document_is_noticed(name: str, find: str, put: str, complaint: str) -> None:
    slipped = changed(document(ROOT / name), find, put)
    complaints = [each for check in OF_ONE for each in check(slipped)]
    assert any(complaint in each and name in each for each in complaints), complaints


def test_a_lesson_without_pictures_is_noticed() -> None:
    lesson = document(ROOT / LESSON)
    (complaint,) = checks.few_pictures(replace(lesson, source=lesson.source.replace("![", "[")))
    assert complaint == f"{LESSON}: 0 pictures, and not 3"


def test_a_table_that_is_not_that_of_the_data_is_noticed() -> None:
    slipped = changed(document(ROOT / LESSON_ZH), "可以借此枚举用户名", "可以借此猜用户名")
    assert filled(slipped) != slipped.source


def test_a_passage_for_one_language_alone_needs_no_twin() -> None:
    english, chinese = pair(LESSON)
    alone = "<!-- only zh -->\n仅供国内读者。\n<!-- /only -->\n\n"
    as_it_is = checks.differences(english, chinese)
    assert checks.differences(english, changed(chinese, "## 现在你会了", f"{alone}## 现在你会了")) == as_it_is
    assert (
        checks.differences(english, changed(chinese, "## 现在你会了", "仅用 5 分钟。\n\n## 现在你会了"))
        != as_it_is
    )


def test_each_language_has_paragraphs_of_its_own() -> None:
    english, chinese = pair(LESSON)
    more = changed(chinese, "## 现在你会了", "说得**更细**一点：`len()`。\n\n## 现在你会了")
    assert checks.differences(english, more) == checks.differences(english, chinese) == []
