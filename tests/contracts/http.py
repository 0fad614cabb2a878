"""What every step answers over HTTP. A step's test class inherits this and names the step."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cached_property
from socket import create_connection
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from common.accounts import Account
from common.auth import TOKEN_SALT
from tests.helpers.made_up_requests import attack
from tests.helpers.started_steps import ROOT, Answer, Client, Copy


def repr_short(value: object) -> str:
    """Name a test's case by its value, cut where it is long."""
    return ascii(value)[:30]


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

    def token(self, name: str, *, key: str | None = None, signed_at: int | None = None) -> str:
        """Make a token as the app would, without a request that marks the user."""
        user_id, stored = self.sql("SELECT id, password_hash FROM users WHERE name = ?", name)[0]
        account = Account()
        account.password_hash = stored

        class Signer(TimestampSigner):
            """Signs at the time that the test says."""

            def get_timestamp(self) -> int:
                return super().get_timestamp() if signed_at is None else signed_at

        serializer = URLSafeTimedSerializer(key or self.key, salt=TOKEN_SALT, signer=Signer)
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

    @pytest.fixture
    def refused(self, server: StepServer) -> Iterator[Callable[..., Answer]]:
        """Call, expect a refusal, and check that it marked nobody and left no traceback."""

        def call(status: int, method: str, path: str, **credentials: Any) -> Answer:
            answer = server.client.call(method, path, **credentials)
            assert answer.status == status, answer
            assert list(answer.json) == ["error"], answer
            if status == 401:
                assert answer.headers["WWW-Authenticate"].split()[0] in ("Basic", "Bearer")
            return answer

        before = self.all_marks(server)
        yield call
        assert self.all_marks(server) == before
        assert "Traceback" not in server.copy.log.read_text(encoding="utf-8")

    def all_marks(self, server: StepServer) -> Any:
        """Return who was last seen when, as a user named watcher sees it, but for the watcher."""
        answer = server.client.call("GET", "/api/online/users", token=server.watchers_token)
        return [user for user in answer.json["users"] if user["name"] != "watcher"]

    @pytest.mark.parametrize("examples", [100, pytest.param(10_000, marks=pytest.mark.slow)])
    def test_whatever_is_sent_is_answered_and_a_refusal_marks_nobody(
        self, server: StepServer, examples: int
    ) -> None:
        attack(server.client, server.token("carol"), lambda: self.all_marks(server), examples)
        assert "Traceback" not in server.copy.log.read_text(encoding="utf-8")

    # --- the session of the README ---

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

    def test_the_scheme_may_be_written_in_any_case(self, server: StepServer) -> None:
        token = server.token("alice")
        assert server.client.call("GET", "/api/me", authorization=f"bearer {token}").status == 200

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

    def test_the_demo_is_reached_by_the_loopback_address_only(self, server: StepServer) -> None:
        port = urlsplit(server.client.url).port
        with pytest.raises(OSError, match=r"refused|timed out|unreachable|assign"):
            create_connection(("127.0.0.2", port), timeout=1).close()

    def test_a_connection_that_says_nothing_holds_nobody_up(self, server: StepServer) -> None:
        port = urlsplit(server.client.url).port
        with create_connection(("127.0.0.1", port)):  # a browser opens such ones, to have them ready
            assert server.client.call("GET", "/api/online").status == 200

    # --- bad input: the right 4xx in JSON, nobody marked ---

    @pytest.mark.parametrize(
        "authorization",
        [
            None,
            "",
            " ",
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic YWxpY2U=",
            "Basic Og==",
            "Basic =",
            "alice:demo",
            b"Basic \xff\xfe",
            b"\xff\xfe",
            "Bearer x",
            "Digest username=alice",
            "Basic " + "A" * 10_000,
        ],
        ids=repr_short,
    )
    def test_credentials_that_are_none_are_a_401(
        self, refused: Callable[..., Answer], authorization: str | bytes | None
    ) -> None:
        refused(401, "POST", "/api/tokens", authorization=authorization)

    @pytest.mark.parametrize(
        "basic",
        [
            "alice:wrong",
            "alice:",
            ":demo",
            ":",
            "nobody:demo",
            "ALICE\0:demo",
            "alice\0:demo",
            "alice:demo\0",
            " alice:demo",
            "ali%:demo",
            "_lice:demo",
            "\0:\0",
            b"\xff\xfe:demo",
            b"alice:\xff",
            "a" * 10_000 + ":demo",
            "alice:" + "d" * 10_000,
            "' OR 1=1 --:demo",
            "爱丽丝:demo",
            "\u2028:\u2028",
        ],
        ids=repr_short,
    )
    def test_a_wrong_name_or_password_is_a_401(
        self, refused: Callable[..., Answer], basic: str | bytes
    ) -> None:
        refused(401, "POST", "/api/tokens", basic=basic)

    @pytest.mark.parametrize(
        "authorization",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            "Bearer  ",
            "Bearer x",
            "Bearer a.b.c",
            "Bearer ..",
            "Bearer \t",
            b"Bearer \xff",
            b"Basic \xff",
            "Bearer " + "A" * 10_000,
            "Bearer eyJ4IjoxfQ.aaaaaa.bbbbbb",
            "Basic YWxpY2U6ZGVtbw==",
            "Bearer a=b, c=d",
        ],
        ids=repr_short,
    )
    def test_a_token_that_is_none_is_a_401(
        self, refused: Callable[..., Answer], authorization: str | bytes | None
    ) -> None:
        refused(401, "GET", "/api/me", authorization=authorization)

    def test_a_token_tampered_with_is_a_401(self, server: StepServer, refused: Callable[..., Answer]) -> None:
        payload, stamp, signature = server.token("alice").split(".")
        other = "A" if signature[0] != "A" else "B"
        refused(401, "GET", "/api/me", token=f"{payload}.{stamp}.{other}{signature[1:]}")
        refused(401, "GET", "/api/me", token=f"{payload[:-1]}.{stamp}.{signature}")

    def test_an_expired_token_is_a_401(self, server: StepServer, refused: Callable[..., Answer]) -> None:
        now = int(datetime.now(UTC).timestamp())
        refused(401, "GET", "/api/me", token=server.token("alice", signed_at=now - 3700))

    def test_a_token_signed_with_another_key_is_a_401(
        self, server: StepServer, refused: Callable[..., Answer]
    ) -> None:
        refused(401, "GET", "/api/me", token=server.token("alice", key="another key"))

    def test_an_inactive_user_is_a_401(self, server: StepServer, refused: Callable[..., Answer]) -> None:
        token = server.token("carol")
        server.sql("UPDATE users SET active = 0 WHERE name = 'carol'")
        refused(401, "GET", "/api/me", token=token)
        refused(401, "POST", "/api/tokens", basic="carol:demo")
        server.sql("UPDATE users SET active = 1 WHERE name = 'carol'")

    def test_the_token_of_a_deleted_user_is_a_401(
        self, server: StepServer, refused: Callable[..., Answer]
    ) -> None:
        server.sql(
            "INSERT INTO users (name, password_hash, active) "
            "SELECT 'dave', password_hash, 1 FROM users WHERE name = 'alice'"
        )
        token = server.token("dave")
        server.sql("DELETE FROM users WHERE name = 'dave'")
        refused(401, "GET", "/api/me", token=token)

    @pytest.mark.parametrize(
        "query",
        [
            "0",
            "0.0",
            "-1",
            "+1",
            "nan",
            "inf",
            "1e999",
            "1e-999",
            "1e11",
            "1_000",
            "abc",
            "",
            "%20",
            "%205",
            "5%0A",
            ".5",
            "5.",
            "0x5",
            "1,5",
            "%D9%A5",
            "%EF%BC%95",
            "%FF",
            "%00",
            "5%00",
            "5&minutes=5",
            "0.000000001",
            "5m",
        ],
    )
    def test_minutes_that_are_no_positive_number_are_a_400(
        self, server: StepServer, refused: Callable[..., Answer], query: str
    ) -> None:
        refused(400, "GET", f"/api/online?minutes={query}")
        refused(400, "GET", f"/api/online/users?minutes={query}", token=server.token("alice"))

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "/api/"), ("GET", "/api/me/"), ("POST", "/api/nothing")]
    )
    def test_an_unknown_address_is_a_404(
        self, refused: Callable[..., Answer], method: str, path: str
    ) -> None:
        refused(404, method, path, basic="alice:demo")

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("GET", "/api/tokens", "POST"),
            ("POST", "/api/me", "GET"),
            ("DELETE", "/api/online", "GET"),
            ("PUT", "/api/online/users", "GET"),
            ("BREW", "/api/me", "GET"),
        ],
    )
    def test_another_method_is_a_405(
        self, refused: Callable[..., Answer], method: str, path: str, allowed: str
    ) -> None:
        answer = refused(405, method, path, basic="alice:demo")
        assert allowed in answer.headers["Allow"]
