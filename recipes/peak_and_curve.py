"""The day's peak, and its curve: samples of what all processes see, the most of each minute.

Run it:     .venv/bin/python recipes/peak_and_curve.py
Install:    .venv/bin/python -m pip install -c constraints.txt -e '.[recipes]'
Look at it: curl -u alice:demo http://127.0.0.1:5020/hello, and ten seconds later http://127.0.0.1:5020/curve.
            Beside workers on FLASK_REDIS_URL let cron run: flask --app recipes.peak_and_curve sample
"""

import time
from datetime import UTC, datetime, timedelta

from flask import Flask
from redis import RedisError

from common import presence
from recipes.small_app import new_app, redis_client, run
from step3_redis.tracker import Clock, RedisTracker

KEPT = timedelta(days=35)


def create_app(clock: Clock = time.time) -> Flask:
    """Make the app. clock: seconds since the epoch."""
    app = new_app()
    client = redis_client(app.config.get("REDIS_URL"))
    presence.init_app(app, RedisTracker(client, clock=clock))

    @app.cli.command("sample", with_appcontext=False)
    def sample() -> None:
        now = datetime.fromtimestamp(clock(), UTC)
        key = f"online:curve:{now:%Y-%m-%d}"
        try:
            with app.app_context():
                online = presence.get_online()
            client.zadd(key, {f"{now:%H:%M}": online}, gt=True)  # gt: the most in this minute
            client.expire(key, KEPT)
        except (presence.PresenceUnknown, RedisError) as error:
            app.logger.warning("No sample: %s", error)  # a gap in the curve is true, and a 0 would not be

    @app.get("/curve")
    def curve() -> dict[str, object]:
        key = f"online:curve:{datetime.fromtimestamp(clock(), UTC):%Y-%m-%d}"
        try:
            samples = client.zrange(key, 0, -1, withscores=True)
        except RedisError as error:
            raise presence.PresenceUnknown from error
        by_minute = {minute.decode(): int(online) for minute, online in sorted(samples)}
        return {"peak": max(by_minute.values(), default=None), "curve": by_minute}

    return app


if __name__ == "__main__":
    from apscheduler.schedulers.background import BackgroundScheduler

    served = create_app()
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_job(served.cli.commands["sample"].callback, "interval", seconds=10)
    scheduler.start()
    run(served)
