"""What the demo accepts and keeps."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from copy import copy as duplicate
from pathlib import Path
from threading import Lock

import pytest

from demo.run import port_number, read_or_make_key
from tests.helpers.started_steps import Client, Copy
from tests.helpers.threads import run_at_once


@pytest.mark.parametrize(("text", "port"), [("0", 0), ("5001", 5001), ("65535", 65535)])
def test_a_port_is_a_number(text: str, port: int) -> None:
    assert port_number(text) == port


@pytest.mark.parametrize("text", ["", "-1", "65536", "abc", "50 01", "٥", "1e3", "9" * 5000])
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="give a number from 0 to 65535"):
        port_number(text)


def test_the_secret_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    path = tmp_path / "key"
    secret = read_or_make_key(path)
    assert len(secret) == 64
    assert read_or_make_key(path) == secret
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0


def test_a_secret_file_left_empty_by_a_crash_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch()
    assert read_or_make_key(path) == path.read_text(encoding="utf-8") != ""


def test_of_several_demos_that_start_at_once_one_makes_the_key(tmp_path: Path) -> None:
    keys: set[str] = set()
    run_at_once(*[lambda: keys.add(read_or_make_key(tmp_path / "instance" / "key"))] * 8)
    assert len(keys) == 1
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["key"]


@pytest.mark.parametrize("attempt", range(3))
def test_two_demos_that_start_at_once_in_a_fresh_copy_share_accounts_and_key(
    tmp_path: Path, attempt: int
) -> None:
    one = Copy("step1_dict", tmp_path)
    other = duplicate(one)
    other.log = tmp_path / "log of the other"
    with ExitStack() as stack:
        clients: list[Client] = []
        lock = Lock()

        def start(which: Copy) -> None:
            demo = which.demo()
            client = demo.__enter__()
            with lock:
                stack.push(demo)
                clients.append(client)

        run_at_once(lambda: start(one), lambda: start(other))
        first, second = clients
        assert second.call("GET", "/api/me", token=first.sign_in("alice")).status == 200
        assert first.call("GET", "/api/me", token=second.sign_in("bob")).status == 200
