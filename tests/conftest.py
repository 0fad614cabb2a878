"""What every run says of itself."""

from __future__ import annotations

import os

from tests.databases import SERVERS


def pytest_report_header() -> list[str]:
    """Name the servers that this run does without; pytest -rs says it of each test."""
    return [
        f"{name} is not set: skipping {backend}"
        for backend, name in SERVERS.items()
        if name not in os.environ
    ]
