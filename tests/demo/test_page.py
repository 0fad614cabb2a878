"""The page as the app sends it: both languages complete, and what the tracker declares."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from demo import page
from demo.page import PYTHON, second_port, window_choice, window_choices
from tests.common.conftest import SEEN, NotingTracker, make_app
from tests.demo.conftest import MARK
from tests.helpers.apps import QUICK_HASH
from tests.helpers.started_steps import ROOT

NOT_WORDS = {
    "0",
    "?",
    "0 · tests.common",
    "tests.common",
    "alice",
    "step1_dict",
    "step2_database",
    "step3_redis",
}
NOT_WORDS |= {"127.0.0.1:90", f"{PYTHON} tests.common/app.py --port 90", f"{PYTHON} lab/app.py"}
NOT_WORDS |= {f"{PYTHON} {step}/app.py" for step in ("step1_dict", "step2_database", "step3_redis")}
INVISIBLE = {"meta", "link", "input"}


class Words(HTMLParser):
    """Collects the text of a page by the language that it is marked with."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pairs: list[tuple[str, str]] = []  # language, text; in the page's order
        self.unmarked: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in INVISIBLE:
            kind = dict(attrs).get("class") or ""
            inherited = self.open[-1] if self.open else ""
            self.open.append(kind if kind in ("en", "zh") else inherited)
            if kind in ("en", "zh"):
                self.pairs.append((kind, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in INVISIBLE:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1]:
            kind, text = self.pairs[-1]
            self.pairs[-1] = kind, text + data.strip()
        elif data.strip():
            self.unmarked.append(data.strip())


def test_every_word_stands_there_in_both_languages(client: FlaskClient) -> None:
    words = Words(client.get("/").text)
    assert set(words.unmarked) <= NOT_WORDS
    kinds = [kind for kind, _ in words.pairs]
    assert len(kinds) > 100 and kinds == ["en", "zh"] * (len(kinds) // 2)
    for kind, text in words.pairs:
        is_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in text)
        assert text and (is_chinese == (kind == "zh") or text in ("中文", "English")), text


def test_the_script_writes_no_html_keeps_nothing_and_can_be_read_in_one_sitting() -> None:
    script = (ROOT / "demo/page.js").read_text("utf-8")
    assert script.isascii() or set(script) - set(map(chr, range(128))) == {"…"}
    assert script.count("\n") <= 250
    assert "innerHTML" not in script and "storage" not in script.lower()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("zh-CN,en;q=0.8", "zh-CN"),
        ("de,zh-TW,en", "zh-CN"),
        ("de", "en"),
        ("zh", "zh-CN"),
        ("ZH-Hant-TW", "zh-CN"),
        ("en-GB,zh", "en"),
        ("zh;q=0,de", "en"),
    ],
)
def test_the_language_is_the_one_that_the_browser_asks_for(
    client: FlaskClient, accepted: str | None, language: str
) -> None:
    answer = client.get("/", headers={"Accept-Language": accepted} if accepted else {})
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["Vary"] == "Accept-Language"


def test_without_its_script_the_page_shows_the_number_and_is_loaded_anew(
    client: FlaskClient, tracker: NotingTracker
) -> None:
    tracker.marked.append(1)
    head, _, body = client.get("/").text.partition("</head>")
    assert "<title>1 · tests.common</title>" in head
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in head
    # role="status": a screen reader reads a change out
    assert re.search(r'<div id="count" role="status" data-state="known">\s*<p id="number">1</p>', body)


@pytest.mark.parametrize(("asked", "minutes"), [("", 5), ("?minutes=1", 1)])
def test_a_reload_shows_at_once_who_has_come_meanwhile_within_the_window_chosen(
    client: FlaskClient, tracker: NotingTracker, asked: str, minutes: int
) -> None:
    titles = []
    for user_id in (1, 2, 3):
        tracker.marked.append(user_id)
        titles += re.findall("<title>(.+)</title>", client.get(f"/{asked}").text)
    assert titles == ["1 · tests.common", "2 · tests.common", "3 · tests.common"]
    assert tracker.windows == [timedelta(minutes=minutes)] * 3


@pytest.mark.parametrize("failing", ["reads_fail", "marks_fail"])
def test_while_the_store_fails_the_page_shows_that_the_number_is_unknown_and_leaves_the_store_alone(
    client: FlaskClient, tracker: NotingTracker, failing: str
) -> None:
    client.post("/api/tokens", auth=("alice", "demo"))
    setattr(tracker, failing, True)
    client.post("/api/tokens", auth=("bob", "demo"))
    for _ in range(2):
        answer = client.get("/")
        assert answer.status_code == 200
        assert "<title>? · tests.common</title>" in answer.text
        assert re.search(r'data-state="store">\s*<p id="number">\?</p>', answer.text)
    assert tracker.attempts == {"reads_fail": 3, "marks_fail": 2}[failing]


def test_the_browser_may_load_and_send_nothing_but_what_the_page_needs(client: FlaskClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert dict(directive.split(" ", 1) for directive in policy.split("; ")) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_a_password_is_not_shown_while_it_is_typed_and_no_browser_offers_it_again(
    client: FlaskClient,
) -> None:
    fields = re.findall(r'<input name="(\w+)" ([^>]*)>', client.get("/").text)
    assert dict(fields) == {
        "name": 'autocomplete="off" required',
        "password": 'type="password" autocomplete="off" required',
    }


@pytest.mark.parametrize(
    ("declared", "value", "shown"),
    [
        ("survives_restart", True, ("yes", "是")),
        ("shared_between_processes", True, ("yes", "是")),
        ("any_window", True, ("yes", "是")),
        ("resolution", timedelta(seconds=1), ("1 second", "1 秒")),
        ("resolution", timedelta(seconds=2.5), ("2.5 seconds", "2.5 秒")),
    ],
)
def test_what_the_tracker_declares_stands_there_and_nothing_else_changes_with_it(
    client: FlaskClient, tracker: NotingTracker, declared: str, value: object, shown: tuple[str, str]
) -> None:
    names = {
        "survives_restart": ("survives a restart of the app", "应用重启后仍在"),
        "shared_between_processes": ("shared by all processes", "所有进程共享"),
        "any_window": ("windows of any length above the resolution", "窗口长短不限（须大于写入间隔）"),
        "resolution": ("resolution", "写入间隔"),
    }
    expected = dict.fromkeys(names.values(), ("no", "否")) | {names["resolution"]: ("0 seconds", "0 秒")}
    setattr(tracker, declared, value)
    told = [text for _, text in Words(client.get("/").text).pairs]
    texts = iter(told[told.index("survives a restart of the app") :][:16])
    both_languages = list(zip(texts, texts, strict=True))
    assert dict(zip(both_languages[::2], both_languages[1::2], strict=True)) == expected | {
        names[declared]: shown
    }


def test_asking_for_the_page_marks_nobody(client: FlaskClient, tracker: NotingTracker) -> None:
    client.get("/")
    assert tracker.marked == []


def test_windows_come_shortest_first_and_the_trackers_own_is_among_them(tracker: NotingTracker) -> None:
    tracker.window = timedelta(seconds=90.000001)
    shown = [(each.amount, each.unit, each.minutes, each.is_default) for each in window_choices(tracker)]
    assert shown == [
        ("6", "second", "0.1", False),
        ("1", "minute", "1", False),
        ("90.000001", "second", "1.500000016667", True),
        ("5", "minute", "5", False),
        ("3", "day", "4320", False),
    ]


def test_each_window_offered_is_one_that_can_be_asked_for(
    client: FlaskClient, tracker: NotingTracker
) -> None:
    tracker.window = timedelta(microseconds=500)
    answers = [client.get(f"/api/online/users?minutes={each.minutes}") for each in window_choices(tracker)]
    assert [answer.status_code for answer in answers] == [401] * 4 + [400]  # 3 days are more than are kept
    assert tracker.window == timedelta(minutes=float(window_choices(tracker)[0].minutes))
    assert re.findall(r'value="(\S+)" checked', client.get("/").text) == [window_choices(tracker)[0].minutes]


def test_the_windows_can_be_chosen_but_for_those_that_cannot_be_answered(
    client: FlaskClient, tracker: NotingTracker
) -> None:
    tracker.window = timedelta(minutes=1)
    text = client.get("/").text
    assert re.findall(r'<input type="radio" name="window" value="(\S+)"(.*)>', text) == [
        ("0.1", ""),
        ("1", " checked"),
        ("5", ""),
        ("4320", " disabled"),
    ]
    assert (text.count("longer than this step remembers"), text.count("within the resolution")) == (1, 0)


def test_the_window_to_try_is_the_shortest_that_can_be_chosen(
    client: FlaskClient, tracker: NotingTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def advice() -> list[str]:
        told = [text for _, text in Words(client.get("/").text).pairs]
        begin = told.index("Try this: sign in as alice and bob, choose")
        return told[begin + 2 : begin + 4]  # behind the same in Chinese

    assert advice() == ["6 seconds", "6 秒"]
    check = tracker.check_window

    def check_window(window: timedelta | None) -> timedelta:
        if window == timedelta(seconds=6):
            raise ValueError("within the resolution")
        return check(window)

    monkeypatch.setattr(tracker, "check_window", check_window)
    assert advice() == ["1 minute", "1 分钟"]


def test_a_window_that_cannot_be_answered_says_why(
    tracker: NotingTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [each.refused for each in window_choices(tracker)] == ["", "", "", "keep"]
    monkeypatch.setattr(tracker, "resolution", timedelta(seconds=6))  # a window as long is too short, too

    def check_window(window: timedelta | None) -> timedelta:
        raise ValueError("within the resolution")

    monkeypatch.setattr(tracker, "check_window", check_window)
    assert window_choice(timedelta(seconds=6), tracker).refused == "resolution"


def test_where_the_step_remembers_stands_there_and_the_accounts_that_it_was_given(
    client: FlaskClient,
) -> None:
    text = client.get("/").text
    assert "Notes remember." in text and "笔记记得。" in text
    assert re.findall(r'data-name="(\w+)" data-password="(\w+)"', text) == [("alice", "demo")]


def test_a_tracker_that_is_only_for_trying_says_what_the_one_in_earnest_declares(app: Flask) -> None:
    in_earnest = SimpleNamespace(survives_restart=True, shared_between_processes=True, any_window=False)
    page.init_app(app, page.Words("Notes.", "笔记。"), {}, mark=MARK, in_earnest=in_earnest)
    told = [text for _, text in Words(app.test_client().get("/").text).pairs]
    texts = iter(told[told.index("survives a restart of the app") :][:20])
    assert list(zip(texts, texts, strict=True)) == [
        ("survives a restart of the app", "应用重启后仍在"),
        ("no", "否"),
        ("a real one: yes", "真正的：是"),
        ("shared by all processes", "所有进程共享"),
        ("no", "否"),
        ("a real one: yes", "真正的：是"),
        ("windows of any length above the resolution", "窗口长短不限（须大于写入间隔）"),
        ("no", "否"),
        ("resolution", "写入间隔"),
        ("0 seconds", "0 秒"),
    ]


@pytest.mark.parametrize(
    ("asked", "language", "minutes"),
    [
        ("", "en", "5"),
        ("?language=zh-CN&minutes=0.1", "zh-CN", "0.1"),
        ("?language=en&minutes=1", "en", "1"),
        ("?language=zh&minutes=2", "en", "5"),  # none that the page offers
        ("?language=%22%3E&minutes=4320", "en", "5"),  # one that cannot be answered
        ("?minutes=x", "en", "5"),
    ],
)
def test_the_address_keeps_what_was_chosen(
    client: FlaskClient, tracker: NotingTracker, asked: str, language: str, minutes: str
) -> None:
    text = client.get(f"/{asked}").text
    assert f'<html lang="{language}">' in text
    assert re.findall(r'value="(\S+)" checked', text) == [minutes]


def test_who_is_online_is_told_in_one_answer_with_the_marks_as_they_were_written(
    client: FlaskClient, app: Flask, tracker: NotingTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "time", SimpleNamespace(time=lambda: 1e9))
    tracker.marked += [1, 2, 77]  # nobody has the last id any more
    answer = client.get("/page/online?minutes=0.1")
    assert answer.json == {
        "started": app.extensions["demo"].started,
        "online": 3,
        "now": 1e9,
        "users": [
            {
                "name": name,
                "last_seen": SEEN.timestamp(),
                "mark": f"seen {number} at 1769846400123457, 08:00:00.123457",
            }
            for number, name in ((2, "bob"), (1, "alice"))
        ],
    }
    assert tracker.windows == [timedelta(seconds=6)] * 2
    assert tracker.marked == [1, 2, 77]  # asking has marked nobody


def test_a_restart_is_another_start(client: FlaskClient, app: Flask) -> None:
    first = client.get("/page/online").json
    assert first
    app.extensions["demo"] = app.extensions["demo"]._replace(started=first["started"] + 1)
    again = client.get("/page/online").json
    assert again and again["started"] == first["started"] + 1


def test_while_the_store_fails_who_is_online_is_unknown(client: FlaskClient, tracker: NotingTracker) -> None:
    tracker.reads_fail = True
    answer = client.get("/page/online")
    assert (answer.status_code, answer.json) == (
        503,
        {"error": "Who is online is unknown, because the presence store does not answer; try again later."},
    )


def test_who_signs_out_is_marked_offline_at_once(client: FlaskClient, tracker: NotingTracker) -> None:
    assert client.post("/page/sign-out").status_code == 401
    assert tracker.left == []
    signed_in = client.post("/api/tokens", auth=("bob", "demo")).json
    assert signed_in
    answer = client.post("/page/sign-out", headers={"Authorization": f"Bearer {signed_in['token']}"})
    assert (answer.status_code, answer.json) == (200, {"name": "bob"})
    assert tracker.left == [(2, timedelta(0))]


@pytest.mark.parametrize(("port", "second"), [(5001, 5011), (64_999, 65_009), (65_000, 64_990), (80, 90)])
def test_a_second_process_has_a_port_of_its_own(port: int, second: int) -> None:
    assert second_port(port) == second


@pytest.mark.parametrize(("language", "name"), [("en", "README.md"), ("zh-CN", "README.zh.md")])
def test_the_lesson_is_sent_as_text(client: FlaskClient, app: Flask, language: str, name: str) -> None:
    app.name = "step1_dict"
    with client.get(f"/page/lesson/{language}") as answer:
        assert answer.content_type == "text/plain; charset=utf-8"
        assert answer.data == (ROOT / "step1_dict" / name).read_bytes()
    assert client.get("/page/lesson/de").status_code == 404


def test_without_the_demo_there_is_no_page() -> None:
    app = make_app({"SQLALCHEMY_DATABASE_URI": "sqlite://", "PASSWORD_HASH_METHOD": QUICK_HASH})
    for path in ("/", "/page/page.js"):
        assert app.test_client().get(path).status_code == 404


def test_no_other_file_of_the_folder_is_sent(client: FlaskClient) -> None:
    with client.get("/page/page.css") as style:
        assert style.status_code == 200
    for name in ("page.py", "run.py", "page.html", "../common/auth.py"):
        assert client.get(f"/page/{name}").status_code == 404
