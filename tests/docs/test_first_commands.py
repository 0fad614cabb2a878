"""The README's two commands, run where nothing is set up; needs the network, or wheels at hand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT, Client, address_in

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the commands for Windows stand beside these"),
]

LEFT_BEHIND = shutil.ignore_patterns(".venv", ".git", "instance", "*.egg-info", "__pycache__", ".*_cache")


def test_the_first_command_runs_step_1_on_a_machine_that_has_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "cookbook"
    shutil.copytree(ROOT, copy, ignore=LEFT_BEHIND)
    command = first_command("README.md")
    assert command == first_command("README.zh.md")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            ["sh", "-c", command],
            cwd=copy,
            env=environment | {"PORT": "0"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        client = Client(address_in(tmp_path / "log", process, seconds=300))
        assert client.online() == 0
        client.sign_in("alice")
        client.sign_in("bob")
        assert client.online() == 2
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)


def first_command(readme: str) -> str:
    """Return the line that sets up and runs step 1."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    found = re.search(r"^sh setup\.sh && .*step1_dict/app\.py$", text, re.MULTILINE)
    assert found
    return found[0]
