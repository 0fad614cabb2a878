"""What every run says of itself."""

from __future__ import annotations

import os
import shutil

from tests.databases import SERVERS


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
