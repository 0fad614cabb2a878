"""The lessons' pictures: python -m tools.documents.pictures draws them, in both languages.

What shows behaviour is replayed: the form or the tracker is asked, second by second, and the answer is
drawn. All have the signs of the lab: a lane for each user, a dot for each request, and the window as a band.
They are 360 wide, as a telephone is; the reader's own fonts have the Chinese characters.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

import sqlalchemy as sa
from fakeredis import FakeRedis, FakeServer
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from article.with_column import ArticleColumn
from article.with_dict import ArticleDict
from article.with_redis import ArticleRedis
from common.presence import CircuitBreaker, PresenceUnknown
from step1_dict.tracker import DictTracker, steady_clock
from step2_database.tracker import DatabaseTracker
from step2_database.utc_datetime import UtcDateTime
from step3_redis.tracker import RedisTracker
from tools.figures import Cell, say

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
WIDTH = 360
MINUTE = 60
TEN_O_CLOCK = 10 * 60 * MINUTE
FAR_OFF = 4_102_444_800  # seconds: a midnight in 2100, so that no key expires while it is replayed
NAMES = ("alice", "bob", "carol")
USERS = {name: SimpleNamespace(id=name) for name in NAMES}
STYLE = """
svg { --ink:#1f2328; --soft:#57606a; --paper:#ffffff; --shade:#eef2f6; --edge:#afb8c1; --online:#1a7f37;
  --wrong:#b42318; --alice:#0969da; --bob:#8250df; --carol:#bf5700 }
@media (prefers-color-scheme: dark) { svg { --ink:#e6edf3; --soft:#9ea7b3; --paper:#0d1117; --shade:#1c232c;
  --edge:#57606a; --online:#3fb950; --wrong:#ff8a80; --alice:#58a6ff; --bob:#bc8cff; --carol:#ff9d4d } }
text { font: 13px system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  fill: var(--ink) }
.code { font-family: ui-monospace, Consolas, "PingFang SC", "Microsoft YaHei", monospace; font-size: 12px }
.small { font-size: 12px; fill: var(--soft) }
.middle { text-anchor: middle }
.end { text-anchor: end }
.strong { font-weight: 600 }
.wrong { fill: var(--wrong) }
.online { fill: var(--online) }
.paper { fill: var(--paper) }
.box { fill: var(--paper); stroke: var(--edge); stroke-width: 1.5 }
.shade { fill: var(--shade); stroke: none }
.arrow { fill: none; stroke: var(--soft); stroke-width: 1.5 }
.head { fill: var(--soft) }
.axis { stroke: var(--edge); stroke-width: 1 }
.gone { stroke: var(--edge); stroke-width: 2; stroke-dasharray: 2 4 }
.lit { stroke-width: 6; stroke-linecap: butt }
"""


class Drawing:
    """One picture, in one language, drawn from above to below."""

    def __init__(self, title: Cell, language: str) -> None:
        self.language = language
        self.title = say(title, language)
        self.height = 0.0
        self.parts: list[str] = []

    def add(self, shape: str, bottom: float) -> None:
        """Add a shape that reaches down to there."""
        self.parts.append(shape)
        self.height = max(self.height, bottom)

    def text(self, x: float, y: float, words: Cell, looks: str = "") -> None:
        """Write words; y is where their letters stand."""
        self.add(
            f'<text x="{x:g}" y="{y:g}" class="{looks}">{escape(say(words, self.language))}</text>', y + 5
        )

    def box(
        self, x: float, y: float, width: float, height: float, *, looks: str = "box", ink: str = ""
    ) -> None:
        """Draw a box; ink is the colour of its edge, if it has one of its own."""
        own = f' style="stroke:var(--{ink})"' if ink else ""
        self.add(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" class="{looks}"{own}/>',
            y + height,
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, *, looks: str, ink: str = "") -> None:
        """Draw a line."""
        own = f' style="stroke:var(--{ink})"' if ink else ""
        self.add(f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" class="{looks}"{own}/>', max(y1, y2))

    def arrow(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Draw a line with a head, downwards or to the right."""
        self.line(x1, y1, x2, y2, looks="arrow")
        head = "l-4 -7h8z" if x1 == x2 else "l-7 -4v8z"
        self.add(f'<path d="M{x2:g} {y2:g}{head}" class="head"/>', y2)

    def dot(self, x: float, y: float, ink: str) -> None:
        """Draw a request."""
        self.add(f'<circle cx="{x:g}" cy="{y:g}" r="5.5" style="fill:var(--{ink})"/>', y + 5.5)

    def ring(self, x: float, y: float, ink: str) -> None:
        """Draw a request that leaves no trace."""
        self.add(
            f'<circle cx="{x:g}" cy="{y:g}" r="5" class="paper" style="stroke:var(--{ink});stroke-width:2"/>',
            y + 6,
        )

    def svg(self) -> str:
        """Return the file's text."""
        height = self.height + 8
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" '
            f'width="{WIDTH * 1.4:g}" height="{height * 1.4:g}" role="img" lang="{self.language}">\n'
            f"<title>{escape(self.title)}</title>\n<style>{STYLE}</style>\n"
            f'<rect width="100%" height="100%" class="paper"/>\n' + "\n".join(self.parts) + "\n</svg>\n"
        )


class Clock:
    """A clock that the replay moves, in seconds of a day."""

    def __init__(self) -> None:
        self.now = float(TEN_O_CLOCK)

    def __call__(self) -> float:
        return self.now


def at(minutes: float) -> str:
    """Write a time of day, that many minutes after ten."""
    seconds = round(TEN_O_CLOCK + minutes * MINUTE)
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}"


def spans(states: Iterable[tuple[float, bool]]) -> Iterator[tuple[float, float]]:
    """Return from when to when a state was true, of the states at times that follow each other."""
    for is_true, group in groupby(states, key=lambda state: state[1]):
        times = [time for time, _ in group]
        if is_true:
            yield times[0], times[-1]


def across(left: float, right: float, until: float) -> Callable[[float], float]:
    """Return what tells where a time stands, from 0 on the left to the last one on the right."""
    return lambda time: left + (right - left) * time / until


def way_of_a_request(picture: Drawing, width: float) -> None:
    """Draw the boxes through which a request goes, from above to below, so wide each."""
    steps: list[tuple[Cell, Cell]] = [
        (("browser or curl", "浏览器或 curl"), ("GET /api/me, with a token", "GET /api/me，带令牌")),
        ("auth.py: verify_token()", ("who is this? may they in?", "是谁？能放行吗？")),
        ("presence.py: record()", ("never fails the request", "绝不让请求失败")),
        ("api.py: get_me()", ("the view", "视图")),
        (("browser or curl", "浏览器或 curl"), ("the response", "响应")),
    ]
    middle = 8 + width / 2
    for row, (name, words) in enumerate(steps):
        y = 8 + 66 * row
        picture.box(8, y, width, 46, ink="alice" if row == 1 else "")
        picture.text(18, y + 19, name, "strong" if row in (0, 4) else "code strong")
        picture.text(18, y + 37, words, "small")
        if row:
            picture.arrow(middle, y - 20, middle, y - 1)


def window(language: str) -> Drawing:
    """Draw how the window slides over the requests of two users."""
    requests = {"alice": (0, 2, 4), "bob": (1,)}
    now, until = 7, 10
    clock = Clock()
    tracker = DictTracker(clock=clock)
    online: dict[str, list[tuple[float, bool]]] = {name: [] for name in requests}
    counts: list[tuple[float, int]] = []
    for second in range(until * MINUTE + 1):
        clock.now = TEN_O_CLOCK + second
        for name, minutes in requests.items():
            if second in {minute * MINUTE for minute in minutes}:
                tracker.mark_online(USERS[name])
        seen = {user_id for user_id, _ in tracker.online_users()}
        for name, states in online.items():
            states.append((second / MINUTE, name in seen))
        counts.append((second / MINUTE, tracker.get_online()))

    left, right = 58, 344
    x = across(left, right, until)
    title = "The window slides over the requests of alice and bob", "窗口滑过 alice 和 bob 的请求"
    picture = Drawing(title, language)
    picture.box(x(now - 5), 26, x(now) - x(now - 5), 112, looks="shade")
    picture.text((x(now - 5) + x(now)) / 2, 18, ("the window: 5 minutes", "窗口：5 分钟"), "middle")
    picture.line(x(now), 26, x(now), 138, looks="arrow")
    picture.text(x(now) + 4, 38, ("now", "此刻"), "small")
    for row, (name, minutes) in enumerate(requests.items()):
        y = 62 + 44 * row
        picture.text(left - 8, y + 4, name, "end strong")
        picture.line(x(0), y, x(until), y, looks="gone")
        for start, end in spans(online[name]):
            picture.line(x(start), y, x(end), y, looks="lit", ink=name)
            if end < until:
                is_late = end > until - 2  # then there is no room behind it
                picture.text(
                    WIDTH - 6 if is_late else x(end) + 4,
                    y - 8,
                    ("offline", "离线"),
                    f"small {'end' * is_late}",
                )
        for minute in minutes:
            picture.dot(x(minute), y, name)
    for minute in (0, 5, until):
        picture.line(x(minute), 138, x(minute), 144, looks="axis")
        anchor = {0: "", until: "end"}.get(minute, "middle")
        picture.text(x(minute), 158, at(minute), f"small {anchor}")
    picture.line(x(0), 138, x(until), 138, looks="axis")
    picture.text(left - 8, 182, ("online", "在线"), "end")
    for count, group in groupby(counts, key=lambda each: each[1]):
        times = [time for time, _ in group]
        picture.text(x((times[0] + times[-1]) / 2), 182, str(count), "middle strong online")
        if times[0]:
            picture.line(x(times[0]), 170, x(times[0]), 186, looks="axis")
    return picture


def order(language: str) -> Drawing:
    """Draw what is in the dict after each of a few moments."""
    moments: list[tuple[int, tuple[str, ...], Cell]] = [
        (0, ("alice", "bob"), ("alice, bob come", "alice、bob 来了")),
        (3, ("carol",), ("carol comes", "carol 来了")),
        (4, ("alice",), ("alice again", "alice 又来了")),
        (5, (), ("bob has left", "bob 离开了")),
        (8, (), ("carol has left", "carol 离开了")),
        (9, (), ("alice has left", "alice 离开了")),
    ]
    title = "The dict at six moments, in the order of last seen", "六个时刻的字典，按最后出现的先后排列"
    picture = Drawing(title, language)
    picture.text(112, 18, ("front of the dict", "字典头部"), "small")
    picture.text(300, 18, ("end", "末尾"), "small end")
    picture.text(352, 18, ("online", "在线"), "small end")
    clock = Clock()
    tracker = DictTracker(clock=clock)
    for row, (minute, who, words) in enumerate(moments):
        clock.now = TEN_O_CLOCK + minute * MINUTE
        for name in who:
            tracker.mark_online(USERS[name])
        count = tracker.get_online()
        y = 28 + 44 * row
        picture.text(8, y + 16, at(minute), "strong")
        picture.text(8, y + 31, words, "small")
        for place, name in enumerate(tracker._last_seen):
            picture.box(112 + 64 * place, y + 4, 58, 28, ink=str(name))
            picture.text(112 + 64 * place + 29, y + 22, str(name), "middle")
        if not tracker._last_seen:
            picture.text(112, y + 22, ("empty", "空"), "small")
        picture.text(346, y + 23, str(count), "end strong online")
        picture.line(8, y + 40, 352, y + 40, looks="axis")
    return picture


def clock(language: str) -> Drawing:
    """Draw how long a user stays online once somebody has set the clock back an hour."""
    until = 75
    truth, shown = Clock(), Clock()
    forms: list[tuple[Cell, Callable[[], None], Callable[[], int]]] = []
    article, ours = ArticleDict(shown), DictTracker(clock=steady_clock(shown, truth))
    forms.append(("time.time()", lambda: article.make_inline(USERS["alice"]), article.get_online))
    forms.append(("steady_clock()", lambda: ours.mark_online(USERS["alice"]), ours.get_online))
    online: list[list[tuple[float, bool]]] = [[] for _ in forms]
    for second in range(until * MINUTE + 1):
        truth.now = TEN_O_CLOCK + second
        shown.now = truth.now if second < MINUTE else truth.now - 60 * MINUTE
        for (_, mark, count), states in zip(forms, online, strict=True):
            if second == 0:
                mark()
            with redirect_stdout(io.StringIO()):  # one of the article's defects is a print
                states.append((second / MINUTE, count() == 1))

    left, right = 8, 346
    x = across(left, right, until)
    title = "How long alice is online if the clock is set back", "时钟被拨回，alice 在线多久"
    picture = Drawing(title, language)
    picture.text(x(1), 18, ("10:01: the clock is set back to 9:01", "10:01：时钟被拨回 9:01"), "small")
    picture.line(x(1), 24, x(1), 130, looks="arrow")
    for row, ((name, _, _), states) in enumerate(zip(forms, online, strict=True)):
        y = 62 + 50 * row
        picture.text(left + 8, y - 14, name, "code")
        picture.line(x(0), y, x(until), y, looks="gone")
        for start, end in spans(states):
            picture.line(x(start), y, x(min(end, 5)), y, looks="lit", ink="alice")
            if end > 6:
                picture.line(x(5), y, x(end), y, looks="lit", ink="wrong")
                wrong = ("✗ online, and long gone", "✗ 早就走了，还算在线")
                picture.text(x(20), y + 18, wrong, "wrong")
            else:
                picture.text(x(end) + 6, y + 18, ("✓ offline at 10:05", "✓ 10:05 离线"), "online")
        picture.dot(x(0) + 2, y, "alice")
    picture.line(x(0), 140, x(until), 140, looks="axis")
    for minute in (0, 5, 65):
        picture.line(x(minute), 140, x(minute), 146, looks="axis")
        shift = {0: 0, 5: 34}.get(minute, 16)  # the first two stand close together
        picture.text(x(minute) + shift, 160, at(minute), "small" if minute == 0 else "small middle")
    return picture


def processes(language: str) -> Drawing:
    """Draw two processes, in one of which alice was seen."""
    title = "Two processes have a dict each", "两个进程，各有一个字典"
    picture = Drawing(title, language)
    clock = Clock()
    trackers = [DictTracker(clock=clock), DictTracker(clock=clock)]
    trackers[0].mark_online(USERS["alice"])
    picture.text(8, 20, ("alice's request", "alice 的请求"))
    picture.dot(91, 37, "alice")
    picture.arrow(91, 44, 91, 66)
    for number, tracker in enumerate(trackers):
        x, count = 8 + 180 * number, tracker.get_online()
        is_wrong = count != 1
        picture.box(x, 68, 164, 92)
        picture.text(x + 10, 88, (f"process {number + 1}", f"进程 {number + 1}"), "strong")
        picture.box(x + 10, 98, 144, 28, looks="shade")
        inside = "".join(f"{name}: {at(0)}" for name in tracker._last_seen) or ("empty dict", "空字典")
        picture.text(x + 82, 117, inside, "middle" if tracker._last_seen else "middle small")
        picture.text(x + 10, 148, f"get_online() → {count}", "code wrong" if is_wrong else "code online")
        picture.text(x + 148, 148, "✗" if is_wrong else "✓", f"end {'wrong' if is_wrong else 'online'}")
    return picture


def request(language: str) -> Drawing:
    """Draw the way of a request to the dict and back."""
    title = "The way of a request to the dict and back", "一个请求到字典再回来的路径"
    picture = Drawing(title, language)
    way_of_a_request(picture, 204)
    y = 8 + 66 * 2
    picture.arrow(212, y + 16, 239, y + 16)
    picture.box(240, y - 6, 112, 46)
    picture.text(250, y + 13, "tracker.py:", "code strong")
    picture.text(250, y + 31, "mark_online()", "code strong")
    picture.arrow(296, y + 40, 296, y + 59)
    picture.box(240, y + 60, 112, 46, looks="shade")
    picture.text(250, y + 79, ("the dict", "字典"), "strong")
    picture.text(250, y + 97, f"alice: {at(0)}", "small")
    return picture


@contextmanager
def users_table(kept_as: sa.types.TypeEngine[datetime] | None = None) -> Iterator[tuple[sa.Engine, sa.Table]]:
    """Lend a database in memory with one user in a table, whose number is 1 and whom nobody has seen.

    kept_as: the type of the column last_seen, if it is not a UtcDateTime.
    """
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, isolation_level="AUTOCOMMIT")
    users = sa.Table(
        "users",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("last_seen", kept_as or UtcDateTime()),
    )
    users.create(engine)
    with engine.connect() as connection:
        connection.execute(sa.insert(users).values(id=1))
    yield engine, users
    engine.dispose()


def days(language: str) -> Drawing:
    """Draw for how many days a user stays online who came once, on a Friday."""
    shown, until = Clock(), 5.6 * 24  # in hours
    friday = datetime(2026, 1, 30, 18, 0, tzinfo=UTC)
    article = ArticleColumn("sqlite://", shown)
    online: dict[str, list[tuple[float, bool]]] = {"timedelta(5)": [], "timedelta(minutes=5)": []}
    with users_table() as (engine, users), article.app.app_context():
        article.db.create_all()
        article.User(name="alice").save()
        ours = DatabaseTracker(users, writing=engine, reading=engine, clock=shown)
        alice = article.User.query.one()
        for minute in range(0, int(until * MINUTE), 5):
            shown.now = friday.timestamp() + minute * MINUTE
            if minute == 0:
                article.mark_online(alice)
                ours.mark_online(SimpleNamespace(id=1))
            for states, count in zip(online.values(), (article.get_online(), ours.get_online()), strict=True):
                states.append((minute / 60, count == 1))
        article.db.session.remove()
        article.db.engine.dispose()

    left, right = 14, 346
    x = across(left, right, until)
    title = "How long a user who came once is online", "只来过一次的用户在线多久"
    picture = Drawing(title, language)
    for row, (name, states) in enumerate(online.items()):
        y = 40 + 54 * row
        picture.text(left, y - 16, name, "code")
        picture.line(x(0), y, x(until), y, looks="gone")
        for start, end in spans(states):
            is_right = end < 1
            picture.line(x(start), y, x(end), y, looks="lit", ink="alice" if is_right else "wrong")
            told = (
                ("✓ offline after five minutes", "✓ 五分钟后离线")
                if is_right
                else (f"✗ online for {round(end / 24)} days", f"✗ 在线 {round(end / 24)} 天")
            )
            picture.text(x(16), y + 18, told, "online" if is_right else "wrong")
        picture.dot(x(0), y, "alice")
    picture.line(x(0), 126, x(until), 126, looks="axis")
    english = ["Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    chinese = ["周五", "周六", "周日", "周一", "周二", "周三"]
    for day, words in enumerate(zip(english, chinese, strict=True)):
        picture.line(x(24 * day), 126, x(24 * day), 132, looks="axis")
        picture.text(x(24 * day), 146, words, "small middle" if day else "small")
    picture.text(x(0), 164, ("each at 18:00", "都是 18:00"), "small")
    return picture


def zones(language: str) -> Drawing:
    """Draw how long a user is online whom one server marks in local time, and another counts in UTC."""
    until = 9 * 60
    beijing, noon = timezone(timedelta(hours=8)), datetime(2026, 1, 31, 4, 0, tzinfo=UTC)
    online: dict[str, list[tuple[float, bool]]] = {}
    for kept_as in (sa.DateTime(), UtcDateTime()):
        with users_table(kept_as) as (engine, users), engine.connect() as connection:
            connection.execute(sa.update(users).values(last_seen=noon.astimezone(beijing)))
            count = sa.select(sa.func.count()).select_from(users)
            states = online[type(kept_as).__name__] = []
            for minute in range(until + 1):
                since = noon + timedelta(minutes=minute - 5)
                found = connection.execute(count.where(users.c.last_seen > since)).scalar_one()
                states.append((minute, found == 1))

    left, right = 14, 346
    x = across(left, right, until)
    title = "One server writes local time, another counts in UTC", "一台服务器写当地时间，另一台按 UTC 统计"
    picture = Drawing(title, language)
    for row, (name, states) in enumerate(online.items()):
        y = 40 + 54 * row
        picture.text(left, y - 16, name, "code")
        picture.line(x(0), y, x(until), y, looks="gone")
        for start, end in spans(states):
            is_right = end < 6
            picture.line(x(start), y, x(end), y, looks="lit", ink="alice" if is_right else "wrong")
            too_long = ("✗ online, eight hours too long", "✗ 多在线八小时")
            told = ("✓ offline after five minutes", "✓ 五分钟后离线") if is_right else too_long
            picture.text(x(60), y + 18, told, "online" if is_right else "wrong")
        picture.dot(x(0), y, "alice")
    picture.line(x(0), 126, x(until), 126, looks="axis")
    shown = [0.0, *(end for states in online.values() for _, end in spans(states) if end > 6)]
    for time in shown:
        picture.line(x(time), 126, x(time), 132, looks="axis")
        moment = noon + timedelta(minutes=time + bool(time))  # offline from the next minute on
        anchor = "end" if time else ""
        at_end = x(time) + (14 if time else 0)
        picture.text(at_end, 146, f"UTC {moment:%H:%M}", f"small {anchor}")
        local = f"{moment.astimezone(beijing):%H:%M}"
        picture.text(at_end, 162, (f"Beijing {local}", f"北京 {local}"), f"small {anchor}")
    return picture


def pool(language: str) -> Drawing:
    """Draw two requests that share a pool of two connections, and each want a second one."""
    engine = sa.create_engine(
        "sqlite://", poolclass=sa.QueuePool, pool_size=2, max_overflow=0, pool_timeout=0.01
    )
    held = {name: engine.connect() for name in NAMES[:2]}
    refused = []
    for name in held:
        try:
            engine.connect()
        except PoolTimeoutError:
            refused.append(name)
    for connection in held.values():
        connection.close()
    engine.dispose()

    title = "Two requests, and a pool of two connections", "两个请求，一个有两个连接的连接池"
    picture = Drawing(title, language)
    picture.box(8, 90, 344, 92, looks="shade")
    for number, name in enumerate(held):
        x = 8 + 180 * number
        picture.box(x, 8, 164, 46, ink=name)
        picture.text(x + 10, 27, (f"{name}'s request", f"{name} 的请求"), "strong")
        if name in refused:
            wants = "has one, waits again", "占着一个，还在等一个"
            picture.text(x + 10, 45, wants, "small")
        picture.arrow(x + 82, 54, x + 82, 102)
        picture.text(x + 90, 80, ("holds", "占着"), "small")
    for number, name in enumerate(held):
        x = 24 + 172 * number
        picture.box(x, 104, 140, 30, ink=name)
        picture.text(x + 70, 124, (f"connection {number + 1}", f"连接 {number + 1}"), "middle")
    picture.text(
        180, 155, ("the pool: two connections, no more", "连接池：一共两个，再没有了"), "small middle"
    )
    if len(refused) == len(held):
        picture.text(
            180, 173, ("✗ both wait, and neither gives one back", "✗ 两边都在等，谁也不先还"), "wrong middle"
        )
    return picture


def resolution(language: str) -> Drawing:
    """Draw which calls are written, and until when a user is online, with two resolutions."""
    calls, until = (0, 20), 340  # in seconds
    start = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
    lanes: dict[int, tuple[list[int], list[tuple[float, bool]]]] = {}
    for seconds in (0, 30):
        clock = Clock()
        written: list[int] = []
        states: list[tuple[float, bool]] = []
        with users_table() as (engine, users):
            tracker = DatabaseTracker(
                users, writing=engine, reading=engine, resolution=timedelta(seconds=seconds), clock=clock
            )
            for second in range(until + 1):
                clock.now = start.timestamp() + second
                if second in calls:
                    tracker.mark_online(SimpleNamespace(id=1))
                    if tracker.last_seen(SimpleNamespace(id=1)) == start + timedelta(seconds=second):
                        written.append(second)
                states.append((second, tracker.get_online() == 1))
        lanes[seconds] = written, states

    left, right = 14, 346
    x = across(left, right, until)
    title = "Which calls are written, and until when alice is online", "哪次请求会写，alice 在线到什么时候"
    picture = Drawing(title, language)
    for row, (seconds, (written, states)) in enumerate(lanes.items()):
        y = 42 + 62 * row
        picture.text(left, y - 20, (f"resolution {seconds}", f"写入间隔 {seconds}"), "strong")
        picture.line(x(0), y, x(until), y, looks="gone")
        ((begin, end),) = spans(states)
        picture.line(x(begin), y, x(end), y, looks="lit", ink="alice")
        for call in calls:
            if call in written:
                picture.dot(x(call), y, "alice")
            else:
                picture.ring(x(call), y, "alice")
        how_many = len(written)
        picture.text(left - 5, y + 22, (f"{how_many} × UPDATE", f"{how_many} × UPDATE"), "small")
        moment = start + timedelta(seconds=end + 1)
        until_when = f"offline at {moment:%H:%M:%S}", f"{moment:%H:%M:%S} 离线"
        picture.text(right, y + 22, until_when, "small end")
    picture.line(x(0), 140, x(until), 140, looks="axis")
    for second in (0, 300):
        picture.line(x(second), 140, x(second), 146, looks="axis")
        moment = start + timedelta(seconds=second)
        picture.text(x(second), 160, f"{moment:%H:%M:%S}", "small middle" if second else "small")
    picture.dot(left, 180, "alice")
    picture.text(left + 12, 184, ("a request that is written", "写入的请求"), "small")
    picture.ring(left + 176, 180, "alice")
    picture.text(left + 188, 184, ("one that is not", "不写的请求"), "small")
    return picture


def column(language: str) -> Drawing:
    """Draw the way of a request to the users' table: one pool to load the user, and another for the mark."""
    title = "The way of a request to the users' table", "一个请求到用户表的路径"
    picture = Drawing(title, language)
    way_of_a_request(picture, 196)
    picture.arrow(204, 97, 233, 97)
    picture.box(234, 74, 118, 46)
    picture.text(240, 93, ("the app's pool", "应用的连接池"), "strong")
    picture.text(240, 111, "SELECT alice", "small")
    picture.arrow(204, 163, 233, 163)
    picture.box(234, 140, 102, 46)
    picture.text(239, 159, "tracker.py:", "code strong")
    picture.text(239, 177, "mark_online()", "code strong")
    picture.arrow(285, 186, 285, 205)
    picture.box(234, 206, 102, 46)
    picture.text(240, 225, ("a pool apart", "自己的连接池"), "strong")
    picture.text(240, 243, "UPDATE alice", "small")
    picture.arrow(285, 252, 285, 271)
    picture.arrow(345, 120, 345, 271)
    picture.box(234, 272, 118, 46, looks="shade")
    picture.text(240, 291, ("table users", "用户表"), "strong")
    picture.text(240, 309, f"alice: {at(0)}", "small")
    return picture


def to_redis(language: str) -> Drawing:
    """Draw the way of a mark and of a count, in two processes, to one Redis."""
    title = "Two processes and one Redis", "两个进程，一个 Redis"
    picture = Drawing(title, language)
    clock = Clock()
    redis = FakeRedis(server=FakeServer(), decode_responses=True)
    trackers = [RedisTracker(redis, clock=clock) for _ in range(2)]
    trackers[0].mark_online(SimpleNamespace(id=1))
    kept: Any = redis.zrange(trackers[0].key, 0, -1, withscores=True)
    ((member, score),) = kept
    ways: list[tuple[Cell, Cell, tuple[tuple[str, str], ...], str]] = [
        (
            ("process 1", "进程 1"),
            ("alice: GET /api/me", "alice：GET /api/me"),
            (("auth.py", "verify_token()"), ("presence.py", "record()"), ("tracker.py", "mark_online()")),
            "ZADD",
        ),
        (
            ("process 2", "进程 2"),
            ("anybody: GET /api/online", "任何人：GET /api/online"),
            (("api.py", "get_online()"), ("presence.py", "get_online()"), ("tracker.py", "get_online()")),
            "ZCOUNT",
        ),
    ]
    for column, (name, asked, functions, command) in enumerate(ways):
        x = 8 + 180 * column
        picture.text(x + 82, 18, asked, "small middle")
        picture.box(x, 42, 164, 184, looks="shade")
        picture.text(x + 10, 60, name, "strong")
        picture.arrow(x + 82, 24, x + 82, 70)
        for row, (file, function) in enumerate(functions):
            y = 71 + 52 * row
            picture.box(x + 10, y, 144, 38, ink="alice" if column == 0 and row == 1 else "")
            picture.text(x + 18, y + 15, file, "small")
            picture.text(x + 18, y + 31, function, "code strong")
            if row:
                picture.arrow(x + 82, y - 14, x + 82, y - 1)
        picture.arrow(x + 82, 213, x + 82, 254)
        picture.text(x + 90, 244, command, "code")
    picture.box(8, 256, 344, 74)
    picture.text(18, 275, "Redis", "strong")
    picture.text(78, 275, trackers[0].key, "code")
    picture.box(18, 284, 144, 34, looks="shade")
    picture.text(28, 306, f"{member}: {at(score / 1_000_000 / MINUTE - TEN_O_CLOCK / MINUTE)}", "code")
    picture.text(342, 306, f"get_online() → {trackers[1].get_online()}", "code online end")
    return picture


def buckets(language: str) -> Drawing:
    """Draw how long two users are online in five sets of a minute, and with an exact time for each."""
    seen_at, until = {"bob": 0, "alice": 59}, 390
    clock = Clock()
    forms: list[tuple[Cell, dict[str, Any]]] = [
        (
            ("five sets of a minute each", "五个一分钟的集合"),
            {name: ArticleRedis(FakeRedis(server=FakeServer()), clock) for name in seen_at},
        ),
        (
            ("an exact time for each user", "每个用户一个精确的时间"),
            {name: RedisTracker(FakeRedis(server=FakeServer()), clock=clock) for name in seen_at},
        ),
    ]
    states: list[dict[str, list[tuple[float, bool]]]] = [{name: [] for name in seen_at} for _ in forms]
    for second in range(until + 1):
        clock.now = FAR_OFF + TEN_O_CLOCK + second
        for (_, trackers), of_each in zip(forms, states, strict=True):
            for name, tracker in trackers.items():
                if second == seen_at[name]:
                    tracker.mark_online(SimpleNamespace(id=1))
                of_each[name].append((second, tracker.get_online() == 1))

    left, right = 58, 340
    x = across(left, right, until)
    title = "When do bob and alice leave?", "bob 和 alice 什么时候离线"
    picture = Drawing(title, language)
    for row, ((form, _), of_each) in enumerate(zip(forms, states, strict=True)):
        top = 8 + 112 * row
        picture.text(8, top + 14, form, "strong")
        for minute in range(until // MINUTE + 1):
            picture.line(x(minute * MINUTE), top + 24, x(minute * MINUTE), top + 98, looks="axis")
        for place, (name, lit) in enumerate(of_each.items()):
            y = top + 40 + 38 * place
            picture.text(left - 8, y + 4, name, "end")
            ((start, end),) = spans(lit)
            picture.line(x(start), y, x(end + 1), y, looks="lit", ink=name)
            picture.dot(x(start), y, name)
            stayed = round(end + 1 - start)
            is_right = stayed == 5 * MINUTE
            sign = "✓" if is_right else "✗"
            lasted = f"{stayed // MINUTE}:{stayed % MINUTE:02d}"
            picture.text(
                x(end + 1) - 6,
                y + 19,
                (f"gone after {lasted} {sign}", f"{lasted} 后离线 {sign}"),
                "end online" if is_right else "end wrong",
            )
    for minute in range(until // MINUTE + 1):
        picture.text(x(minute * MINUTE), 232, at(minute), "small middle")
    return picture


class WithoutMargin(RedisTracker):
    """Removes whoever has left by this process's own clock, as lesson 3 does before its fourth failure."""

    def _tidy(self, now: int) -> None:
        self._client.zremrangebyscore(self.key, "-inf", now - self._keep)


def fast_host(language: str) -> Drawing:
    """Draw when alice leaves if a machine whose clock is fast tidies up."""
    ahead, bob_at, until = 50, 255, 360
    clock = Clock()
    forms: list[tuple[Cell, type[RedisTracker]]] = [
        (("alice, if it removes at once", "alice：立刻删除"), WithoutMargin),
        (("alice, if it waits another minute", "alice：再等一分钟才删除"), RedisTracker),
    ]
    title = "When does alice leave if another clock is fast?", "有台机器的时钟快了，alice 什么时候离线"
    picture = Drawing(title, language)
    left, right = 8, 346
    x = across(left, right, until)

    marked = "10:04:15: bob, marked by a machine", "10:04:15：bob 由一台机器记录，"
    picture.text(x(bob_at), 16, marked, "small end")
    picture.text(x(bob_at), 31, ("whose clock says 10:05:05", "它的时钟显示 10:05:05"), "small end")
    picture.line(x(bob_at), 36, x(bob_at), 156, looks="arrow")
    for row, (form, make) in enumerate(forms):
        redis = FakeRedis(server=FakeServer())
        exact = make(redis, clock=clock, parse_id=str)
        fast = make(redis, clock=lambda: clock.now + ahead, parse_id=str)
        lit = []
        for second in range(until + 1):
            clock.now = TEN_O_CLOCK + second
            if second == 0:
                exact.mark_online(USERS["alice"])
            if second == bob_at:
                fast.mark_online(USERS["bob"])
            lit.append((second, "alice" in [user_id for user_id, _ in exact.online_users()]))
        y = 76 + 58 * row
        picture.text(left, y - 14, form, "strong")
        picture.line(x(0), y, x(until), y, looks="gone")
        ((start, end),) = spans(lit)
        picture.line(x(start), y, x(end + 1), y, looks="lit", ink="alice")
        picture.dot(x(0) + 4, y, "alice")
        is_right = end + 1 == 5 * MINUTE
        words = (
            ("✓ offline at 10:05:00", "✓ 10:05:00 离线")
            if is_right
            else (f"✗ gone {300 - end - 1:g} seconds early", f"✗ 早了 {300 - end - 1:g} 秒离线")
        )
        picture.text(x(bob_at) - 8, y + 20, words, f"end {'online' if is_right else 'wrong'}")
    picture.line(x(0), 164, x(until), 164, looks="axis")
    for minute in (0, 2, 4, 5):
        picture.line(x(minute * MINUTE), 164, x(minute * MINUTE), 170, looks="axis")
        picture.text(x(minute * MINUTE), 184, at(minute), "small" if minute == 0 else "small middle")
    return picture


def breaker(language: str) -> Drawing:
    """Draw which requests wait for a Redis that hangs."""
    hangs_from, hangs_to, until = 2, 10, 16
    clock = Clock()
    reached: list[float] = []

    def mark() -> None:
        reached.append(clock.now)
        if hangs_from <= clock.now < hangs_to:
            raise TimeoutError

    guard = CircuitBreaker((TimeoutError,), (), warn=lambda _: None, monotonic=clock)
    found: dict[str, list[float]] = {"marked": [], "waits": [], "at once": []}
    for half in range(2 * until + 1):
        clock.now = half / 2
        try:
            guard.call(mark)
            found["marked"].append(clock.now)
        except PresenceUnknown:
            found["waits" if clock.now in reached else "at once"].append(clock.now)

    left, right = 16, 344
    x = across(left, right, until)
    title = "Requests while Redis hangs", "Redis 卡死时的请求"
    picture = Drawing(title, language)
    picture.box(x(hangs_from), 24, x(hangs_to) - x(hangs_from), 152, looks="shade")
    picture.text((x(hangs_from) + x(hangs_to)) / 2, 16, ("Redis hangs", "Redis 卡死"), "middle strong")
    lanes: list[tuple[str, Cell, str, str]] = [
        ("marked", ("marked", "已记录"), "online", "online"),
        ("waits", ("waits for 0.2 s, not marked", "等 0.2 秒，未记录"), "wrong", "wrong"),
        ("at once", ("answered at once, not marked", "立即返回，未记录"), "soft", ""),
    ]
    for row, (name, words, ink, looks) in enumerate(lanes):
        y = 62 + 50 * row
        picture.text(x(hangs_from) + 8, y - 14, words, looks)
        picture.line(x(0), y, x(until), y, looks="axis")
        for second in found[name]:
            picture.dot(x(second), y, ink)
    picture.line(x(0), 184, x(until), 184, looks="axis")
    for second in (0, hangs_from, 7, hangs_to, 12, until):
        picture.line(x(second), 184, x(second), 190, looks="axis")
        words = (f"{second} s", f"{second} 秒") if second == until else str(second)
        picture.text(x(second), 204, words, "small end" if second == until else "small middle")
    return picture


Draw = Callable[[str], Drawing]
DRAWINGS: tuple[Draw, ...] = (
    request,
    window,
    clock,
    order,
    processes,
    column,
    days,
    zones,
    pool,
    resolution,
    to_redis,
    buckets,
    fast_host,
    breaker,
)


# each picture's file, and how it is drawn
FILES: dict[Path, Callable[[], Drawing]] = {
    PICTURES / f"{draw.__name__}{ending}": partial(draw, language)
    for draw in DRAWINGS
    for language, ending in (("en", ".svg"), ("zh", ".zh.svg"))
}

if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    for path, draw in FILES.items():
        path.write_text(draw().svg(), encoding="utf-8")
