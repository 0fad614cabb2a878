"""Who closes the page is offline ten seconds later; a reload, or a second tab, changes nothing.

Run it:     .venv/bin/python recipes/leaving_early.py
Look at it: open http://127.0.0.1:5020/ in two tabs, and sign in as alice (password: demo). Close one tab:
            http://127.0.0.1:5020/online still says 1. Close the other: ten seconds later it says 0.

A beacon carries cookies and no header of your own, so users sign in by a session cookie here. That is
SameSite=Lax: a foreign page's beacon comes without it, and is refused.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, abort, redirect, render_template_string, request, session
from flask.typing import ResponseReturnValue

from common import presence
from recipes.small_app import USERS, find_user, new_app, run

PAGE = """<!doctype html><html lang="en"><title>Leaving</title>{% if name %}<p>You are {{ name }}.</p><script>
const tabs = new BroadcastChannel("presence");
const beat = () => fetch("/seen", { method: "POST" }).catch(() => {}); // if it fails, there is a next one
// Once more within the tail, since a farewell may arrive after the first beat, although it was sent before.
const stay = () => { beat(); setTimeout(beat, 5000); };
addEventListener("pageshow", stay); // the page is new, or reloaded, or comes back from the browser's cache
addEventListener("pagehide", () => { navigator.sendBeacon("/leave"); tabs.postMessage("a tab has left"); });
tabs.onmessage = stay; // another tab has left, and this one has not
setInterval(() => document.hidden || beat(), 60000);
</script>{% else %}<form method="post" action="/login"><input name="name" aria-label="name">
<input name="password" type="password" aria-label="password"> <button>Sign in</button></form>{% endif %}"""


def create_app(tracker: presence.OnlineTracker | None = None) -> Flask:
    """Make the app."""
    app = new_app(tracker, home=False)
    app.add_url_rule("/", "page", lambda: render_template_string(PAGE, name=session.get("name")))

    @app.post("/login")
    def login() -> ResponseReturnValue:
        user = find_user(request.form["name"], request.form["password"]) or abort(401)
        session["name"] = user.name
        return redirect("/")

    @app.post("/<any(seen, leave):what>")
    def mark(what: str) -> ResponseReturnValue:
        user = USERS[session["name"]] if "name" in session else abort(401)
        if what == "seen":
            presence.record(user)
        else:
            presence.mark_offline(user, timedelta(seconds=10))
        return "", 204

    return app


if __name__ == "__main__":
    run(create_app())
