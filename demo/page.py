"""GET /: one page on which a reader sees people come and go; it needs nothing from another host."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, Response, current_app, render_template, request, send_from_directory

from common.presence import OnlineTracker, PresenceUnknown, answering_tracker, presence
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


class Choice(NamedTuple):
    """A window that the page offers."""

    amount: str
    unit: str  # second, minute or day
    minutes: str  # as /api/online takes it
    is_default: bool
    refused: str  # what forbids it, resolution or keep; "" where nothing does


@page.get("/")
def get_page() -> Response:
    """Show how many users are online; the page's script asks again every two seconds.

    A step's templates/remembers.html says where it remembers them.
    """
    tracker = presence().tracker  # what it declares can be read even while its store fails
    try:
        with answering_tracker() as answering:
            online = answering.get_online()
    except PresenceUnknown:
        online = None
    text = render_template(
        "page.html",
        language=language(),
        step=current_app.name,
        online=online,
        tracker=tracker,
        choices=choices(tracker),
        accounts=current_app.extensions.get("demo_accounts", {}),
    )
    return Response(text, headers={"Content-Security-Policy": POLICY, "Vary": "Accept-Language"})


@page.get("/page/<any('page.css', 'page.js'):filename>")
def get_file(filename: str) -> Response:
    """Send the page's style or its script, and no other file of this folder."""
    return send_from_directory(Path(__file__).parent, filename)


def language() -> str:
    """Return the first language that the browser asks for and the page has."""
    asked = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality)
    return next((LANGUAGES[tag] for tag in asked if tag in LANGUAGES), "en")


def choices(tracker: OnlineTracker) -> list[Choice]:
    """Return the windows to choose from, shortest first; the tracker's own is among them."""
    return [choice(window, tracker) for window in sorted({*WINDOWS_OFFERED, tracker.window})]


def choice(window: timedelta, tracker: OnlineTracker) -> Choice:
    """Put a window into words, and find out whether the tracker can answer it."""
    refused = ""
    try:
        tracker.check_window(window)
    except ValueError:
        refused = "resolution" if window <= tracker.resolution else "keep"  # no other reason is left
    unit, size = "second", timedelta(seconds=1)
    for name, length in (("minute", MINUTE), ("day", DAY)):
        if not window % length:
            unit, size = name, length
    amount, minutes = plain_digits(window / size, 6), plain_digits(window / MINUTE, 12)
    return Choice(amount, unit, minutes, window == tracker.window, refused)


def plain_digits(number: float, places: int) -> str:
    """Write a number without an exponent, and without needless zeros."""
    return f"{number:.{places}f}".rstrip("0").rstrip(".")
