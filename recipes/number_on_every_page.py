"""A number in the base template stands on every page; it is counted once a second, and absent while unknown.

Run it:     .venv/bin/python recipes/number_on_every_page.py
Look at it: curl -u alice:demo http://127.0.0.1:5020/hello, then http://127.0.0.1:5020/ and
            http://127.0.0.1:5020/about say "1 online". Start it again with a Redis where there is none,
            FLASK_REDIS_URL=redis://127.0.0.1:1 .venv/bin/python recipes/number_on_every_page.py:
            both pages are there as before, without a number.
"""

from __future__ import annotations

from flask import Flask, render_template
from jinja2 import DictLoader

from common import presence
from recipes.small_app import new_app, run

# Your own templates are files in templates/, and all of them extend one.
TEMPLATES = {
    "base.html": """<!doctype html>
<html lang="en">
<title>{% block title %}{% endblock %}</title>
{% set count = online_count() %}
{% if count is number %}<p>{{ count }} online</p>{% endif %}
{% block main %}{% endblock %}
</html>
""",
    "home.html": """{% extends "base.html" %}
{% block title %}Home{% endblock %}
{% block main %}<h1>Home</h1> <a href="{{ url_for('about') }}">About</a>{% endblock %}
""",
    "about.html": """{% extends "base.html" %}
{% block title %}About{% endblock %}
{% block main %}<h1>About</h1> <a href="{{ url_for('home') }}">Home</a>{% endblock %}
""",
}


def create_app(tracker: presence.OnlineTracker | None = None) -> Flask:
    """Make the app; presence.init_app(), which new_app() calls, gives the templates online_count()."""
    app = new_app(tracker, home=False)
    app.jinja_loader = DictLoader(TEMPLATES)

    @app.get("/")
    def home() -> str:
        return render_template("home.html")

    @app.get("/about")
    def about() -> str:
        return render_template("about.html")

    return app


if __name__ == "__main__":
    run(create_app())
