"""tools/lift.py: the folder that it makes works as it is, wherever it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.started_steps import ROOT
from tools.lift import STEPS, main

COUNTS = """
from flask import Flask
{lines}
app = Flask("own")
app.config["DATABASE"] = "own.sqlite"
{call}
with app.app_context():
    record(7)
    print(get_online())
"""


@pytest.mark.parametrize(("inside", "imported_as"), [("", "online"), ("yourapp/web", "yourapp.web.online")])
@pytest.mark.parametrize("step", ["step1_dict", "step2_sqlite3"])
def test_the_lines_that_it_prints_work_beside_a_module_and_inside_a_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], step: str, inside: str, imported_as: str
) -> None:
    parent = tmp_path / inside
    while not parent.exists():
        parent.mkdir(parents=True)
    for package in (parent, *parent.parents):
        if package.is_relative_to(tmp_path) and package != tmp_path:
            (package / "__init__.py").touch()
    main([step, str(parent / "online")])
    told = capsys.readouterr().out
    assert told == (
        f"{parent / 'online'} is made. To install: nothing beside Flask.\n"
        "Where your app is made:\n"
        f"    from {imported_as} import init_online\n"
        "    init_online(app)\n"
        "Where it knows whose request it is:\n"
        f"    from {imported_as} import record\n"
        "    record(user)\n"
    )
    lines = [line.strip() for line in told.splitlines() if " import " in line]
    lines.append(f"from {imported_as} import get_online")
    program = COUNTS.format(lines="\n".join(lines), call="init_online(app)")
    alone = [sys.executable, "-c", program]
    ran = subprocess.run(alone, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert ran.stdout == "1\n"


@pytest.mark.parametrize("step", STEPS)
def test_every_file_is_copied_as_it_is_and_imports_nothing_of_ours(tmp_path: Path, step: str) -> None:
    main([step, str(tmp_path / "online")])
    made = {path.name: path.read_bytes() for path in (tmp_path / "online").iterdir()}
    assert made == {name: (ROOT / source).read_bytes() for name, source in STEPS[step].files.items()}
    program = (
        "import sys, online; ours = {'common', 'step1_dict', 'step2_database', 'step3_redis', 'tools'};"
        "print(ours & set(sys.modules), sorted(set(online.__all__) - set(dir(online))))"
    )
    alone = [sys.executable, "-c", program]
    ran = subprocess.run(alone, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert ran.stdout == "set() []\n"


@pytest.mark.parametrize(
    ("folder", "refusal"),
    [
        ("there", "there is there already: delete it first, or give another name."),
        ("no/online", "no is no folder: name one that is there, and the folder to make in it."),
        ("on-line", "on-line is no name that Python can import: call the folder online, for example."),
        ("import", "import is no name that Python can import: call the folder online, for example."),
    ],
)
def test_a_folder_that_cannot_be_made_is_refused_in_a_sentence_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, refusal: str
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["step1_dict", folder])
    assert ended.value.code == refusal
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]
