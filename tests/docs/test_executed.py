"""Every command and program of the documents, run in a reader's order against really started servers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis import Redis, RedisError
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.helpers.databases import connection_to, server_url
from tests.helpers.redis_server import NO_PERSISTENCE, redis_server
from tests.helpers.started_steps import ROOT
from tools.documents.markdown import Document, documents

if TYPE_CHECKING:
    from tools.documents.reader import Reader

pytestmark = pytest.mark.slow

LEFT_BEHIND = shutil.ignore_patterns(".venv", ".git", "instance", "*.egg-info", "__pycache__", ".*_cache")
REDIS_PORT = 6379
NOTE = "made_for_the_documents"
KEYS = ("step3_redis-demo:last-seen", "online:last-seen")  # what the documents leave in a Redis


@contextmanager
def made(backend: str, *statements: tuple[str, str], note: str = NOTE) -> Iterator[None]:
    """Create on a server what the documents suppose, and drop it again.

    If somebody else has it already, this fails. What a run left behind that was killed is dropped first:
    the empty database called note, which is made first and dropped last, tells that it is ours.
    """
    server = connection_to(server_url(backend), isolation_level="AUTOCOMMIT")
    with server as connection, ExitStack() as stack:
        try:
            connection.execute(text(f"CREATE DATABASE {note}"))
        except ProgrammingError:
            for _, drop in reversed(statements):
                connection.execute(text(drop))
        stack.callback(connection.execute, text(f"DROP DATABASE {note}"))
        for create, drop in statements:
            connection.execute(text(create))
            stack.callback(connection.execute, text(drop))
        yield


@pytest.fixture
def postgresql() -> Iterator[None]:
    """The PostgreSQL that the documents name: the database app with the user app."""
    role = "CREATE ROLE app LOGIN PASSWORD 'secret'", "DROP ROLE IF EXISTS app"
    database = "CREATE DATABASE app OWNER app", "DROP DATABASE IF EXISTS app WITH (FORCE)"
    with made("postgresql", role, database):
        yield


@pytest.fixture
def mysql() -> Iterator[None]:
    """The MySQL or MariaDB that the documents name, likewise."""
    user = "CREATE USER app@'127.0.0.1' IDENTIFIED BY 'secret'", "DROP USER IF EXISTS app@'127.0.0.1'"
    database = "CREATE DATABASE app", "DROP DATABASE IF EXISTS app"
    rights = "GRANT ALL ON app.* TO app@'127.0.0.1'", "SELECT 1"
    with made("mysql", user, database, rights):
        yield


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[None]:
    """The Redis that the documents name, where it is running already or not."""
    with ExitStack() as stack:
        client = stack.enter_context(closing(Redis(port=REDIS_PORT)))
        try:
            client.ping()
        except RedisError:
            stack.enter_context(redis_server(tmp_path, *NO_PERSISTENCE, port=REDIS_PORT))
        assert not client.exists(*KEYS), "this Redis is in use: let the documents be tested with another"
        yield
        client.delete(*KEYS)


@pytest.mark.parametrize("backend", ["postgresql", "mysql"])
def test_what_a_killed_run_left_behind_is_dropped_and_what_is_somebody_elses_is_not(backend: str) -> None:
    statements = "CREATE DATABASE left_behind", "DROP DATABASE IF EXISTS left_behind"
    ours = made(backend, statements, note="left_behind_note")
    with connection_to(server_url(backend), isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statements[0]))
        try:
            with pytest.raises(ProgrammingError), ours:
                pass
            connection.execute(text("CREATE DATABASE left_behind_note"))
            with made(backend, statements, note="left_behind_note"):
                pass
        finally:
            for name in ("left_behind", "left_behind_note"):
                connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """A reader in an empty folder, with the virtual environment of these tests."""
    from tools.documents.reader import Reader  # noqa: PLC0415  # needs pexpect, which only maintainers have

    folder = tmp_path / "cookbook"
    (folder / "instance").mkdir(parents=True)
    (folder / ".venv").symlink_to(sys.prefix)
    return Reader(folder)


@pytest.mark.usefixtures("postgresql", "mysql", "redis")
def test_what_the_documents_show_is_what_a_reader_gets(reader: Reader) -> None:
    """In English, and so in Chinese: run_otherwise() in checks.py finds what would be run in one alone."""
    shutil.rmtree(reader.folder)
    shutil.copytree(ROOT, reader.folder, ignore=LEFT_BEHIND)
    for each in documents("en"):
        reader.read(each)


def example(language: str, code: str, *remarks: str) -> Document:
    """Return a document with one block of code, on line 1 and those that follow."""
    above = "".join(f"<!-- {remark} -->\n" for remark in remarks)
    return Document(ROOT / "EXAMPLE.md", f"{above}```{language}\n{code}\n```\n")


AS_SHOWN = {
    "a command": example("sh", "cd . && true"),
    "an output": example("console", "$ echo one; echo two\none\ntwo\n$ true"),
    "dots": example("console", "$ seq 5\n1\n...\n4\n..."),
    "a time": example("console", "$ echo 2026-11-25T01:02:03.456789+00:00\n2026-01-31T08:00:00+00:00"),
    "a word of one's own": example(
        "console", '$ echo \'"Wz.x-1"\'\n"Ab…"\n$ test Ab… = Wz.x-1 && echo yes\nyes'
    ),
    "a program": example("python", "print(1 + 1)  # 2"),
    "a session": example("pycon", ">>> 1 + 1\n2"),
    "statements": example("sql", "SELECT last_seen FROM users WHERE id = :id;"),
    "a drawing": example("text", "a -> b"),
    "what is not run": example("powershell", "exit 1", "not run: there is no Windows here"),
}
NOT_AS_SHOWN = {
    "a command that fails": example("sh", "true\nfalse\ntrue"),
    "a command that fails and shows nothing": example("console", "$ true\n$ false"),
    "a transcript without a command": example("console", "true"),
    "a command that ends": example("sh", "echo ready", "keeps running: http://"),
    "another output": example("console", "$ echo one\ntwo"),
    "an output of one line more": example("console", "$ seq 2\n1"),
    "an output of one line less": example("console", "$ echo 1\n1\n2"),
    "an output where none is shown": example("console", "$ echo 1\n$ true"),
    "dots, and not what follows": example("console", "$ seq 5\n...\n6"),
    "no time": example("console", "$ echo soon\n2026-01-31T08:00:00+00:00"),
    "a program that fails": example("python", "1 / 0"),
    "a program with another output": example("python", "print(1 + 1)  # 3"),
    "a session with another output": example("pycon", ">>> 1 + 1\n3"),
    "a statement that no table has": example("sql", "SELECT seen FROM users"),
    "a language that nobody knows": example("ruby", "exit"),
    "a remark that nobody knows": example("sh", "true", "not ran: for no reason"),
    "a stop where nothing runs": example("sh", "true", "stop app.py"),
}


@pytest.mark.parametrize("each", AS_SHOWN.values(), ids=AS_SHOWN)
def test_what_is_as_shown_is_accepted(each: Document, reader: Reader) -> None:
    reader.read(each)


@pytest.mark.parametrize("each", NOT_AS_SHOWN.values(), ids=NOT_AS_SHOWN)
def test_what_is_not_as_shown_is_noticed(each: Document, reader: Reader) -> None:
    with pytest.raises(AssertionError, match=r"EXAMPLE\.md:[12]: "):
        reader.read(each)


def test_what_keeps_running_takes_its_terminal_until_it_is_stopped(reader: Reader) -> None:
    running = example("sh", "X=first\necho ready; cat", "keeps running: ready").source
    elsewhere = example("console", "$ echo $X.\n.").source
    here_again = example("console", "$ echo $X.\nfirst.", "stop cat").source
    reader.read(Document(ROOT / "EXAMPLE.md", running + elsewhere + here_again))


def test_nothing_runs_on_after_a_failure(reader: Reader) -> None:
    deaf = example("sh", "trap '' HUP INT; echo $$; sleep 300", "keeps running: never").source
    with pytest.raises(AssertionError):
        reader.read(Document(ROOT / "EXAMPLE.md", deaf), patience=1)
    assert subprocess.run(["pgrep", "-f", "^sleep 300$"], check=False).returncode == 1


def test_what_a_running_command_shows_is_compared(reader: Reader) -> None:
    running = example("sh", "echo ready; seq 3; cat", "keeps running: ready").source
    shown = example("text", "ready\n1\n2\n3", "shown by cat").source
    reader.read(Document(ROOT / "EXAMPLE.md", running + shown))
    with pytest.raises(AssertionError, match="but got"):
        reader.read(Document(ROOT / "EXAMPLE.md", running + shown.replace("2\n3", "3\n2")), patience=1)
