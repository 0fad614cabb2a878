"""How many are online, for Prometheus: no sample while it is unknown, and for nobody but your Prometheus.

Run it:     .venv/bin/python recipes/metrics.py
Install:    .venv/bin/python -m pip install -c constraints.txt -e '.[recipes]'
Look at it: curl -u alice:demo http://127.0.0.1:5020/hello, then, with the token that the start has shown,
            curl -H "Authorization: Bearer TOKEN" http://127.0.0.1:5020/metrics: users_online is 1.0.
Every worker tells the number of all, so a graph of several is max(users_online), and not sum(users_online).
"""

import secrets
import time
from collections.abc import Iterator
from hmac import compare_digest

from flask import Flask, Response
from flask_httpauth import HTTPTokenAuth
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from common import presence
from recipes.small_app import new_app, redis_client, run
from step3_redis.tracker import Clock, RedisTracker


class UsersOnline(Collector):
    """Asks when it is scraped."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauge, and no sample of it while it is unknown: a gap is true, and a 0 would not be."""
        gauge = GaugeMetricFamily("users_online", "Users seen within the window, by any worker.")
        if (count := presence.online_count()) is not None:
            gauge.add_metric([], count)
        yield gauge


def create_app(clock: Clock = time.time) -> Flask:
    """Make the app. clock: seconds since the epoch."""
    app = new_app()
    presence.init_app(app, RedisTracker(redis_client(app.config.get("REDIS_URL")), clock=clock))
    expected = str(app.config.get("METRICS_TOKEN") or secrets.token_urlsafe())
    if not app.config.get("METRICS_TOKEN"):
        app.logger.warning("FLASK_METRICS_TOKEN is not set. Until this process ends it is %s", expected)
    scraper, registry = HTTPTokenAuth(), CollectorRegistry()
    registry.register(UsersOnline())

    @scraper.verify_token
    def is_scraper(token: str) -> bool:
        return compare_digest(token.encode(), expected.encode())

    @app.get("/metrics")
    @scraper.login_required
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return app


if __name__ == "__main__":
    run(create_app())
