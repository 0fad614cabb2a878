"""What every run says of itself, and what tests of all steps may ask for."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Pool, event

from tests.databases import SERVERS

for _setting in [name for name in os.environ if name.startswith("FLASK_")]:
    del os.environ[_setting]  # exported for a deployment in the same terminal


def pytest_report_header() -> list[str]:
    """Name the servers that this run does without; pytest -rs says it of each test."""
    report = [
        f"{name} is not set: skipping {backend}"
        for backend, name in SERVERS.items()
        if not os.environ.get(name)
    ]
    if not shutil.which("redis-server"):
        report.append("redis-server is not installed: skipping what needs a real Redis")
    return report


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Use all processors for the whole suite; a selection runs in one process, and its output in order."""
    chosen = config.option.file_or_dir or config.option.keyword or config.option.markexpr != "not slow"
    processors = os.cpu_count() or 1
    return 0 if chosen or processors == 1 else processors


@pytest.fixture(scope="session", autouse=True)
def every_connection_is_closed() -> Iterator[None]:
    """Fail at the end of the run if a test leaves a connection of SQLAlchemy's open, and name that test.

    Otherwise Python 3.13 complains when it collects the garbage, in whichever test is running then.
    """
    opened_by: dict[Any, str] = {}

    def note(_connection: Any, record: Any) -> None:
        opened_by[record] = os.environ["PYTEST_CURRENT_TEST"]

    def forget(_connection: Any, record: Any) -> None:
        opened_by.pop(record, None)

    event.listen(Pool, "connect", note)
    event.listen(Pool, "close", forget)
    yield
    assert list(opened_by.values()) == []


@pytest.fixture
def in_beijing() -> Iterator[None]:
    """Let this process live 8 hours ahead of UTC, where the system can (Windows cannot)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "CST-8")
        if hasattr(time, "tzset"):
            time.tzset()
        yield
    if hasattr(time, "tzset"):
        time.tzset()
