"""What every step answers over HTTP. A step's test class inherits this and names the step."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from common.accounts import Account
from common.auth import TOKEN_SALT
from tests.helpers.made_up_requests import attack
from tests.helpers.started_steps import ROOT, Client, Copy


class StepServer:
    """A running demo with its files, and tokens made from outside with its key."""

    def __init__(self, copy: Copy, client: Client) -> None:
        self.copy, self.client = copy, client
        self.key = (copy.instance / f"{copy.step}-demo.key").read_text(encoding="utf-8")

    @cached_property
    def watchers_token(self) -> str:
        """The token of one more user, who has never signed in."""
        self.sql(
            "INSERT INTO users (name, password_hash, active) "
            "SELECT 'watcher', password_hash, 1 FROM users WHERE name = 'alice'"
        )
        return self.token("watcher")

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """Run one statement on the users' database."""
        with closing(sqlite3.connect(self.copy.instance / f"{self.copy.step}-demo.sqlite")) as connection:
            rows = connection.execute(statement, values).fetchall()
            connection.commit()
            return rows

    def token(self, name: str, *, signed_at: int | None = None) -> str:
        """Make a token as the app would, without a request that marks the user."""
        user_id, stored = self.sql("SELECT id, password_hash FROM users WHERE name = ?", name)[0]
        account = Account()
        account.password_hash = stored

        class Signer(TimestampSigner):
            """Signs at the time that the test says."""

            def get_timestamp(self) -> int:
                return super().get_timestamp() if signed_at is None else signed_at

        serializer = URLSafeTimedSerializer(self.key, salt=TOKEN_SALT, signer=Signer)
        return str(serializer.dumps([user_id, account.password_stamp]))


class HttpContract:
    """The calls of the README's table, to a server started with python stepN_x/app.py."""

    step: ClassVar[str]

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StepServer]:
        copy = Copy(cls.step, tmp_path_factory.mktemp(cls.step))
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        with copy.demo(cwd=elsewhere) as client:
            yield StepServer(copy, client)

    def all_marks(self, server: StepServer) -> Any:
        """Return who was last seen when, as a user named watcher sees it, but for the watcher."""
        answer = server.client.call("GET", "/api/online/users", token=server.watchers_token)
        return [user for user in answer.json["users"] if user["name"] != "watcher"]

    @pytest.mark.parametrize("examples", [30, pytest.param(2000, marks=pytest.mark.slow)])
    def test_whatever_is_sent_is_answered_and_a_refusal_marks_nobody(
        self, server: StepServer, examples: int
    ) -> None:
        attack(server.client, server.token("carol"), lambda: self.all_marks(server), examples)
        assert "Traceback" not in server.copy.log.read_text(encoding="utf-8")

    def test_alice_and_bob_sign_in_and_the_count_follows(self, server: StepServer) -> None:
        call = server.client.call
        started_at = datetime.now(UTC)
        listed = call("GET", "/api/online/users", token=server.watchers_token).json["users"]
        names = {user["name"] for user in listed}
        token = server.client.sign_in("alice")
        me = call("GET", "/api/me", token=token).json
        assert (me["id"], me["name"]) == (1, "alice")
        assert started_at - timedelta(seconds=1) < datetime.fromisoformat(me["last_seen"])
        assert server.client.online() == len(names | {"alice"})
        server.client.sign_in("bob")
        count = call("GET", "/api/online").json
        assert count == {"online": len(names | {"alice", "bob"}), "minutes": 5, "resolution_seconds": 0}
        newest = call("GET", "/api/online/users", token=token).json["users"]
        assert [user["name"] for user in newest][:2] == ["alice", "bob"]

    def test_a_shorter_window_may_be_asked_for_and_is_echoed(self, server: StepServer) -> None:
        server.client.sign_in("alice")
        assert server.client.online(minutes="5") > 0
        assert server.client.online(minutes="0.000001") == 0  # 60 microseconds have passed
        assert server.client.call("GET", "/api/online?minutes=0.1").json["minutes"] == 0.1
        assert server.client.call("GET", "/api/online?minutes=005.0").json["minutes"] == 5

    def test_the_page_is_complete_without_another_host(self, server: StepServer) -> None:
        answer = server.client.call("GET", "/")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        links = re.findall(r' (?:src|href)="([^":]*)"', answer.body)
        lessons = {"page/lesson/en": "README.md", "page/lesson/zh-CN": "README.zh.md"}
        files = {path: ROOT / self.step / name for path, name in lessons.items()}
        files |= {f"page/{name}": ROOT / "demo" / name for name in ("page.css", "page.js")}
        assert set(links) == set(files)
        assert {host.partition(":")[0] for host in re.findall('//([^/"]+)', answer.body)} == {"127.0.0.1"}
        for path, kept in files.items():
            file = server.client.call("GET", f"/{path}")
            assert (file.status, file.body) == (200, kept.read_text("utf-8"))
