"""How many are online, asked from outside a request: by a command, by a scheduler, and by a task queue.

Run it:     .venv/bin/flask --app recipes.from_outside run --port 5020
Install:    .venv/bin/python -m pip install -c constraints.txt -e '.[recipes]'
Look at it: curl -u alice:demo http://127.0.0.1:5020/hello; in another terminal these three find her:
            .venv/bin/flask --app recipes.from_outside online, the same with task instead of online, and
            .venv/bin/python recipes/from_outside.py, every ten seconds until Ctrl+C.
"""

from functools import cache

import click
from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask
from rq import Queue, SimpleWorker

from common.presence import PresenceUnknown, get_online, init_app
from recipes.small_app import new_app, redis_client, shared_users
from step2_database.tracker import DatabaseTracker


def create_app() -> Flask:
    """Make the app. The processes share its store, a database: a dict would tell each about itself only."""
    app = new_app()
    users, engine = shared_users(app)
    init_app(app, DatabaseTracker(users, writing=engine, reading=engine))
    app.cli.command("online")(tell)
    app.cli.command("task")(tell_by_task)
    return app


app_of_process = cache(create_app)


def count_online() -> int:
    """Count the users online, from anywhere. PresenceUnknown: the store fails; no number would be true."""
    with app_of_process().app_context():
        return get_online()


def tell() -> None:
    """Write how many are online. ClickException: that is unknown; a command ends with status 1."""
    try:
        click.echo(f"{count_online()} online")
    except PresenceUnknown as error:
        raise click.ClickException(str(error.description)) from error


def tell_by_task() -> None:
    """Let a task count. Here its worker is in the same process; yours is one of its own: rq worker."""
    queue = Queue(connection=redis_client(app_of_process().config.get("REDIS_URL")))
    job = queue.enqueue(count_online)
    SimpleWorker([queue], connection=queue.connection).work(burst=True)
    click.echo(f"The task has {job.get_status().value}, with the result {job.return_value()}")


if __name__ == "__main__":
    scheduler = BlockingScheduler()
    scheduler.add_job(tell, "interval", seconds=10)
    scheduler.start()
