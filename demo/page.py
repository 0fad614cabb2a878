"""GET /: one page on which a reader sees people come and go; it needs nothing from another host."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from flask import Blueprint, Flask, Response, current_app, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue

from common import presence
from common.accounts import Account, names_by_id
from common.api import with_window_from_query
from common.auth import token_auth
from common.presence import OnlineTracker, PresenceUnknown, current_presence
from common.settings import MINUTE

DAY = timedelta(days=1)
LANGUAGES = {"en": "en", "zh": "zh-CN"}
# 6 seconds, to watch somebody leave; 3 days, to see what a step refuses; /api/online takes others too
WINDOWS_OFFERED = (timedelta(seconds=6), MINUTE, 5 * MINUTE, 3 * DAY)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

FOLDER = Path(__file__).parent
EPOCH = datetime.fromtimestamp(0, UTC)
MICROSECOND = timedelta(microseconds=1)
PYTHON = r".venv\Scripts\python" if os.name == "nt" else ".venv/bin/python"
STEPS = {"step1_dict": 5001, "step2_database": 5002, "step3_redis": 5003}  # and where each is served
LAB_PORT = 5010
HIGH_PORT = 65_000  # no port is higher than 65535

page = Blueprint("page", __name__, template_folder=".")


class Words(NamedTuple):
    """The same in both languages."""

    english: str
    chinese: str


class Declared(Protocol):
    """What a tracker, or a class of trackers, declares."""

    survives_restart: bool
    shared_between_processes: bool
    any_window: bool


class Demo(NamedTuple):
    """What the page of one app shows beside the users."""

    remembers: Words  # where the step remembers who was last seen
    accounts: Mapping[str, str]  # name -> password, for the buttons that sign in
    mark: str  # how the step writes a mark down; a format string with {id}, {key}, {microseconds} and {utc}
    in_earnest: Declared | None  # the tracker that this one stands for, if it is only for trying
    started: float  # when, in seconds since the epoch: tells this process from the one after a restart


class WindowChoice(NamedTuple):
    """A window that the page offers."""

    amount: str
    unit: str  # second, minute or day
    minutes: str  # as /api/online takes it
    is_default: bool
    refused: str  # why the tracker refuses it, "resolution" or "keep"; "" if it does not


def init_app(
    app: Flask,
    remembers: Words,
    accounts: Mapping[str, str],
    *,
    mark: str,
    in_earnest: Declared | None = None,
) -> None:
    """Give the app its page, at /, and what the page's script asks for, below /page/."""
    app.extensions["demo"] = Demo(remembers, accounts, mark, in_earnest, time.time())
    app.register_blueprint(page)


def current_demo() -> Demo:
    """Return what init_app() was given for the current app."""
    demo: Demo = current_app.extensions["demo"]
    return demo


@page.get("/")
def get_page() -> Response:
    """Show who is online; the page's script asks again every two seconds.

    ?language=zh-CN&minutes=0.1: what the reader has chosen, so that a reload keeps it.
    """
    demo = current_demo()
    tracker = current_presence().tracker  # what it declares can be read even while its store fails
    choices = window_choices(tracker)
    answerable = [each.minutes for each in choices if not each.refused]
    asked = request.args.get("minutes")
    chosen = asked if asked in answerable else next(each.minutes for each in choices if each.is_default)
    language = request.args.get("language")
    text = render_template(
        "page.html",
        language=language if language in LANGUAGES.values() else preferred_language(),
        step=current_app.name,
        online=count_or_none(timedelta(minutes=float(chosen))),
        tracker=tracker,
        choices=choices,
        chosen=chosen,
        demo=demo,
        python=PYTHON,
        steps=STEPS,
        lab_port=LAB_PORT,
        second_port=second_port(int(request.environ["SERVER_PORT"])),
    )
    return Response(text, headers={"Content-Security-Policy": POLICY, "Vary": "Accept-Language"})


def second_port(port: int) -> int:
    """Return the port on which a second process of the same step is to be tried."""
    return port + 10 if port < HIGH_PORT else port - 10


def count_or_none(window: timedelta) -> int | None:
    """Count as it is now, and not of a second ago: a reader looks at the page just after a request."""
    try:
        return presence.get_online(window)
    except PresenceUnknown:
        return None


@page.get("/page/online")
@with_window_from_query
def get_lanes(window: timedelta) -> ResponseReturnValue:
    """Count the users seen within the window, and say who they are, in one answer; it marks nobody.

    The API tells names to signed-in users only; those of a demo are made up.
    """
    now = time.time()  # before the store is asked: nobody is older by then than it will say
    try:
        online = presence.get_online(window)
        seen = presence.online_users(window)
    except PresenceUnknown as error:
        return {"error": error.description}, 503
    demo = current_demo()
    names = names_by_id([user_id for user_id, _ in seen])
    users = [
        {"name": names[user_id], "last_seen": when.timestamp(), "mark": mark_as_written(user_id, when)}
        for user_id, when in seen
        if user_id in names
    ]
    return {"online": online, "now": now, "started": demo.started, "users": users}


def mark_as_written(user_id: Any, seen: datetime) -> str:
    """Return the mark as the step writes it down."""
    key = getattr(current_presence().tracker, "key", "last-seen")  # of a single sorted set
    return current_demo().mark.format(
        id=user_id, key=key, microseconds=(seen - EPOCH) // MICROSECOND, utc=seen
    )


@page.post("/page/sign-out")
@token_auth.login_required
def post_sign_out() -> dict[str, str]:
    """Let the user leave at once. The token stays valid: the page forgets it, as apps with such tokens do."""
    account: Account = token_auth.current_user()
    presence.mark_offline(account)
    return {"name": account.name}


@page.get("/page/lesson/<any('en', 'zh-CN'):language>")
def get_lesson(language: str) -> Response:
    """Send the step's lesson as it stands: Markdown reads well as text."""
    name = "README.md" if language == "en" else "README.zh.md"
    folder = FOLDER.parent / current_app.name
    return send_from_directory(folder, name, mimetype="text/plain")


@page.get("/page/<any('page.css', 'page.js'):filename>")
def get_file(filename: str) -> Response:
    """Send the page's style or its script, and no other file of this folder."""
    return send_from_directory(FOLDER, filename)


def preferred_language() -> str:
    """Return the first language that the browser asks for and the page has."""
    asked = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality)
    return next((LANGUAGES[tag] for tag in asked if tag in LANGUAGES), "en")


def window_choices(tracker: OnlineTracker) -> list[WindowChoice]:
    """Return the windows to choose from, shortest first; the tracker's own is among them."""
    return [window_choice(window, tracker) for window in sorted({*WINDOWS_OFFERED, tracker.window})]


def window_choice(window: timedelta, tracker: OnlineTracker) -> WindowChoice:
    """Put a window into words, and find out whether the tracker can answer it."""
    refused = ""
    try:
        tracker.check_window(window)
    except ValueError:  # of a window above zero: too short for the resolution, or too long for what is kept
        refused = "resolution" if window <= tracker.resolution else "keep"
    unit, size = "second", timedelta(seconds=1)
    for name, length in (("minute", MINUTE), ("day", DAY)):
        if not window % length:
            unit, size = name, length
    amount, minutes = as_digits(window / size, 6), as_digits(window / MINUTE, 12)
    return WindowChoice(amount, unit, minutes, window == tracker.window, refused)


def as_digits(number: float, places: int) -> str:
    """Write a number without an exponent (/api/online refuses one), and without needless zeros."""
    return f"{number:.{places}f}".rstrip("0").rstrip(".")
