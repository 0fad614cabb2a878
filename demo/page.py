"""GET /: one page on which a reader sees people come and go; it needs nothing from another host."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, Flask, Response, current_app, render_template, request, send_from_directory

from common.presence import OnlineTracker, PresenceUnknown, current_presence, get_online
from common.settings import MINUTE

DAY = timedelta(days=1)
LANGUAGES = {"en": "en", "zh": "zh-CN"}
# 6 seconds, to watch somebody leave; 3 days, to see what a step refuses; /api/online takes others too
WINDOWS_OFFERED = (timedelta(seconds=6), MINUTE, 5 * MINUTE, 3 * DAY)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

page = Blueprint("page", __name__, template_folder=".")


class Words(NamedTuple):
    """The same in both languages."""

    english: str
    chinese: str


class Demo(NamedTuple):
    """What the page of one app shows beside the users."""

    remembers: Words  # where the step remembers who was last seen
    accounts: Mapping[str, str]  # name -> password, for the buttons that sign in


class WindowChoice(NamedTuple):
    """A window that the page offers."""

    amount: str
    unit: str  # second, minute or day
    minutes: str  # as /api/online takes it
    is_default: bool
    refused: str  # why the tracker refuses it, "resolution" or "keep"; "" if it does not


def init_app(app: Flask, remembers: Words, accounts: Mapping[str, str]) -> None:
    """Give the app its page, at /."""
    app.extensions["demo"] = Demo(remembers, accounts)
    app.register_blueprint(page)


@page.get("/")
def get_page() -> Response:
    """Show how many users are online; the page's script asks again every two seconds."""
    demo: Demo = current_app.extensions["demo"]
    tracker = current_presence().tracker  # what it declares can be read even while its store fails
    text = render_template(
        "page.html",
        language=preferred_language(),
        step=current_app.name,
        online=count_or_none(),
        tracker=tracker,
        choices=window_choices(tracker),
        remembers=demo.remembers,
        accounts=demo.accounts,
    )
    return Response(text, headers={"Content-Security-Policy": POLICY, "Vary": "Accept-Language"})


def count_or_none() -> int | None:
    """Count as it is now, and not of a second ago: a reader looks at the page just after a request."""
    try:
        return get_online()
    except PresenceUnknown:
        return None


@page.get("/page/<any('page.css', 'page.js'):filename>")
def get_file(filename: str) -> Response:
    """Send the page's style or its script, and no other file of this folder."""
    return send_from_directory(Path(__file__).parent, filename)


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
