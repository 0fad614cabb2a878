"""Replays a story in all forms, with fresh stores, and compares what they count with the truth."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, NamedTuple

from lab.forms import FORMS, OUTAGES, Entry, Form, started
from lab.story import SECOND, Story
from lab.truth import ONLY_EARLY, ONLY_LATE, defects, promise, truth

Curve = list[tuple[int, int | None]]  # from that time on, so many; None: nobody knows
ONE_AT_A_TIME = Lock()  # one form prints what it counts, and what is printed is hidden for the whole process


class Played(NamedTuple):
    """What one form did in a story.

    curves: what each process answers.
    failed: the requests that ended with an error, as places in the story's list.
    remembers: what it remembers from that time on.
    """

    curves: dict[int, Curve]
    failed: list[int]
    remembers: list[tuple[int, list[Entry]]]


class Stretch(NamedTuple):
    """From one time until another, a form differs from the truth.

    verdict: "defect" of a form of article/, "limit" of a cured one that its lesson tells, "unknown" if it
    says so itself, or "broken": a cured form counts what it must not.
    why: (from that time on, these reasons): ids of defects as in the lessons, or of limits as in words.toml.
    """

    since: int
    until: int
    verdict: str
    why: list[tuple[int, list[str]]]


def replay(story: Story, forms: Iterable[str] = FORMS) -> dict[str, Any]:
    """Return the truth and what each form makes of the story, with all times in seconds, ready for JSON."""
    true = steps((at, truth(story, at)) for at in turning_points(story))
    answer: dict[str, Any] = {"until": story.until / SECOND, "truth": in_seconds(true), "forms": {}}
    with ONE_AT_A_TIME, TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for name in forms:
            form = FORMS[name]
            played = play(story, form, Path(folder))
            stretches = differences(story, form, played.curves, true)
            answer["forms"][name] = {
                "curves": [in_seconds(curve) for curve in played.curves.values()],
                "wrong": [
                    [each.since / SECOND, each.until / SECOND, each.verdict, in_seconds(each.why)]
                    for each in stretches
                ],
                "failed": played.failed,
                "remembers": [
                    [at / SECOND, [[*entry[:3], entry.gone / SECOND] for entry in entries]]
                    for at, entries in played.remembers
                ],
            }
    return answer


def turning_points(story: Story) -> list[int]:
    """Return, in order, when the truth may change."""
    times = {0} | {request.at + later for request in story.requests for later in (0, story.window)}
    return sorted(at for at in times if at <= story.until)


def play(story: Story, form: type[Form], folder: Path, moments: Iterable[int] = ()) -> Played:
    """Let a form live through the story, and ask it when its answer may change, and at some moments more."""
    played = Played({process: [] for process in story.processes}, [], [])
    with started(form, story, folder) as it:
        happenings = all_happenings(it, played.failed)
        for at in sorted({0, *happenings, *edges(it), *moments}):
            it.clocks.now = at
            for happen in happenings.get(at, ()):
                happen()
            for process, curve in played.curves.items():
                add_step(curve, at, ask(it, process))
            if story.down and at in story.down:
                continue  # what the store holds does not change, and nobody sees it
            entries = it.remembered()
            if not played.remembers or played.remembers[-1][1] != entries:
                played.remembers.append((at, entries))
    return played


def all_happenings(it: Form, failed: list[int]) -> dict[int, list[Callable[[], None]]]:
    """Return what happens at which time, in order."""
    story = it.story
    found: dict[int, list[Callable[[], None]]] = {}
    if story.clock_set:
        found.setdefault(story.clock_set.at, [])  # the clocks know it
    if story.down:
        found.setdefault(story.down.since, []).append(partial(it.stop, down=True))
        if story.down.until <= story.until:
            found.setdefault(story.down.until, []).append(partial(it.stop, down=False))
    for user, at in story.created:
        found.setdefault(at, []).append(partial(it.create, user))
    for number, request in enumerate(story.requests):
        found.setdefault(request.at, []).append(partial(send, it, number, failed))
    return found


def send(it: Form, number: int, failed: list[int]) -> None:
    """Send a request of the story's list, and note it if it fails."""
    request = it.story.requests[number]
    try:
        it.request(request.user, request.process)
    except OUTAGES:
        failed.append(number)


def ask(it: Form, process: int) -> int | None:
    """Ask a process for its count; None while nobody knows."""
    try:
        return it.count(process)
    except OUTAGES:
        return None


def edges(it: Form) -> set[int]:
    """Return when a mark may stop counting, whichever clock has dated it and whichever counts."""
    story, offsets = it.story, it.clocks.offsets()
    dated = {at + offset for at in marked_at(story) for offset in offsets}
    found = {edge - offset for at in dated for edge in it.edges(at) for offset in offsets}
    return {at for at in found if 0 <= at <= story.until}


def marked_at(story: Story) -> set[int]:
    """Return when somebody is marked: by a request, and in some forms when the account is created."""
    return {request.at for request in story.requests} | {at for _, at in story.created}


def add_step(curve: Curve, at: int, count: int | None) -> None:
    """Add a step, if the count is another one."""
    if not curve or curve[-1][1] != count:
        curve.append((at, count))


def steps(answers: Iterable[tuple[int, int | None]]) -> Curve:
    """Return a curve with a step wherever the answer is another one than before."""
    curve: Curve = []
    for at, count in answers:
        add_step(curve, at, count)
    return curve


def value(curve: Curve, at: int) -> int | None:
    """Return what a curve says at a time."""
    return curve[bisect_right(curve, at, key=itemgetter(0)) - 1][1]


def differences(story: Story, form: type[Form], curves: dict[int, Curve], true: Curve) -> list[Stretch]:
    """Return where a form differs from the truth, in any of its processes, and why; in order."""
    found: list[Stretch] = []
    times = {0, story.until, *doubtful_times(story), *(at for at, _ in true)}
    times |= {at for curve in curves.values() for at, _ in curve}
    for since, until in pairwise(sorted(at for at in times if 0 <= at <= story.until)):
        counts = {process: value(curve, since) for process, curve in curves.items()}
        verdict, why = judge(story, form, counts, since)
        if verdict and found and found[-1][1:3] == (since, verdict):
            last = found.pop()
            more = [] if last.why[-1][1] == why else [(since, why)]
            found.append(Stretch(last.since, until, verdict, [*last.why, *more]))
        elif verdict:
            found.append(Stretch(since, until, verdict, [(since, why)]))
    return found


def doubtful_times(story: Story) -> set[int]:
    """Return when the reasons for a difference may change."""
    lags = (
        0,
        story.apart,
        story.window - story.resolution - story.apart,
        story.window - story.apart,
        story.window + story.apart,
    )
    times = {at + lag for at in marked_at(story) for lag in lags}
    if moved := story.clock_set:
        times |= {moved.at, moved.at + abs(moved.by) + story.window + story.apart + story.resolution}
    return times | set(story.down or ())


def judge(story: Story, form: type[Form], counts: dict[int, int | None], at: int) -> tuple[str, list[str]]:
    """Return a verdict and its reasons, as in Stretch; no verdict if every process is right."""
    true = truth(story, at)
    why: list[str] = []
    verdict = ""
    for process, count in counts.items():
        if count is None:
            return "unknown", ["down"]
        if count == true:
            continue
        if form.is_cured:
            lowest, highest, found = promise(story, form, at, process)
            if not lowest <= count <= highest:
                return "broken", []
            verdict = "limit"
        else:
            found = defects(story, form, at, process)
            verdict = "defect"
        why += [reason for reason in found if reason not in (ONLY_LATE if count < true else ONLY_EARLY)]
    return verdict, list(dict.fromkeys(why))


def in_seconds(steps: Iterable[tuple[int, Any]]) -> list[tuple[float, Any]]:
    """Return steps with their times in seconds."""
    return [(at / SECOND, what) for at, what in steps]
