"""docs/deployment.md: a new password, typed into the app's own Python, ends the tokens of that account."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from common.accounts import add_account, create_tables
from step3_redis.app import create_app
from step3_redis.models import db
from tests.helpers.apps import QUICK_HASH, bearer, token_of
from tests.helpers.started_steps import ROOT
from tools.documents.markdown import document


def typed() -> list[str]:
    """Return what the page types into flask shell."""
    (block,) = (part for part in document(ROOT / "docs/deployment.md").parts if ">>> " in part.text)
    command, *session = block.text.splitlines()
    assert command == "$ flask --app step3_redis.app shell"
    return [line.removeprefix(">>> ") if line.startswith(">>> ") else "a new one" for line in session]


def test_a_password_typed_as_on_the_page_signs_in_and_ends_the_earlier_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "SECRET_KEY": "a test's own key",
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/users.sqlite",
        "REDIS_URL": "redis://127.0.0.1:1/0",  # nothing listens there
        "PASSWORD_HASH_METHOD": QUICK_HASH,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"FLASK_{name}", value)
    app = create_app()
    with app.app_context():
        create_tables()
        add_account("dora", "demo")
    token = token_of(app, "dora")
    assert app.test_client().get("/api/me", headers=bearer(token)).status_code == 200
    shell = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "step3_redis.app", "shell"],
        input="\n".join([*typed(), ""]),
        cwd=ROOT,
        start_new_session=True,  # without a terminal, getpass() reads the next line
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert "Traceback" not in shell.stderr
    assert app.test_client().get("/api/me", headers=bearer(token)).status_code == 401
    with_new_one = app.test_client().post("/api/tokens", auth=("dora", "a new one"))
    assert with_new_one.status_code == 200
    with app.app_context():
        db.engine.dispose()
