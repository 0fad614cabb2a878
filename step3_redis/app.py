"""Step 3: count the users online with a Redis sorted set.

Run:  python step3_redis/app.py
Then: curl -u alice:demo -X POST http://127.0.0.1:5003/api/tokens
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask

from common import presence
from common.api import new_app
from step3_redis.client import redis_client
from step3_redis.models import User, db
from step3_redis.sharded import ShardedTracker
from step3_redis.sparing import SparingTracker
from step3_redis.tracker import RedisTracker


class EmbeddedTracker(RedisTracker):
    """A RedisTracker on a Redis inside this process, which ends with the process."""

    survives_restart = False
    shared_between_processes = False


def create_app(config: Mapping[str, Any] | None = None, *, embedded: bool = False) -> Flask:
    """Return the app. SystemExit: a setting that cannot be used.

    embedded: remember in this process, so that no Redis is needed to try it.
    """
    app = new_app("step3_redis", db, User, config, ONLINE_RESOLUTION_SECONDS=0)
    new_tracker: Any = EmbeddedTracker if embedded else RedisTracker
    shards = app.config["ONLINE_SHARDS"]
    if shards > 1:
        new_tracker = partial(ShardedTracker, shards=shards, new_tracker=new_tracker)
    tracker = new_tracker(
        redis_client(app, embedded=embedded),
        prefix=app.config["ONLINE_KEY_PREFIX"],
        window=timedelta(minutes=app.config["ONLINE_MINUTES"]),
        keep=timedelta(minutes=app.config["ONLINE_KEEP_MINUTES"]),
    )
    resolution = timedelta(seconds=app.config["ONLINE_RESOLUTION_SECONDS"])
    if resolution:
        tracker = SparingTracker(tracker, resolution=resolution)
    presence.init_app(app, tracker)
    return app


if __name__ == "__main__":
    from demo.page import Words
    from demo.run import run_demo

    embedded = not os.environ.get("FLASK_REDIS_URL")
    remembers = Words(
        "A sorted set in the Redis that FLASK_REDIS_URL names remembers who was last seen when.",
        "用户最后出现的时间记在 FLASK_REDIS_URL 指定的 Redis 的一个有序集合里。",
    )
    if embedded:
        remembers = Words(
            "A sorted set in fakeredis, a Redis inside this process, remembers who was last seen when; "
            "a restart forgets everyone. FLASK_REDIS_URL names a real one.",
            "用户最后出现的时间记在 fakeredis（本进程内模拟的 Redis）的一个有序集合里，重启之后全部丢失。"
            "要用真正的 Redis，就用 FLASK_REDIS_URL 指定它。",
        )
    run_demo(
        partial(create_app, embedded=embedded),
        "step3_redis",
        port=5003,
        remembers=remembers,
        mark="ZADD {key} GT {microseconds} {id}",
        in_earnest=RedisTracker if embedded else None,
    )
