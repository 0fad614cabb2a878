"""A host's clock that the test sets, for a whole process: libfaketime, which Debian packs as faketime."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class HostClock:
    """The clock of one host: how far it is from the right time. A process with its settings goes by it.

    The monotonic clock goes on as it is: nobody can set that one.
    """

    def __init__(self, folder: Path, offset: str = "+0s") -> None:
        libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        if not libraries:
            reason = (
                "libfaketime is not installed: these tests set a whole process's clock (Debian: faketime)"
            )
            if os.environ.get("REQUIRE_SERVERS") == "1":
                pytest.fail(reason)
            pytest.skip(reason)
        self._file = folder / "host-clock"
        self.settings = {
            "LD_PRELOAD": str(libraries[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",  # read the file each time
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.set(offset)

    def set(self, offset: str) -> None:
        """Set the clock: "-3600s" is an hour behind."""
        self._file.write_text(offset, encoding="ascii")
