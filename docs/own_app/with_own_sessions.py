"""An app that looks after its sessions itself, with class-based views, and ids that are no numbers."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask import Flask, abort, g, request, session
from flask.views import MethodView
from flask_sqlalchemy import SQLAlchemy
from online import get_online, init_online, record
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.security import check_password_hash

db = SQLAlchemy()


class Customer(db.Model):  # type: ignore[name-defined, misc]
    """Somebody who buys."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]


def load_customer() -> None:
    """Find out, before each request, whose session it is."""
    g.customer = None
    if request.endpoint in (None, "static") or "customer" not in session:
        return
    g.customer = db.session.get(Customer, UUID(session["customer"]))
    if g.customer is not None:
        record(g.customer)


class Session(MethodView):
    """Begin a session."""

    def post(self) -> str:
        """Check a name and a password."""
        found = db.session.execute(db.select(Customer).filter_by(name=request.form["name"]))
        customer = found.scalar_one_or_none()
        if customer is None or not check_password_hash(customer.password_hash, request.form["password"]):
            abort(401)
        session["customer"] = str(customer.id)
        return "Welcome."


class Cart(MethodView):
    """What somebody is about to buy."""

    def get(self) -> str:
        """Show it to whom it belongs."""
        if g.customer is None:
            abort(401)
        return "It is empty."


class Online(MethodView):
    """How many customers are online."""

    def get(self) -> str:
        """Count them; 503 while nobody knows."""
        return str(get_online())


def shop() -> Flask:
    """Open the shop."""
    app = Flask("shop")
    app.config.from_prefixed_env()
    db.init_app(app)
    app.before_request(load_customer)
    for view in (Session, Cart, Online):
        app.add_url_rule(f"/{view.__name__.lower()}", view_func=view.as_view(view.__name__))
    init_online(app)
    return app
