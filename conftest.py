"""What every run says of itself, and what all tests and exercises may ask for."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Pool, event

from tests.helpers.databases import SERVERS
from tests.helpers.redis_server import SERVERS as REDIS_SERVERS

SLOW_SECONDS = 600

for _setting in [name for name in os.environ if name.startswith("FLASK_")]:
    del os.environ[_setting]  # exported for a deployment in the same terminal


def pytest_report_header() -> list[str]:
    """Name the servers that this run does without; pytest -rs says it of each test."""
    report = [
        f"{name} is not set: skipping {backend}"
        for backend, name in SERVERS.items()
        if not os.environ.get(name)
    ]
    if not any(map(shutil.which, REDIS_SERVERS)):
        report.append(f"{' or '.join(REDIS_SERVERS)} is not installed: skipping what needs a real Redis")
    return report


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run the whole suite in several processes; a selection runs in this one, and its output is in order."""
    chosen = config.option.file_or_dir or config.option.keyword or config.option.markexpr != "not slow"
    return 0 if chosen else (os.cpu_count() or 1) + 1  # one more, since many tests wait for a server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the slow tests more time than the limit of pyproject.toml."""
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


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
