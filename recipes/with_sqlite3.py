"""No SQLAlchemy: a tracker of the standard library's sqlite3 keeps who was seen in a table of its own.

Run it:     .venv/bin/python recipes/with_sqlite3.py
Look at it: curl -u alice:demo http://127.0.0.1:5020/hello, then http://127.0.0.1:5020/online says 1. End it
            with Ctrl+C and start it again: it still says 1, because the table is in instance/recipes.sqlite.

A user is written at most once in 30 seconds. For your own app: python -m tools.lift step2_sqlite3
../yourapp/online, and docs/your-own-app.md shows a whole app of this kind.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask

from recipes.small_app import new_app, run
from step2_database.sqlite3_tracker import Sqlite3Tracker


def create_app(file: Path = Path("instance/recipes.sqlite")) -> Flask:
    """Make the app; its presence is in this file of SQLite, which may be that of your users."""
    file.parent.mkdir(exist_ok=True)
    return new_app(Sqlite3Tracker(file, resolution=timedelta(seconds=30)))


if __name__ == "__main__":
    run(create_app())
