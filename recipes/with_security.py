"""Flask-Security owns Flask-Login's user_loader, so the mark comes right after it, in before_request.

Run it:     .venv/bin/python recipes/with_security.py
Install:    .venv/bin/python -m pip install -c constraints.txt -e '.[recipes]'
Look at it: curl -c jar --json '{"email": "alice@example.com", "password": "demo"}' http://127.0.0.1:5020/login
            and curl -b jar http://127.0.0.1:5020/me: /online says 1. With -X POST and /logout it says 0.
"""

from __future__ import annotations

import secrets

from flask import Flask, request
from flask_login import user_logged_out
from flask_security import Security, SQLAlchemyUserDatastore, auth_required, current_user, hash_password
from flask_security.models.fsqla import FsModels, FsRoleMixin, FsUserMixin
from flask_sqlalchemy import SQLAlchemy

from common import presence
from recipes.small_app import USERS, new_app, run
from step1_dict.tracker import DictTracker

db = SQLAlchemy()
FsModels.set_db_info(db)
Role = type("Role", (FsRoleMixin, db.Model), {})
User = type("User", (FsUserMixin, db.Model), {})


def create_app() -> Flask:
    """Make the app, with users in SQLite's memory, or in the database of FLASK_SQLALCHEMY_DATABASE_URI."""
    app = new_app(DictTracker())
    user_logged_out.connect(lambda _app, user: presence.mark_offline(user), app, weak=False)
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", "sqlite://")
    app.config.update(SECRET_KEY=secrets.token_hex(), SECURITY_PASSWORD_SALT="your own")  # noqa: S106
    app.config.update(SECURITY_PASSWORD_HASH="pbkdf2_sha512", WTF_CSRF_ENABLED=False)  # noqa: S106  # for curl
    db.init_app(app)
    users = Security(app, SQLAlchemyUserDatastore(db, User, Role)).datastore
    with app.app_context():
        db.create_all()
        for email in (f"{name}@example.com" for name in USERS):
            if users.find_user(email=email) is None:
                users.create_user(email=email, password=hash_password("demo"))
        users.commit()

    @app.before_request
    def mark() -> None:
        # By now Flask-Security's loader has refused inactive users, and sessions that have been ended.
        if request.endpoint not in {None, "static"} and current_user.is_authenticated:
            presence.record(current_user)

    @app.get("/me")
    @auth_required()
    def me() -> dict[str, str]:
        return {"me": current_user.email}

    return app


if __name__ == "__main__":
    run(create_app())
