"""A reader who types what a document says, into terminals, and compares what comes back with what is shown.

A remark above a block of code says what a reader knows from the words around it:

<!-- not run: why -->          nobody types this here
<!-- from path/of/file.py -->  code shown from that file
<!-- keeps running: text -->   the last line goes on after showing the text, and takes its terminal
<!-- stop command -->          Ctrl+C where that command is running
<!-- shown by command -->      what the terminal shows where that command is running
<!-- stage -->                 a stage of the lesson's program: the whole, or a diff to the stage before

A line of three dots stands for any lines; a word that ends in … for one of the reader's own, which is kept
and put into later commands. Times, and what redis-cli monitor says of its client, are the reader's own too.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from pexpect import ExceptionPexpect

from tools.documents.markdown import Document, Part
from tools.documents.stages import to_be_printed
from tools.documents.terminal import Terminal

OWN_WORD = r"[\w.+-]+…"
OTHER_EVERY_TIME = (
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00",
    r"\d{10}\.\d{6} \[0 127\.0\.0\.1:\d+\]",  # when, and from which port: redis-cli monitor
    r"\b\d{16}\b",  # microseconds
)


class Reader:
    """Reads documents one after the other in one folder, a fresh copy of the cookbook."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.terminals: list[Terminal] = []
        self.own_words: dict[str, str] = {}

    def read(self, document: Document, patience: float = 120) -> None:
        """Do what the document says. AssertionError: something else came back; it names the line.

        patience: how many seconds a command may take; a machine without anything downloads what is required.
        """
        said = ""
        self.patience = patience
        self.terminals.clear()
        with ExitStack() as self.closing:
            for part in document.parts:
                try:
                    said = self.go_on(part, said)
                except (AssertionError, ValueError, ExceptionPexpect, sqlite3.Error) as error:
                    raise AssertionError(f"{document.name}:{part.line}: {error}") from error

    def go_on(self, part: Part, said: str) -> str:
        """Take the next part, and return what has been said of the one after it."""
        if part.kind == "code":
            self.do(part, said)
        if part.kind != "remark":
            return ""
        if part.text.startswith("stop "):
            self.running(part.text.removeprefix("stop ")).interrupt()
            return said
        return part.text

    def do(self, part: Part, said: str) -> None:
        """Do what one block of code says."""
        match part.language, said.partition(" ")[0]:
            case (_, "not") if said.startswith("not run: "):
                pass
            case (("python" | "diff"), "stage"):
                pass  # test_documents.py runs each stage
            case ("python", "from") | ("diff", "diff:") | ("diff", "") | ("text", ""):
                pass  # compared in tools/documents/checks.py, tables.py and test_own_app.py, or a drawing
            case "sh", "keeps":
                *before, last = part.text.splitlines()
                terminal = self.free_terminal()
                self.type(before, terminal)
                terminal.start(last, until=said.removeprefix("keeps running: "))
            case "sh", "":
                self.type(part.text.splitlines(), self.free_terminal())
            case "console", "":
                self.follow(part.text)
            case "text", "shown":
                self.watch(part.text, self.running(said.removeprefix("shown by ")))
            case "python", "":
                self.run_python(part.text)
            case "pycon", "":
                example = self.folder / "instance" / "example.txt"
                example.write_text(part.text, encoding="utf-8")
                self.must_end_well(".venv/bin/python", "-m", "doctest", str(example))
            case "sql", "":
                run_sql(part.text)
            case _:
                raise AssertionError(f"nobody knows how to read {part.language!r} after {said!r}")

    def free_terminal(self) -> Terminal:
        """Return the first terminal that shows its prompt; open one more if none does."""
        for terminal in self.terminals:
            if terminal.is_free():
                return terminal
        self.terminals.append(Terminal(self.folder, self.patience))
        self.closing.callback(self.terminals[-1].close)
        return self.terminals[-1]

    def running(self, command: str) -> Terminal:
        """Return the terminal in which that command is running."""
        found = [terminal for terminal in self.terminals if command in terminal.running]
        assert len(found) == 1, f"{command} is running {len(found)} times"
        return found[0]

    def type(self, lines: list[str], terminal: Terminal) -> None:
        """Type commands that must all succeed."""
        for line in lines:
            status, shown = terminal.run(line)
            assert status == 0, f"{line} ended with {status}: {shown}"

    def follow(self, transcript: str) -> None:
        """Type each command of a transcript, and compare."""
        assert transcript.startswith("$ "), "a transcript begins with a command"
        terminal = self.free_terminal()
        for step in re.findall(r"^\$ .*\n(?:(?!\$ ).*\n)*", transcript, re.MULTILINE):
            command, _, expected = step.removeprefix("$ ").partition("\n")
            for word, value in self.own_words.items():
                command = command.replace(word, value)
            status, shown = terminal.run(command)
            self.compare(expected, shown)
            assert expected or status == 0, f"{command} ended with {status}, and showed nothing"

    def compare(self, expected: str, shown: str) -> None:
        """Compare, and remember the reader's own words."""
        found = re.fullmatch(pattern_of(expected), shown)
        assert found, f"expected\n{expected}\nbut got\n{shown}"
        self.own_words |= zip(re.findall(OWN_WORD, expected), found.groups(), strict=True)

    def watch(self, expected: str, terminal: Terminal) -> None:
        """Wait until a running command has shown what is expected."""
        give_up_at = time.monotonic() + min(self.patience, 10)
        while not re.fullmatch(pattern_of(expected), shown := terminal.showing()):
            assert time.monotonic() < give_up_at, f"expected\n{expected}\nbut got\n{shown}"

    def run_python(self, code: str) -> None:
        """Run a program; a comment behind a print says what it prints."""
        ours = self.folder / ".venv/bin/python"
        python = str(ours) if ours.exists() else sys.executable  # a reader has one before setting ours up
        expected, printed = to_be_printed(code), self.must_end_well(python, "-c", code)
        assert printed == expected, f"expected\n{expected}\nbut got\n{printed}"

    def must_end_well(self, *command: str) -> str:
        """Run a command without a terminal, and return what it printed."""
        process = subprocess.run(
            command,
            cwd=self.folder,
            capture_output=True,
            encoding="utf-8",
            timeout=self.patience,
            check=False,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout


def run_sql(statements: str) -> None:
    """Run statements about the users, with any values."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE users (id, last_seen)")
    for statement in statements.split(";"):
        database.execute(statement, defaultdict(int))


def pattern_of(expected: str) -> str:
    """Turn what is shown into a regular expression; it has a group for each word of the reader's own."""
    pattern = ""
    for line in expected.splitlines():
        if line == "...":
            pattern += r"(?:.*\n)*?"
            continue
        for piece in re.split(f"({'|'.join((OWN_WORD, *OTHER_EVERY_TIME))})", line):
            same = [other for other in OTHER_EVERY_TIME if re.fullmatch(other, piece)]
            own = [r"([\w.+-]+)"] if re.fullmatch(OWN_WORD, piece) else []
            pattern += (own or same or [re.escape(piece)])[0]
        pattern += r"\n"
    return pattern
