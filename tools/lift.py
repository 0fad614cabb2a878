"""Make the folder online/ for an app of your own: the files of a step, in which no import has to be edited.

    python -m tools.lift step1_dict ../yourapp/online

docs/your-own-app.md says which step is for which app. The folder is a package, which may stand beside your
module or inside your package. It is yours: nothing in it points back here.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from keyword import iskeyword
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Lifted(NamedTuple):
    """What is copied for one step, each file from where to which name, and what the reader does then."""

    files: dict[str, str]
    install: str
    call: str  # where the app is made


def _files(template: str, tracker: str, **others: str) -> dict[str, str]:
    return {
        "__init__.py": f"docs/own_app/{template}/__init__.py",
        "presence.py": "common/presence.py",
        "tracker.py": tracker,
        **{f"{name}.py": file for name, file in others.items()},
    }


STEPS = {
    "step1_dict": Lifted(
        _files("online_dict", "step1_dict/tracker.py"),
        "nothing beside Flask",
        "init_online(app)",
    ),
    "step2_database": Lifted(
        _files(
            "online_database",
            "step2_database/tracker.py",
            engine="step2_database/engine.py",
            utc_datetime="step2_database/utc_datetime.py",
            dict_tracker="step1_dict/tracker.py",
        ),
        "pytz beside SQLAlchemy; for PostgreSQL psycopg[binary], for MySQL and MariaDB pymysql[rsa]",
        "init_online(app, db, User)",
    ),
    "step2_sqlite3": Lifted(
        _files("online_sqlite3", "step2_database/sqlite3_tracker.py"),
        "nothing beside Flask",
        "init_online(app)",
    ),
    "step3_redis": Lifted(
        _files("online_redis", "step3_redis/tracker.py"),
        "redis",
        "init_online(app)",
    ),
    "step3_sentinel": Lifted(
        _files("online_sentinel", "step3_redis/tracker.py"),
        "redis",
        "init_online(app)",
    ),
}


def lift(step: str, folder: Path) -> None:
    """Make the folder. SystemExit: it is there already, its parent is not, or its name cannot be imported."""
    if not folder.name.isidentifier() or iskeyword(folder.name):
        sys.exit(f"{folder.name} is no name that Python can import: call the folder online, for example.")
    if not folder.parent.is_dir():
        sys.exit(f"{folder.parent} is no folder: name one that is there, and the folder to make in it.")
    try:
        folder.mkdir()
    except FileExistsError:
        sys.exit(f"{folder} is there already: delete it first, or give another name.")
    for name, source in STEPS[step].files.items():
        shutil.copyfile(ROOT / source, folder / name)


def imported_as(folder: Path) -> str:
    """Return the name by which an app imports the folder: yourapp.online, if it stands inside a package."""
    folder = folder.resolve()
    names = [folder.name]
    while (folder := folder.parent).joinpath("__init__.py").exists():
        names.insert(0, folder.name)
    return ".".join(names)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the folder that the command line names, and print what to do next."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.lift", description="Make the folder online/ for an app of your own."
    )
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("folder", type=Path, help="the folder to make, such as ../yourapp/online")
    asked = parser.parse_args(arguments)
    lift(asked.step, asked.folder)
    lifted, name = STEPS[asked.step], imported_as(asked.folder)
    print(
        f"{asked.folder} is made. To install: {lifted.install}.\n"
        "Where your app is made:\n"
        f"    from {name} import init_online\n"
        f"    {lifted.call}\n"
        "Where it knows whose request it is:\n"
        f"    from {name} import record\n"
        f"    record(user)"
    )


if __name__ == "__main__":
    main()
