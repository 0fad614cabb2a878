"""How many different users came today, and this month: one HyperLogLog a day, and the union of them.

Run it:     .venv/bin/python recipes/today_and_this_month.py
Look at it: curl -u alice:demo http://127.0.0.1:5020/hello, as bob, and as alice once more;
            then http://127.0.0.1:5020/actives says 2 today, and 2 this month. FLASK_REDIS_URL names a Redis.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask

from common import presence
from recipes.small_app import new_app, redis_client, run
from step3_redis.tracker import Clock, RedisTracker

ZONE = UTC  # where a day begins at midnight; ZoneInfo("Asia/Shanghai") is another
KEPT = timedelta(days=62)  # this month, and the last


class CountsDays(RedisTracker):
    """Marks as a RedisTracker does, and adds each user to the HyperLogLog of the day."""

    def __init__(self, client: Any, clock: Clock) -> None:
        super().__init__(client, clock=clock)
        self.redis, self.clock = client, clock

    def mark_online(self, user: Any) -> None:
        """Remember that the user was seen now, and came today."""
        super().mark_online(user)
        key = f"online:day:{datetime.fromtimestamp(self.clock(), ZONE).date()}"
        if self.redis.pfadd(key, str(user.id)):  # 1: it is new, or has changed
            self.redis.expire(key, KEPT)

    def actives(self) -> dict[str, int]:
        """Estimate how many different users came today, and this month."""
        today = datetime.fromtimestamp(self.clock(), ZONE).date()
        days = [f"online:day:{today - timedelta(days=ago)}" for ago in range(today.day)]
        return {"today": self.redis.pfcount(days[0]), "this_month": self.redis.pfcount(*days)}


def create_app(clock: Clock = time.time) -> Flask:
    """Make the app. clock: seconds since the epoch."""
    app = new_app()
    tracker = CountsDays(redis_client(app.config.get("REDIS_URL")), clock)
    presence.init_app(app, tracker)

    @app.get("/actives")
    def actives() -> dict[str, int]:
        try:
            return tracker.actives()
        except tracker.outages as error:
            raise presence.PresenceUnknown from error

    return app


if __name__ == "__main__":
    run(create_app())
