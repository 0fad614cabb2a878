"""redis-13: what a restart of Redis forgets depends on how Redis is set up, and on how it ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from step3_redis.tracker import RedisTracker
from tests.helpers.redis_server import (
    LOG,
    LOG_EACH_SECOND,
    NO_PERSISTENCE,
    SNAPSHOTS,
    RedisServer,
    redis_server,
    wait_until,
)
from tests.helpers.users import ALICE, BOB

POWER_CUT, ORDERLY_END = RedisServer.cut_power, RedisServer.end


@pytest.mark.parametrize(
    ("options", "end", "survivors"),
    [
        pytest.param(NO_PERSISTENCE, ORDERLY_END, 0, id="no persistence, orderly end: all forgotten"),
        pytest.param(NO_PERSISTENCE, POWER_CUT, 0, id="no persistence, power cut: all forgotten"),
        pytest.param(SNAPSHOTS, ORDERLY_END, 2, id="RDB, orderly end: all kept"),
        pytest.param(SNAPSHOTS, POWER_CUT, 1, id="RDB, power cut: as at the last snapshot"),
        pytest.param(LOG_EACH_SECOND, ORDERLY_END, 2, id="AOF each second, orderly end: all kept"),
        # the system survives a kill -9, and writes what it has collected; a real power cut costs that second
        pytest.param(LOG_EACH_SECOND, POWER_CUT, 2, id="AOF each second, kill -9: all kept"),
        pytest.param(LOG, ORDERLY_END, 2, id="AOF, orderly end: all kept"),
        pytest.param(LOG, POWER_CUT, 2, id="AOF, power cut: all kept"),
    ],
)
def test_redis_13_who_is_still_online_after_a_restart_of_redis(
    tmp_path: Path, options: tuple[str, ...], end: Callable[[RedisServer], None], survivors: int
) -> None:
    with redis_server(tmp_path, *options) as server, Redis.from_url(server.url) as client:
        tracker = RedisTracker(client)
        tracker.mark_online(ALICE)
        if options == SNAPSHOTS:
            client.save()
        tracker.mark_online(BOB)
        # while a slow disk still writes the last second, Redis itself keeps the next commands
        wait_until(lambda: not client.info("persistence").get("aof_buffer_length"))
        end(server)
        server.start()
        assert tracker.get_online() == survivors
