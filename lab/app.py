"""The lab: every form counts the same requests, under a clock that the reader moves.

Run:  python lab/app.py
Then: open http://127.0.0.1:5010/
"""

from __future__ import annotations

import argparse
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, jsonify, render_template, request, send_from_directory
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

from lab.replay import replay
from lab.sources import LESSONS, PAIRS, defects, side_by_side
from lab.story import parse_story

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
PORT = 5010  # on a Mac, port 5000 is taken
LAST_PORT = 65535
LARGEST_BODY = 32_768  # bytes; a story of a hundred requests needs a fifth of it
LANGUAGES = {"en": "en", "zh": "zh-CN"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_app() -> Flask:
    """Return the app; it keeps nothing between two requests."""
    app = Flask("lab", root_path=str(FOLDER), template_folder=".", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.add_template_filter(with_code)

    @app.get("/")
    def get_page() -> str:
        """Show the lab."""
        return render_template("page.html", language=preferred_language(), whys=whys(), **words())

    @app.get("/page/<any('page.css', 'page.js'):filename>")
    def get_file(filename: str) -> Response:
        """Send the page's style or its script, and no other file of this folder."""
        return send_from_directory(FOLDER, filename)

    @app.get("/source/<name>")
    def get_source(name: str) -> str:
        """Show a form of article/ beside its cure."""
        if name not in PAIRS:
            abort(404)
        form, lesson = PAIRS[name]
        return render_template(
            "source.html",
            language=preferred_language(),
            name=name,
            pairs=PAIRS,
            form=form,
            lesson=lesson,
            rows=side_by_side(form),
            whys=whys(),
        )

    @app.get("/lesson/<step>/<language>")
    def get_lesson(step: str, language: str) -> Response:
        """Send a lesson as it stands: Markdown reads well as text."""
        if step not in LESSONS or language not in LANGUAGES:
            abort(404)
        name = "README.md" if language == "en" else "README.zh.md"
        text = (ROOT / step / name).read_text(encoding="utf-8")
        return Response(text, content_type="text/plain; charset=utf-8")

    @app.post("/api/replay")
    def post_replay() -> Response:
        """Count a story with every form; 400 for one that cannot be told."""
        try:
            story = parse_story(request.get_data())
        except ValueError as error:
            abort(400, str(error))
        return jsonify(replay(story))

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        """Say under /api/ in JSON what is wrong."""
        answer = error.get_response()
        if request.path.startswith("/api/"):
            answer = jsonify(error=error.description)
            answer.status_code = error.code or 500
            answer.headers.extend(
                (name, content) for name, content in error.get_headers() if name.lower() == "allow"
            )
        return answer  # type: ignore[return-value]  # werkzeug's Response, which Flask takes

    @app.after_request
    def add_policy(answer: Response) -> Response:
        """Let a page load nothing from elsewhere."""
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "no-store"  # the code beside it may have changed
        answer.headers["Vary"] = "Accept-Language"
        return answer

    return app


@cache
def words() -> dict[str, Any]:
    """Return what words.toml says."""
    return tomllib.loads((FOLDER / "words.toml").read_text(encoding="utf-8"))


@cache
def whys() -> dict[str, dict[str, str]]:
    """Return, for each reason, a sentence in both languages, and where it is explained.

    The sentences about defects are those of the lessons.
    """
    return {**{defect: each["why"] for defect, each in defects().items()}, **words()["why"]}


def with_code(text: str) -> Markup:
    """Set what stands between backticks as code, and nothing else."""
    parts = [escape(part) for part in text.split("`")]
    marked = [
        Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
    ]
    return Markup("").join(marked)


def preferred_language() -> str:
    """Return the first language that the browser asks for and the page has."""
    asked = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality)
    return next((LANGUAGES[tag] for tag in asked if tag in LANGUAGES), "en")


def port_number(text: str) -> int:
    """Return the port; ArgumentTypeError for anything but 0 (any free one) to 65535."""
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to {LAST_PORT}")
    return int(text)


def main() -> None:
    """Serve the lab to its reader on 127.0.0.1."""
    parser = argparse.ArgumentParser(description="Run the lab on 127.0.0.1.")
    parser.add_argument("--port", type=port_number, default=str(PORT))
    server = make_server("127.0.0.1", parser.parse_args().port, create_app(), threaded=True)
    print(f"lab: http://127.0.0.1:{server.port}/  (Ctrl+C ends it)", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
