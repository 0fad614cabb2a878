"""Stories for the tests of the lab, and what each form counts in them, written anew from its rules."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis.strategies import SearchStrategy, builds, integers, just, lists, none, one_of, sampled_from

from lab.story import SECOND, ClockSet, Down, Request, Story

FIVE_MINUTES, DAY, HOUR = 300 * SECOND, 86_400 * SECOND, 3600 * SECOND
UNTIL = 900 * SECOND
USERS = ("alice", "bob", "carol")
# often those at which something changes: whole seconds and minutes, and a microsecond beside them
TIMES = one_of(
    integers(0, UNTIL),
    integers(0, 900).map(lambda second: second * SECOND),
    builds(lambda minute, nudge: max(0, minute * 60 * SECOND + nudge), integers(0, 14), integers(-1, 1)),
)


def requests(*processes: int) -> SearchStrategy[tuple[Request, ...]]:
    """Return requests of several users, in order."""
    one = builds(Request, TIMES, sampled_from(USERS), sampled_from(processes))
    return lists(one, min_size=1, max_size=12).map(lambda many: tuple(sorted(many)))


def quiet_stories() -> SearchStrategy[Story]:
    """Return stories in which nothing goes wrong: one process, right clocks, a store that answers."""
    return builds(
        Story,
        requests=requests(1),
        until=just(UNTIL),
        resolution=integers(0, 59).map(lambda seconds: seconds * SECOND),
        created=one_of(just(()), TIMES.map(lambda at: (("dave", at),))),
    )


def eventful_stories() -> SearchStrategy[Story]:
    """Return stories in which anything may go wrong, and any window is asked for."""
    return builds(
        Story,
        requests=requests(1, 2),
        until=just(UNTIL),
        window=sampled_from([60 * SECOND, FIVE_MINUTES, 600 * SECOND]),
        resolution=sampled_from([0, SECOND, 30 * SECOND, 59 * SECOND]),
        apart=sampled_from([0, 0, 10 * SECOND, 60 * SECOND]),
        clock_set=one_of(
            none(), builds(ClockSet, TIMES, sampled_from([-HOUR, -100 * SECOND, 100 * SECOND, HOUR]))
        ),
        down=one_of(none(), builds(lambda since: Down(since, min(UNTIL, since + 60 * SECOND)), TIMES)),
    )


def expected(form: str, story: Story, at: int) -> set[int]:
    """Return what a form may count in a quiet story."""
    last = {request.user: request.at for request in story.requests if request.at <= at}
    ages = [at - seen for seen in last.values()]
    true = sum(age < FIVE_MINUTES for age in ages)
    never_came = [made for user, made in story.created if made <= at and user not in last]
    match form:
        case "article-dict":  # whole seconds, of now too
            return {sum(at // SECOND - seen // SECOND < 300 for seen in last.values())}
        case "article-column":  # five days, for accounts as well
            return {len(last) + len(never_came)}
        case "before-request":
            return {true + sum(at - made < FIVE_MINUTES for made in never_came)}
        case "article-redis":  # five sets of a minute; a user is in each minute with a request
            minute = at // (60 * SECOND)
            sets = {
                (request.user, request.at // (60 * SECOND)) for request in story.requests if request.at <= at
            }
            return {len({user for user, its in sets if minute - 5 < its <= minute})}
        case "column-resolution":
            certain = sum(age < FIVE_MINUTES - story.resolution for age in ages)
            return set(range(certain, true + 1))
        case _:
            return {true}


def story_at(address: str) -> Story:
    """Return the story that an address of the page holds."""
    fields = dict(parse_qsl(address))
    marks: list[Request] = []
    created: list[tuple[str, int]] = []
    for user in fields.keys() & {*USERS, "dave"}:
        for item in fields[user].split(","):
            at, _, process = item.removeprefix("c").partition("~")
            if item.startswith("c"):
                created.append((user, int(at) * SECOND))
            else:
                marks.append(Request(int(at) * SECOND, user, int(process or 1)))
    moved, down = (
        [int(part) * SECOND for part in fields.get(name, "").split(",") if part] for name in ("set", "down")
    )
    return Story(
        tuple(sorted(marks)),
        int(fields["until"]) * SECOND,
        created=tuple(created),
        apart=int(fields.get("apart", 0)) * SECOND,
        clock_set=ClockSet(*moved) if moved else None,
        down=Down(*down) if down else None,
    )
