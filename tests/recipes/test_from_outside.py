"""recipes/from_outside.py: a command, a scheduler and a task get the same number, or none."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest
from flask import Flask

pytest.importorskip("apscheduler", reason="pip install -c constraints.txt -e '.[recipes]'")
pytest.importorskip("rq", reason="pip install -c constraints.txt -e '.[recipes]'")

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler

from recipes import from_outside
from recipes.small_app import shared_users
from tests.helpers.apps import own_retry_clock
from tests.recipes.conftest import Closing

pytestmark = pytest.mark.slow


@pytest.fixture
def serving(closing: Closing) -> Iterator[Flask]:
    """The app of the process that serves; what is outside has one of its own."""
    from_outside.app_of_process.cache_clear()
    yield closing(from_outside.create_app())
    closing(from_outside.app_of_process())
    from_outside.app_of_process.cache_clear()


def test_a_command_and_a_task_find_who_is_online_in_another_process(serving: Flask) -> None:
    runner = serving.test_cli_runner()
    assert runner.invoke(args=["online"]).output == "0 online\n"
    for user in ("alice", "bob"):
        serving.test_client().get("/hello", auth=(user, "demo"))
    result = runner.invoke(args=["online"])
    assert (result.exit_code, result.output) == (0, "2 online\n")
    assert runner.invoke(args=["task"]).output == "The task has finished, with the result 2\n"


def test_while_the_number_is_unknown_there_is_a_sentence_and_no_number(serving: Flask) -> None:
    from_outside.app_of_process()  # which is running already, when the store fails
    users, engine = shared_users(serving)
    users.drop(engine)
    engine.dispose()
    runner = serving.test_cli_runner()
    result = runner.invoke(args=["online"])
    assert result.exit_code == 1
    assert result.output == (
        "Error: Who is online is unknown, because the presence store does not answer; try again later.\n"
    )
    assert runner.invoke(args=["task"]).output == "The task has failed, with the result None\n"


def test_the_scheduler_goes_on_after_a_time_at_which_the_number_was_unknown(
    serving: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    app = from_outside.app_of_process()
    retry_clock = own_retry_clock(app)
    serving.test_client().get("/hello", auth=("alice", "demo"))
    users, engine = shared_users(serving)
    scheduler = BackgroundScheduler()
    runs: list[bool] = []  # whether each was an error
    ended = Event()

    def note(event: JobExecutionEvent) -> None:
        runs.append(event.exception is not None)
        if event.exception is None:
            ended.set()
        elif len(runs) == 1:
            shared_users(serving)[1].dispose()  # the table is there again, and nobody has been seen
            retry_clock.advance(seconds=5)

    users.drop(engine)
    engine.dispose()
    scheduler.add_listener(note, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
    scheduler.add_job(from_outside.tell, "interval", seconds=0.01, max_instances=1)
    scheduler.start()
    assert ended.wait(10)
    scheduler.shutdown()
    assert runs[0] is True
    assert capsys.readouterr().out.startswith("0 online\n")
