"""docs/your-own-app.md: its files and lines, put into apps that are built otherwise than ours."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from fakeredis import FakeRedis, FakeServer
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, TypeDecorator, create_engine, select
from werkzeug.datastructures import Authorization
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from step2_database.engine import presence_engine
from step2_database.tracker import DatabaseTracker
from step2_database.utc_datetime import UtcDateTime
from tests.helpers.apps import QUICK_HASH
from tests.helpers.clock import FakeClock
from tests.helpers.databases import connection_to, new_database
from tests.helpers.started_steps import ROOT
from tools.documents.markdown import Document, document
from tools.documents.stages import grown
from tools.lift import STEPS, lift

PAGE = document(ROOT / "docs" / "your-own-app.md")
STORES = ("step1_dict", "step2_database", "step3_redis")
NAMES = ("ann", "ben")


class Door(NamedTuple):
    """One of the apps that are there already, and how its users use it."""

    file: str
    user_model: str  # "" for one without SQLAlchemy
    make_app: Callable[[Any], Flask]
    new_user: Callable[[Any, str, str], Any]  # given the module, a name and a hashed password
    sign_in: Callable[[FlaskClient, str, str], TestResponse | None]  # None: with the next request
    private: str  # what only users may see


def basic(client: FlaskClient, name: str, password: str) -> None:
    """Send name and password with every request."""
    credentials = Authorization("basic", {"username": name, "password": password})
    client.environ_base["HTTP_AUTHORIZATION"] = credentials.to_header()


def token(client: FlaskClient, name: str, password: str) -> TestResponse:
    """Fetch a token with name and password, and send it from now on."""
    credentials = Authorization("basic", {"username": name, "password": password})
    answer = client.post("/tokens", auth=credentials)
    given = answer.json["token"] if answer.json else "made up"
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {given}"
    return answer


def add_row(module: Any, name: str, hashed: str) -> None:
    """Add a user to the table of an app without SQLAlchemy."""
    db = module.get_db()
    db.execute("INSERT INTO user (name, password_hash) VALUES (?, ?)", (name, hashed))
    db.commit()


DOORS = {
    "Flask-HTTPAuth": Door(
        "with_httpauth.py",
        "Member",
        lambda module: module.app,
        lambda module, name, hashed: module.Member(name=name, password_hash=hashed),
        basic,
        "/news",
    ),
    "Flask-HTTPAuth by token": Door(
        "with_httpauth.py",
        "Member",
        lambda module: module.app,
        lambda module, name, hashed: module.Member(name=name, password_hash=hashed),
        token,
        "/news",
    ),
    "Flask-Login": Door(
        "with_login.py",
        "Reader",
        lambda module: module.create_app(),
        lambda module, name, hashed: module.Reader(email=name, password_hash=hashed),
        lambda client, name, password: sign_in_with(client, "/login", email=name, password=password),
        "/shelf",
    ),
    "Flask-Login by key": Door(
        "with_login.py",
        "Reader",
        lambda module: module.create_app(),
        lambda module, name, hashed: module.Reader(
            email=name, password_hash=hashed, key_hash=sha256(f"{name}'s".encode()).hexdigest()
        ),
        lambda client, name, password: client.environ_base.update(HTTP_X_KEY=password),
        "/shelf",
    ),
    "neither": Door(
        "with_own_sessions.py",
        "Customer",
        lambda module: module.shop(),
        lambda module, name, hashed: module.Customer(name=name, password_hash=hashed),
        lambda client, name, password: sign_in_with(client, "/session", name=name, password=password),
        "/cart",
    ),
    "sqlite3": Door(
        "with_sqlite3.py",
        "",
        lambda module: module.create_app(),
        add_row,
        lambda client, name, password: sign_in_with(client, "/login", name=name, password=password),
        "/diary",
    ),
}
STORES_OF = dict.fromkeys(DOORS, STORES) | {"sqlite3": ("step1_dict", "step2_sqlite3", "step3_redis")}
EVERY_PAIR = pytest.mark.parametrize(
    ("door", "store"), [(door, store) for door, stores in STORES_OF.items() for store in stores]
)
WITH_SQLALCHEMY = [door for door in DOORS if DOORS[door].user_model]


def sign_in_with(client: FlaskClient, path: str, **form: str) -> TestResponse:
    """Send a form; a wrong one begins no session."""
    return client.post(path, data=form)


def with_column(source: str, user_model: str) -> str:
    """Write the lines of the page's diff into an app; its user model has another name."""
    (diff,) = (part.text for part in PAGE.parts if part.language == "diff")
    *imports, column, call = re.findall(r"^\+(.*)$", diff, re.MULTILINE)
    for above, added in (
        ("from __future__ import annotations\n", "\n".join(imports)),
        (re.findall(r"^    id: .*\n", source, re.MULTILINE)[0], column),
    ):
        assert source.count(above) == 1
        source = source.replace(above, f"{above}{added}\n")
    (replaced,) = re.findall(r"^-(.*)$", diff, re.MULTILINE)
    assert source.count(replaced) == 1
    return source.replace(replaced, call.replace("User", user_model))


class OwnApp:
    """An app of somebody else's, once the page has been followed."""

    def __init__(self, door: Door) -> None:
        module = import_module("app")
        self.door = door
        self.app = door.make_app(module)
        self.clock = FakeClock()
        self.handed_in = self.app.extensions["presence"].tracker._clock
        self.app.extensions["presence"].tracker._clock = self.clock
        with self.app.app_context():
            if not door.user_model:
                module.get_db().executescript(module.SCHEMA)
            else:
                module.db.create_all()
            for name in NAMES:
                user = door.new_user(module, name, generate_password_hash(f"{name}'s", QUICK_HASH))
                if door.user_model:
                    module.db.session.add(user)
            if door.user_model:
                module.db.session.commit()

    def browser(self, name: str, password: str | None = None) -> FlaskClient:
        """Return a browser in which someone has signed in."""
        client = self.app.test_client()
        self.door.sign_in(client, name, password or f"{name}'s")
        return client

    def status(self, client: FlaskClient) -> int:
        """Ask for what only users may see."""
        return client.get(self.door.private).status_code

    def online(self) -> str:
        """Ask how many are online, without credentials."""
        return re.sub(r"\D", "", self.app.test_client().get("/online").get_data(as_text=True))


@pytest.fixture
def own_app(
    door: str, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], OwnApp]]:
    """Follow the page in an empty folder, and make the app as its own code does."""
    lift(store, tmp_path / "online")
    source = (ROOT / "docs" / "own_app" / DOORS[door].file).read_text(encoding="utf-8")
    if store == "step2_database":
        source = with_column(source, DOORS[door].user_model)
    (tmp_path / "app.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("FLASK_SECRET_KEY", "a test's own key")
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path / 'own.sqlite'}")
    monkeypatch.setenv("FLASK_DATABASE", str(tmp_path / "own.sqlite"))
    monkeypatch.setenv("FLASK_REDIS_URL", "redis://127.0.0.1:1/3")  # nothing listens there
    made: list[OwnApp] = []

    def make() -> OwnApp:
        made.append(OwnApp(DOORS[door]))
        return made[-1]

    yield make
    for each in made:
        close_all(each.app)
    forget_imports()


def forget_imports() -> None:
    """Let the next test import its own app and folder."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("app", "online")]:
        del sys.modules[name]


@pytest.fixture
def redis_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever asks for a Redis have one of their own that answers."""
    monkeypatch.setattr(Redis, "from_url", lambda address, **options: FakeRedis(server=FakeServer()))


def close_all(app: Flask) -> None:
    """Close the connections to the database, or leaving them open is an error."""
    if "sqlalchemy" in app.extensions:
        with app.app_context():
            app.extensions["sqlalchemy"].engine.dispose()
    dispose(app.extensions["presence"].tracker)


def dispose(tracker: Any) -> None:
    """Close the connections of a tracker that has engines."""
    for engine in ("_writing", "_reading"):
        if hasattr(tracker, engine):
            getattr(tracker, engine).dispose()


@EVERY_PAIR
def test_every_store_goes_with_every_door(own_app: Callable[[], OwnApp], redis_in_this_process: None) -> None:
    own = own_app()
    assert own.online() == "0"
    ann, ben = own.browser("ann"), own.browser("ben")
    assert own.status(ann) == own.status(ben) == own.status(ann) == 200
    assert own.online() == "2"
    own.clock.advance(minutes=4)
    assert own.status(ben) == 200
    own.clock.advance(minutes=1)
    assert own.online() == "1"
    own.clock.advance(minutes=4)
    assert own.online() == "0"


@pytest.mark.parametrize("store", STORES[:1])
@pytest.mark.parametrize("door", DOORS)
def test_what_no_view_answers_marks_nobody(own_app: Callable[[], OwnApp]) -> None:
    own = own_app()
    ann = own.browser("ann")
    own.clock.advance(minutes=5)  # whoever fetched a token was seen then
    assert own.online() == "0"
    assert [ann.get(path).status_code for path in ("/no-such", "/static/no-such.png")] == [404, 404]
    assert own.online() == "0"
    assert own.status(ann) == 200
    assert own.online() == "1"


@pytest.mark.parametrize("store", STORES[:1])
@pytest.mark.parametrize("door", ["Flask-Login", "Flask-Login by key"])
def test_a_reader_who_may_not_come_in_any_more_is_not_counted(
    own_app: Callable[[], OwnApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = own_app()
    ann, ben = own.browser("ann"), own.browser("ben")
    assert own.status(ann) == own.status(ben) == 200
    own.clock.advance(minutes=5)
    monkeypatch.setattr("app.Reader.is_active", property(lambda reader: reader.email != "ann"))
    assert [own.status(ann), own.status(ben)] == [401, 200]
    assert own.online() == "1"


@pytest.mark.parametrize("store", STORES[:1])
@pytest.mark.parametrize("door", ["Flask-HTTPAuth by token"])
def test_a_token_is_good_for_an_hour(own_app: Callable[[], OwnApp], monkeypatch: pytest.MonkeyPatch) -> None:
    own, signed_at = own_app(), 1_700_000_000
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: signed_at)
    ann = own.browser("ann")
    own.clock.advance(minutes=5)
    statuses = []
    for age in (3600, 3601):
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _, age=age: signed_at + age)
        statuses.append((own.status(ann), own.online()))
        own.clock.advance(minutes=5)
    assert statuses == [(200, "1"), (401, "0")]


@pytest.mark.parametrize("store", STORES[:1])
@pytest.mark.parametrize("door", DOORS)
def test_whoever_is_refused_is_not_counted(own_app: Callable[[], OwnApp]) -> None:
    own = own_app()
    assert own.status(own.browser("ann", "wrong")) == 401
    assert own.status(own.browser("nobody")) == 401
    assert own.online() == "0"


@pytest.mark.parametrize("store", STORES[:1])
@pytest.mark.parametrize(
    ("door", "name", "shown"),
    [
        ("Flask-HTTPAuth", "app", '{"news":"none, ann"}\n'),
        ("Flask-Login", "app", '{"shelf":"ann"}\n'),
        ("neither", "shop", "It is empty."),
        ("sqlite3", "app", "The diary of ann."),
    ],
)
def test_the_app_shows_its_users_what_it_showed_them_before(
    own_app: Callable[[], OwnApp], name: str, shown: str
) -> None:
    own = own_app()
    assert own.status(own.app.test_client()) == 401
    assert own.browser("ann").get(own.door.private).get_data(as_text=True) == shown
    assert own.app.name == name  # its log is found under it


@pytest.mark.parametrize("store", STORES[:1])
@pytest.mark.parametrize(
    ("door", "told"),
    [("Flask-Login", (302, "/shelf")), ("neither", (200, "Welcome.")), ("sqlite3", (302, "/diary"))],
)
def test_a_form_begins_a_session_as_it_did_before(
    own_app: Callable[[], OwnApp], told: tuple[int, str]
) -> None:
    own = own_app()

    def signing_in(name: str, password: str) -> tuple[int, str]:
        answer = own.door.sign_in(own.app.test_client(), name, password)
        assert answer is not None
        return answer.status_code, answer.location or answer.get_data(as_text=True)

    assert signing_in("ann", "ann's") == told
    assert {signing_in(*wrong)[0] for wrong in [("ann", "ben's"), ("nobody", "ann's"), ("", "")]} == {401}


BEFORE_REQUEST = """
from datetime import UTC, datetime

from flask import Flask
from flask_login import FlaskLoginClient, LoginManager, UserMixin, current_user, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config.from_prefixed_env()
app.test_client_class = FlaskLoginClient
db = SQLAlchemy(app)
login_manager = LoginManager(app)

def now():
    return datetime.now(UTC)

class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    last_seen = db.Column(db.DateTime, default=now)

@login_manager.user_loader
def load_user(user_id):
    return db.session.get(User, int(user_id))

@app.before_request
def before_request():
    if current_user.is_authenticated:
        current_user.last_seen = now()
        db.session.commit()

@app.get("/")
@login_required
def index():
    return "Hello!"
"""


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_way_from_before_request_that_lesson_2_shows(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = document(ROOT / "step2_database" / readme)
    diffs = [part for part in lesson.parts if part.language == "diff" and "-@app.before_request" in part.text]
    (source,) = (grown(BEFORE_REQUEST, diff) for diff in diffs)
    (tmp_path / "app.py").write_text(source, encoding="utf-8")
    lift("step2_database", tmp_path / "online")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("FLASK_SECRET_KEY", "a test's own key")
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path / 'own.sqlite'}")
    try:
        module = import_module("app")
    finally:
        forget_imports()
    app, db = module.app, module.db
    tracker = app.extensions["presence"].tracker
    with app.app_context():
        db.create_all()
        db.session.add_all([module.User(id=1), module.User(id=2)])
        db.session.commit()
        ann = app.test_client(user=db.session.get(module.User, 1))
    counts = [tracker.get_online()]
    for path in ("/static/no-such.png", "/no-such", "/"):
        ann.get(path)
        counts.append(tracker.get_online())
    close_all(app)
    assert counts == [0, 0, 0, 1]


@pytest.mark.parametrize("store", STORES[2:])
@pytest.mark.parametrize("door", DOORS)
def test_without_redis_the_requests_go_on_and_the_count_is_unknown(own_app: Callable[[], OwnApp]) -> None:
    own = own_app()
    assert own.status(own.browser("ann")) == 200
    assert own.app.test_client().get("/online").status_code == 503
    tracker = own.app.extensions["presence"].tracker
    assert tracker.key == f"{own.app.name}:last-seen"
    pool = tracker._client.connection_pool
    told = pool.connection_kwargs
    assert (pool.max_connections, told["retry"]) == (10_000, Retry(NoBackoff(), 0))
    waits = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}
    assert told.items() >= {"host": "127.0.0.1", "port": 1, "db": 3, **waits}.items()


@pytest.mark.parametrize("store", STORES[1:2])
@pytest.mark.parametrize("door", WITH_SQLALCHEMY)
def test_a_column_is_written_every_thirty_seconds_by_engines_with_the_apps_options(
    own_app: Callable[[], OwnApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_SQLALCHEMY_ENGINE_OPTIONS", '{"pool_recycle": 60}')
    own = own_app()
    tracker = own.app.extensions["presence"].tracker
    assert tracker.resolution == timedelta(seconds=30)
    for engine, wait, ping in ((tracker._writing, 0.5, False), (tracker._reading, 2, True)):
        pool = engine.pool
        assert (pool._recycle, pool._timeout, pool._pre_ping, pool.size()) == (60, wait, ping, 5)


@pytest.mark.parametrize("store", STORES[1:2])
@pytest.mark.parametrize("door", ["Flask-HTTPAuth"])
def test_a_table_with_users_is_given_its_column_by_a_migration(
    own_app: Callable[[], OwnApp], tmp_path: Path
) -> None:
    source = tmp_path / "app.py"
    migrating = "from flask_migrate import Migrate\n\nMigrate(app, db)\n"
    source.write_text(source.read_text(encoding="utf-8") + migrating, encoding="utf-8")
    own = own_app()
    database = sqlite3.connect(tmp_path / "own.sqlite")
    database.executescript("DROP INDEX ix_members_last_seen; ALTER TABLE members DROP COLUMN last_seen;")
    database.close()

    def flask_db(*command: str) -> None:
        flask = [sys.executable, "-m", "flask", "--app", "app", "db", *command]
        subprocess.run(flask, cwd=tmp_path, check=True, capture_output=True)

    flask_db("init")
    flask_db("migrate")
    (revision,) = tmp_path.glob("migrations/versions/*.py")
    (added,) = (each for part in PAGE.parts for each in part.inline_code if each.startswith("import online"))
    revision.write_text(f"{added}\n{revision.read_text(encoding='utf-8')}", encoding="utf-8")
    flask_db("upgrade")
    assert own.status(own.browser("ann")) == 200
    assert own.online() == "1"


@pytest.mark.parametrize("page", [PAGE, document(PAGE.twin_path)], ids=lambda page: page.language)
def test_the_page_names_the_files_that_the_tool_copies_and_from_where(page: Document) -> None:
    cells = [part for part in page.parts if part.kind == "table tbody tr td"]
    told = {}
    for name, files in pairwise(cells):
        if name.inline_code and name.inline_code[0] in STEPS and len(name.inline_code) == 1:
            paths = [(page.path.parent / link).resolve().relative_to(ROOT) for link in files.links]
            told[name.inline_code[0]] = dict(zip(files.inline_code, map(Path.as_posix, paths), strict=True))
    assert told == {step: lifted.files for step, lifted in STEPS.items()}


@pytest.mark.parametrize("store", STORES[1:2])
@pytest.mark.parametrize("door", WITH_SQLALCHEMY)
def test_with_a_database_in_memory_the_count_is_right_and_no_view_is_disturbed(
    own_app: Callable[[], OwnApp], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", "sqlite://")
    own = own_app()
    (warning,) = (each for each in caplog.records if each.levelname == "WARNING")
    assert (warning.name, warning.getMessage()) == (
        own.app.name,
        "The database is in memory: presence remembers in a dict, not in a column.",
    )
    assert own.status(own.browser("ann")) == own.status(own.browser("ben")) == 200
    assert own.online() == "2"
    own.clock.advance(minutes=5)
    assert own.online() == "0"
    tracker = own.app.extensions["presence"].tracker
    assert tracker.get_online(timedelta(days=365)) == 2  # any window, as the column answers


@pytest.mark.parametrize("store", STORES[1:2])
@pytest.mark.parametrize("door", ["Flask-HTTPAuth"])
@pytest.mark.parametrize("bind", ['{"url": "sqlite:///%s", "pool_recycle": 61}', '"sqlite:///%s"'])
def test_users_in_a_database_of_their_own_are_marked_there(
    own_app: Callable[[], OwnApp], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bind: str
) -> None:
    source = tmp_path / "app.py"
    written = source.read_text(encoding="utf-8").replace(
        "class Member(Base):\n", 'class Member(db.Model):\n    __bind_key__ = "people"\n'
    )
    source.write_text(written, encoding="utf-8")
    people = tmp_path / "people.sqlite"
    monkeypatch.setenv("FLASK_SQLALCHEMY_BINDS", f'{{"people": {bind % people}}}')
    own = own_app()
    assert own.status(own.browser("ann")) == 200
    assert own.online() == "1"
    database = sqlite3.connect(people)
    assert database.execute("SELECT count(*) FROM members WHERE last_seen IS NOT NULL").fetchall() == [(1,)]
    database.close()
    tracker = own.app.extensions["presence"].tracker
    assert (
        tracker._writing.pool._recycle
        == tracker._reading.pool._recycle
        == (61 if "recycle" in bind else 1800)
    )
    with own.app.app_context():
        own.app.extensions["sqlalchemy"].engines["people"].dispose()


@pytest.mark.parametrize("backend", ["sqlite", "postgresql", "mysql"])
def test_a_naive_column_keeps_its_instants_when_it_is_migrated(backend: str, tmp_path: Path) -> None:
    (line,) = (part.text for part in PAGE.parts if part.kind == "code" and "op.alter_column" in part.text)
    noon = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    naive = noon.replace(tzinfo=None)  # what utcnow() gave
    with new_database(backend, tmp_path) as database:
        zone = {"options": f"{database.query.get('options')} -c timezone=Asia/Shanghai"}
        url = database.update_query_dict(zone) if backend == "postgresql" else database
        users = Table("users", MetaData(), Column("id", Integer))
        users.append_column(
            Column("last_seen", DateTime, nullable=backend == "sqlite")
        )  # there a batch changes it
        with connection_to(url) as connection:
            users.create(connection)
            connection.execute(users.insert().values(id=1, last_seen=naive))
            if backend != "sqlite":  # which keeps both types in the same form
                op = Operations(MigrationContext.configure(connection))
                exec(line, {"op": op, "UtcDateTime": UtcDateTime})
            migrated = Table("users", MetaData(), Column("id", Integer), Column("last_seen", UtcDateTime))
            assert connection.scalar(select(migrated.c.last_seen)) == noon
            connection.execute(migrated.insert().values(id=2))  # who has never come
            connection.commit()


@pytest.mark.parametrize("store", STORES[:1])
@pytest.mark.parametrize("door", ["Flask-Login"])
def test_the_test_that_the_page_shows_passes(own_app: Callable[[], OwnApp], tmp_path: Path) -> None:
    own_app()  # makes ann
    shutil.copy(ROOT / "docs/own_app/test_with_login.py", tmp_path)
    pytest_alone = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_with_login.py"]
    told = subprocess.run(pytest_alone, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (told.returncode, told.stdout.splitlines()[-1][:8]) == (0, "1 passed"), told.stdout


@pytest.mark.parametrize(
    ("door", "store", "in_memory"),
    [(door, store, False) for door, stores in STORES_OF.items() for store in stores]
    + [(door, "step2_database", True) for door in WITH_SQLALCHEMY],
)
def test_a_clock_may_be_handed_in(
    own_app: Callable[[], OwnApp],
    redis_in_this_process: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    in_memory: bool,
) -> None:
    clock = FakeClock()
    monkeypatch.setitem(sys.modules, "own_clock", SimpleNamespace(clock=clock))
    if in_memory:
        monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", "sqlite://")
    source = tmp_path / "app.py"
    written = re.sub(r"(?m)^( *init_online\(.*)\)$", r"\1, clock=clock)", source.read_text(encoding="utf-8"))
    written = written.replace("from online import", "from own_clock import clock\nfrom online import", 1)
    source.write_text(written, encoding="utf-8")
    assert own_app().handed_in is clock


@pytest.mark.parametrize("store", ["step1_dict", "step3_redis"])
@pytest.mark.parametrize("door", ["Flask-Login"])
def test_a_longer_window_can_be_asked_for_once_it_is_kept(
    own_app: Callable[[], OwnApp], redis_in_this_process: None
) -> None:
    own = own_app()
    online, hour = sys.modules["online"], timedelta(hours=1)
    with own.app.app_context():
        with pytest.raises(ValueError, match="longer than"):
            online.get_online(hour)
        online.init_online(own.app, keep=hour)
        online.record(7)
        assert online.get_online(hour) == 1


@pytest.mark.parametrize(
    ("door", "store"), [("sqlite3", "step2_sqlite3"), *(("Flask-Login", store) for store in STORES)]
)
def test_another_window_may_be_given_for_all_counts(
    own_app: Callable[[], OwnApp], redis_in_this_process: None, tmp_path: Path
) -> None:
    (told,) = {each for part in PAGE.parts for each in part.inline_code if each.startswith("window=")}
    source = tmp_path / "app.py"
    written = re.sub(r"(?m)^( *init_online\(.*)\)$", rf"\1, {told})", source.read_text(encoding="utf-8"))
    written = written.replace("from online import", "from datetime import timedelta\nfrom online import", 1)
    source.write_text(written, encoding="utf-8")
    own = own_app()
    with own.app.app_context():
        sys.modules["online"].record(1)
        own.clock.advance(minutes=14, seconds=59)
        assert sys.modules["online"].get_online() == own.app.extensions["presence"].online_count() == 1
        own.clock.advance(seconds=1)
        assert sys.modules["online"].get_online() == 0


@pytest.mark.parametrize("store", STORES[2:])
@pytest.mark.parametrize("door", ["Flask-Login"])
def test_a_client_a_prefix_and_ids_of_text_may_be_given(own_app: Callable[[], OwnApp]) -> None:
    own = own_app()
    online, client = sys.modules["online"], FakeRedis()
    online.init_online(own.app, client=client, prefix="tests", parse_id=str)
    with own.app.app_context():
        online.record("ann")
        assert [user_id for user_id, _ in online.online_users()] == ["ann"]
    assert client.keys() == [b"tests:last-seen"]


@pytest.mark.parametrize("store", STORES[2:])
@pytest.mark.parametrize("door", ["Flask-Login"])
@pytest.mark.parametrize("url", [None, ""])
def test_a_redis_that_nobody_has_named_ends_the_start_in_a_sentence(
    own_app: Callable[[], OwnApp], monkeypatch: pytest.MonkeyPatch, url: str | None
) -> None:
    monkeypatch.delenv("FLASK_REDIS_URL") if url is None else monkeypatch.setenv("FLASK_REDIS_URL", url)
    with pytest.raises(RuntimeError, match=r"^REDIS_URL is not set: put it into app.config before"):
        own_app()


@pytest.mark.parametrize("store", ["step2_sqlite3"])
@pytest.mark.parametrize("door", ["sqlite3"])
def test_without_sqlalchemy_a_user_is_written_every_thirty_seconds_into_the_file_of_the_app(
    own_app: Callable[[], OwnApp], tmp_path: Path
) -> None:
    own = own_app()
    ann, first, written = own.browser("ann"), own.clock.now, []
    for since in (0, 30_000_000, 30_000_001):
        own.clock.now = first + timedelta(microseconds=since)
        assert own.status(ann) == 200
        with closing(sqlite3.connect(tmp_path / "own.sqlite")) as database:
            written += database.execute("SELECT last_seen FROM presence").fetchall()
    began = round(first.timestamp() * 1_000_000)
    assert [seen - began for (seen,) in written] == [0, 0, 30_000_001]


@pytest.mark.parametrize("store", STORES[1:2])
@pytest.mark.parametrize("door", ["Flask-Login"])
def test_a_column_of_another_name_is_given_to_the_call(own_app: Callable[[], OwnApp], tmp_path: Path) -> None:
    source = tmp_path / "app.py"
    written = source.read_text(encoding="utf-8").replace("    last_seen: ", "    lastseen: ")
    (told,) = {each for part in PAGE.parts for each in part.inline_code if '"lastseen"' in each}
    written = written.replace("init_online(app, db, Reader)", told.replace("User", "Reader"))
    source.write_text(written, encoding="utf-8")
    own = own_app()
    assert own.status(own.browser("ann")) == 200
    assert own.online() == "1"
    with closing(sqlite3.connect(tmp_path / "own.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM readers WHERE lastseen > 0").fetchall() == [(1,)]


@pytest.mark.parametrize("store", STORES[1:2])
@pytest.mark.parametrize("door", ["Flask-Login"])
@pytest.mark.parametrize(("zone", "status"), [("None", 500), ("timezone.utc", 200)])
def test_a_writer_of_your_own_that_stays_fails_if_its_times_are_naive(
    own_app: Callable[[], OwnApp], tmp_path: Path, caplog: pytest.LogCaptureFixture, zone: str, status: int
) -> None:
    stays = f"""
@library.before_app_request
def before_request():
    if current_user.is_authenticated:
        current_user.last_seen = datetime.now({zone})
        db.session.commit()


def create_app("""
    source = tmp_path / "app.py"
    written = source.read_text(encoding="utf-8").replace("def create_app(", stays)
    written = written.replace("from datetime import datetime", "from datetime import datetime, timezone")
    source.write_text(written, encoding="utf-8")
    own = own_app()
    assert own.status(own.browser("ann")) == status
    refused = "has no time zone: write datetime.now(UTC), not utcnow()" in caplog.text
    assert refused == (status == 500)


@pytest.mark.parametrize("store", STORES[1:2])
@pytest.mark.parametrize("door", ["Flask-Login"])
def test_with_a_default_for_the_column_whoever_has_only_been_created_counts_as_online(
    own_app: Callable[[], OwnApp], tmp_path: Path
) -> None:
    source = tmp_path / "app.py"
    written = source.read_text(encoding="utf-8")
    assert written.count("(UtcDateTime, index=True)") == 1
    with_default = "(UtcDateTime, index=True, default=lambda: datetime.now(timezone.utc))"
    written = written.replace("(UtcDateTime, index=True)", with_default)
    written = written.replace("from datetime import datetime", "from datetime import datetime, timezone")
    source.write_text(written, encoding="utf-8")
    own = own_app()
    now = datetime.now(UTC)
    own.clock.now = now
    assert own.online() == "2"


@pytest.mark.parametrize(
    ("backend", "written"),
    [
        ("sqlite", ["modify_nullable"]),
        ("postgresql", ["modify_nullable", "modify_type"]),
        ("mysql", ["modify_nullable"]),
    ],
)
def test_what_flask_db_migrate_writes_by_itself_of_a_changed_type(
    backend: str, written: list[str], tmp_path: Path
) -> None:
    naive = Table("users", MetaData(), Column("last_seen", DateTime, nullable=False))
    aware = Table("users", MetaData(), Column("last_seen", UtcDateTime))
    with new_database(backend, tmp_path) as url, connection_to(url) as connection:
        naive.create(connection)
        found = compare_metadata(MigrationContext.configure(connection), aware.metadata)
        connection.commit()
    told = sorted(change[0] for changes in found for change in changes)
    assert told == written  # of this column, and no more


WITH_AN_ENGINE = """
import logging
import sys
from datetime import datetime

sys.modules["flask_sqlalchemy"] = None  # so that nothing can import it

from flask import Flask
from online import UtcDateTime, get_online, init_online, record
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    last_seen: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


options = {"pool_recycle": 60}
engine = create_engine(sys.argv[1], **options)
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add_all([User(id=1), User(id=2)])
    session.commit()
app = Flask("own")
app.logger.setLevel(logging.ERROR)
CALL
with app.app_context():
    record(1)
    tracker = app.extensions["presence"].tracker
    recycles = hasattr(tracker, "_writing") and tracker._writing.pool._recycle
    print(get_online(), type(tracker).__name__, recycles)
"""


@pytest.mark.parametrize(
    ("url", "told"), [("sqlite:///own.sqlite", "1 DatabaseTracker 60"), ("sqlite://", "1 DictTracker False")]
)
def test_without_flask_sqlalchemy_the_call_is_given_the_engine(tmp_path: Path, url: str, told: str) -> None:
    lift("step2_database", tmp_path / "online")
    (call,) = {each for part in PAGE.parts for each in part.inline_code if "engine_options=" in each}
    program = WITH_AN_ENGINE.replace("CALL", call)
    alone = [sys.executable, "-c", program, url]
    ran = subprocess.run(alone, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (ran.stdout, ran.stderr) == (f"{told}\n", "")


@pytest.mark.parametrize("store", STORES[1:2])
@pytest.mark.parametrize("door", ["Flask-Login"])
def test_a_call_before_flask_sqlalchemy_knows_the_app_is_refused_in_a_sentence(
    own_app: Callable[[], OwnApp],
) -> None:
    own = own_app()
    module, online = sys.modules["app"], sys.modules["online"]
    with pytest.raises(
        RuntimeError, match=r"call db.init_app\(app\) before init_online\(\), or give your engine"
    ):
        online.init_online(Flask("early"), module.db, module.Reader)
    assert own.online() == "0"


class NaiveInTheTable(TypeDecorator[datetime]):
    """A type such as many apps have: aware times in and out, and naive ones in UTC in the table."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql", "mysql"])
def test_a_type_of_your_own_that_takes_and_gives_aware_times_may_stay(backend: str, tmp_path: Path) -> None:
    users = Table("users", MetaData(), Column("id", Integer, primary_key=True))
    users.append_column(Column("last_seen", NaiveInTheTable))
    clock = FakeClock()
    with new_database(backend, tmp_path) as url:
        with connection_to(url) as connection:
            users.create(connection)
            connection.execute(users.insert(), [{"id": 1}, {"id": 2}])
            connection.commit()
        engine = create_engine(url)
        writing, reading = (presence_engine(engine, {}, wait_seconds=2, ping=False) for _ in range(2))
        tracker = DatabaseTracker(
            users, writing=writing, reading=reading, resolution=timedelta(seconds=30), clock=clock
        )
        began = clock.now
        tracker.mark_online(SimpleNamespace(id=1, last_seen=None))
        counts = [tracker.get_online()]
        clock.advance(minutes=4)
        tracker.mark_online(SimpleNamespace(id=2, last_seen=began))
        counts.append(tracker.get_online())
        clock.advance(minutes=1)
        counts.append(tracker.get_online())
        seen = tracker.online_users()
        for each in (writing, reading, engine):
            each.dispose()
    assert counts == [1, 2, 1]
    rounded = timedelta(seconds=backend == "mysql")  # a plain DATETIME of MySQL keeps whole seconds
    ((user_id, seen_at),) = seen
    assert user_id == 2
    assert abs(seen_at - began - timedelta(minutes=4)) <= rounded


@pytest.mark.parametrize("store", STORES[1:2])
@pytest.mark.parametrize("door", ["Flask-Login"])
@pytest.mark.parametrize("looks", [False, True])
def test_a_view_that_never_looks_at_the_user_marks_if_before_request_looks(
    own_app: Callable[[], OwnApp], tmp_path: Path, looks: bool
) -> None:
    (told,) = {each for part in PAGE.parts for each in part.inline_code if each.endswith("is_authenticated")}
    views = f"""
@library.get("/plain")
def plain() -> str:
    return "The same for all."


@library.before_app_request
def look() -> None:
    if {looks}:
        {told}


def create_app("""
    source = tmp_path / "app.py"
    written = source.read_text(encoding="utf-8").replace("def create_app(", views)
    source.write_text(written, encoding="utf-8")
    own = own_app()
    assert own.browser("ann").get("/plain").status_code == 200
    assert own.online() == ("1" if looks else "0")
