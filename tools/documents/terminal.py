"""A real terminal with a bash in it, at which a test types what a reader would; needs pexpect."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pexpect

PROMPT = r"reader:(\d+)> "
PASSWORD = r"(Password|Repeat for confirmation): "


class Terminal:
    """One bash, at whose prompt the reader types."""

    def __init__(self, folder: Path, patience: float) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "PY"))}
        kept |= {"PS1": "reader:$?> ", "TERM": "dumb", "VIRTUAL_ENV_DISABLE_PROMPT": "1", "LC_ALL": "C.UTF-8"}
        kept.pop("PORT", None)
        self.shell: pexpect.spawn[str] = pexpect.spawn(
            "bash",
            ["--norc", "--noediting"],
            cwd=folder,
            env=kept,
            echo=False,
            encoding="utf-8",
            timeout=patience,
            dimensions=(50, 400),
            preexec_fn=heed_interrupts,
        )
        self.shell.expect(PROMPT)
        self.running = self.shown_at_first = ""

    def run(self, command: str) -> tuple[int, str]:
        """Type a command, and a password if asked for one; return its exit status and what it showed."""
        self.running = command
        self.shell.sendline(command)
        shown = ""
        for _ in range(2):  # a new password is asked for twice
            if self.shell.expect([PROMPT, PASSWORD]) == 0:
                break
            shown += plain(self.shell.before)
            self.shell.sendline("open sesame")
        else:
            self.shell.expect(PROMPT)
        self.running = ""
        assert isinstance(self.shell.match, re.Match)
        return int(self.shell.match[1]), shown + plain(self.shell.before)

    def start(self, command: str, until: str) -> None:
        """Type a command that goes on, and wait until it has shown the text."""
        self.running = command
        self.shell.sendline(command)
        found = self.shell.expect([re.escape(until), PROMPT])
        assert found == 0, f"{command} has ended: {self.shell.before}"
        self.shown_at_first = plain(self.shell.before) + until

    def is_free(self) -> bool:
        """Whether the prompt is there."""
        if self.running and self.shell.expect([PROMPT, pexpect.TIMEOUT], timeout=0.2) == 0:
            self.running = ""
        return not self.running

    def interrupt(self) -> None:
        """Press Ctrl+C."""
        self.shell.sendintr()
        self.shell.expect(PROMPT)
        self.running = ""

    def showing(self) -> str:
        """Return what the command that is running has shown since it started."""
        self.shell.expect(pexpect.TIMEOUT, timeout=0.2)
        return self.shown_at_first + plain(self.shell.before)

    def close(self) -> None:
        """Press Ctrl+C where something is running, kill what does not heed it, and leave."""
        if not self.is_free():
            self.shell.sendintr()
            if self.shell.expect([PROMPT, pexpect.TIMEOUT], timeout=5) == 1:
                os.killpg(os.tcgetpgrp(self.shell.child_fd), signal.SIGKILL)
        self.shell.close(force=True)


def heed_interrupts() -> None:
    """Let Ctrl+C work in the terminal, also where these tests run in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def plain(shown: str | type | None) -> str:
    """Return what a terminal showed, without colours and carriage returns."""
    assert isinstance(shown, str)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", shown)
