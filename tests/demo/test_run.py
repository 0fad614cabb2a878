"""What the demo accepts and keeps."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from demo.run import kept_secret, port_number


@pytest.mark.parametrize(("text", "port"), [("0", 0), ("5001", 5001), ("65535", 65535)])
def test_a_port_is_a_number(text: str, port: int) -> None:
    assert port_number(text) == port


@pytest.mark.parametrize("text", ["", "-1", "65536", "abc", "50 01", "٥", "1e3", "9" * 5000])
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="give a number from 0 to 65535"):
        port_number(text)


def test_the_secret_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    path = tmp_path / "key"
    secret = kept_secret(path)
    assert len(secret) == 64
    assert kept_secret(path) == secret
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0


def test_a_secret_file_left_empty_by_a_crash_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch()
    assert kept_secret(path) == path.read_text(encoding="utf-8") != ""
