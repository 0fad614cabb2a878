"""Every cure can be taken out, and the test that it names notices: python -m tools.break_it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers.started_steps import ROOT
from tools.break_it import breakage as break_it
from tools.break_it.breakage import Breakage, Outcome, breakages, broken_run, copy_to, main, run, without_cure
from tools.documents.checks import misprints_in

EVERY = breakages()
DEFECT_TEST = re.compile(r"def test_(auth|dict|database|request|redis)_(\d+)_")
KINDS = {"does not run", "counts wrong", "hurts in production"}


def test_every_defect_that_a_test_is_named_after_can_be_broken() -> None:
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    tested = {f"{area}-{number}" for text in files for area, number in DEFECT_TEST.findall(text)}
    assert tested == EVERY.keys() | set(without_cure())


@pytest.mark.parametrize("defect", EVERY)
def test_each_breakage_finds_its_text_and_names_its_test(defect: str) -> None:
    breakage = EVERY[defect]
    assert breakage.broken((ROOT / breakage.file).read_text(encoding="utf-8"))
    file, _, name = breakage.test.partition("::")
    assert name.startswith(f"test_{defect.replace('-', '_')}_")
    assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("defect", EVERY)
def test_each_breakage_says_in_both_languages_why_it_matters(defect: str) -> None:
    breakage = EVERY[defect]
    assert breakage.kind in KINDS
    assert (breakage.here is not None) == (breakage.kind == "hurts in production")
    for texts in (breakage.why, breakage.here or breakage.why):
        assert texts.keys() == {"en", "zh"}
        for language, text in texts.items():
            assert misprints_in(re.sub("`[^`]*`", "x", text), language) == []


def test_a_text_to_find_that_is_gone_or_there_twice_is_noticed() -> None:
    breakage = EVERY["dict-4"]
    for source in ("", breakage.find * 2):
        with pytest.raises(ValueError, match=r"step1_dict/tracker\.py must have this once"):
            breakage.broken(source)


def test_without_an_id_it_lists_what_can_be_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    listed = capsys.readouterr().out
    for defect, breakage in EVERY.items():
        assert defect in listed
        assert breakage.why["en"] in listed
        assert breakage.why["zh"] in listed


def test_an_id_that_is_not_there_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["dict-9"])
    assert "dict-4" in capsys.readouterr().err  # Python 3.13.5 and later write it without quotes


@pytest.mark.parametrize("defect", without_cure())
def test_what_has_no_cure_says_which_test_shows_it(defect: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([defect]) == 2
    assert f"pytest -k {defect.replace('-', '_')}_ " in capsys.readouterr().out


def test_it_shows_the_change_and_the_failing_test_and_leaves_the_files_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    breakage = EVERY["dict-5"]
    file = ROOT / breakage.file
    before = file.read_bytes(), file.stat().st_mtime_ns
    assert main(["dict-5"]) == 0
    shown = capsys.readouterr().out
    assert f"\n+        {breakage.put}" in shown
    assert "\nE   assert 0 == 1\n" in shown
    assert shown.endswith(
        "test_dict_5_the_fraction_of_the_second_counts notices. Your own files are as they were.\n"
    )
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    ("outcome", "code", "said"),
    [
        pytest.param(Outcome(0, "1 passed in 0.5s"), 1, "does not notice", id="it passes"),
        pytest.param(Outcome(1, "E   KeyError: 7"), 1, "does not notice", id="it fails for another reason"),
        pytest.param(Outcome(0, "1 skipped in 0.5s"), 2, "cannot be run here", id="it is skipped"),
        pytest.param(
            Outcome(2, "E   no module named x"), 2, "cannot be run here", id="it cannot be collected"
        ),
        pytest.param(Outcome(-1, "It has not ended"), 2, "cannot be run here", id="it does not end"),
    ],
)
def test_a_test_that_does_not_notice_is_told(
    outcome: Outcome,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(break_it, "run", lambda folder, *tests: outcome)
    assert main(["dict-4"]) == code
    assert said in capsys.readouterr().out


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that each breakage finds as it was."""
    folder = tmp_path_factory.mktemp("copy")
    copy_to(folder)
    return folder


@pytest.mark.slow
def test_without_a_breakage_all_their_tests_pass(copy: Path) -> None:
    outcome = run(copy, *{breakage.test for breakage in EVERY.values()})
    assert outcome.passed, outcome.output


@pytest.mark.slow
@pytest.mark.parametrize("breakage", EVERY.values(), ids=EVERY)
def test_with_the_breakage_its_test_fails_for_that_reason(breakage: Breakage, copy: Path) -> None:
    _, outcome = broken_run(breakage, copy)
    assert outcome.shows(breakage), outcome.output
