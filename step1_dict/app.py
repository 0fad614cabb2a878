"""Step 1: count the users online with a dict.

Run:  python step1_dict/app.py
Then: curl -u alice:demo -X POST http://127.0.0.1:5001/api/tokens
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Flask

from common import presence
from common.api import new_app
from step1_dict.models import User, db
from step1_dict.tracker import DictTracker


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the app. SystemExit: a setting that cannot be used."""
    app = new_app("step1_dict", db, User, config)
    tracker = DictTracker(
        window=timedelta(minutes=app.config["ONLINE_MINUTES"]),
        keep=timedelta(minutes=app.config["ONLINE_KEEP_MINUTES"]),
    )
    presence.init_app(app, tracker)
    return app


if __name__ == "__main__":
    from demo.page import Words
    from demo.run import run_demo

    remembers = Words(
        "A dict in this process remembers who was last seen when; a restart forgets everyone.",
        "用户最后出现的时间记在本进程的一个字典里，重启之后全部丢失。",
    )
    mark = "last_seen[{id}] = {microseconds}"
    run_demo(create_app, "step1_dict", port=5001, remembers=remembers, mark=mark)
