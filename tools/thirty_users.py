"""Let thirty users use an app that is running, all at once, and see whether every count is exact.

    python -m tools.thirty_users http://127.0.0.1:8000 /shelf --sign-in /login email={name} password={name}
    python -m tools.thirty_users http://127.0.0.1:8000 /news --basic
    python -m tools.thirty_users http://127.0.0.1:8000 /news --token /tokens access_token

{name} is user1 to user30, and with --basic it is the password, too: make these users first. --token fetches a
token: the path, and what it is called in the JSON that comes back. It posts name and password as HTTP Basic,
or as JSON the fields that follow, such as email={name} password={name}.

Each has a thread and cookies of its own, and asks for the page again and again. Then the count is asked for a
hundred times, so that every worker answers. Ends with status 1 if any count was another one than thirty.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

USERS = 30
COUNTS = 100
SECONDS = 30  # for one request; an app that hangs longer ends the run


class Answer(NamedTuple):
    """What came back, and from which path; another one than was asked for, if the app has redirected."""

    status: int
    text: str
    path: str

    def told(self, path: str) -> str:
        """Say the status, and where the answer came from, if that was not the path asked for."""
        return str(self.status) if self.path == path else f"{self.status} at {self.path}"


def ask(browser: OpenerDirector, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
    """Return the answer to a GET, or to a POST of the body. SystemExit: there is none."""
    try:
        with browser.open(Request(url, body, dict(headers)), timeout=SECONDS) as answer:  # noqa: S310  # one's own app
            return Answer(answer.status, answer.read().decode(), urlsplit(answer.url).path)
    except HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.read().decode(), urlsplit(refused.url).path)
    except OSError as error:  # nobody listens there, or the app hangs
        sys.exit(f"{url} gives no answer: {error}")


def fields_of(told: Sequence[str], name: str) -> dict[str, str]:
    """Return the fields of FIELD=VALUE, each with the user's name in the place of {name}."""
    return dict(field.replace("{name}", name).split("=", 1) for field in told)


def basic(name: str) -> str:
    """Return the header of HTTP Basic for a user whose password is the name."""
    return "Basic " + b64encode(f"{name}:{name}".encode()).decode()


def token_of(browser: OpenerDirector, name: str, asked: argparse.Namespace) -> str:
    """Fetch a token. SystemExit: there is none in the answer."""
    path, key, *told = asked.token
    if told:
        headers, body = {"Content-Type": "application/json"}, json.dumps(fields_of(told, name)).encode()
    else:
        headers, body = {"Authorization": basic(name)}, b""
    answer = ask(browser, asked.base + path, headers, body)
    found = re.search(rf'"{re.escape(key)}"\s*:\s*"([^"]+)"', answer.text)
    if found is None:
        sys.exit(f"{path} gave {name} no {key}: {answer.told(path)}")
    return found[1]


def answers_to(name: str, asked: argparse.Namespace) -> Counter[tuple[str, str]]:
    """Sign in as a user, look at the page again and again, and count (path, what came back)."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    headers, answers = {}, Counter[tuple[str, str]]()
    if asked.basic:
        headers["Authorization"] = basic(name)
    elif asked.token:
        headers["Authorization"] = f"Bearer {token_of(browser, name, asked)}"
    else:
        path, *fields = asked.sign_in
        form = urlencode(fields_of(fields, name)).encode()
        answers[path, ask(browser, asked.base + path, headers, form).told(path)] += 1
    for _ in range(asked.visits):
        answers[asked.page, ask(browser, asked.base + asked.page, headers).told(asked.page)] += 1
    return answers


def count_told(url: str) -> str:
    """Return the first number of the answer; its status, if it is no count."""
    answer = ask(build_opener(), url, {})
    number = re.search(r"\d+", answer.text)
    return number[0] if number and answer.status == 200 else f"status {answer.status}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Let them in, and print how often which answer came; return 1 if a count was wrong."""
    about = "Let thirty users use your app, and see whether every count is exact."
    parser = argparse.ArgumentParser(prog="python -m tools.thirty_users", description=about)
    parser.add_argument("base", help="its address, such as http://127.0.0.1:8000")
    parser.add_argument("page", help="what only users may see, such as /shelf")
    parser.add_argument("--count", default="/online", help="where the first number is how many are online")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--basic", action="store_true", help="send name and password with each request")
    how.add_argument(
        "--token",
        nargs="+",
        metavar=("PATH", "KEY"),
        help="fetch a token first, and send it with each request",
    )
    how.add_argument("--sign-in", nargs="+", metavar=("PATH", "FIELD=VALUE"), help="send this form first")
    parser.add_argument("--visits", type=int, default=20, help="of each user")
    asked = parser.parse_args(arguments)
    if asked.token and len(asked.token) < 2:
        parser.error("--token needs two words: the path, and what the token is called in the answer")
    fields = asked.token[2:] if asked.token else (asked.sign_in or [])[1:]
    if wrong := [field for field in fields if "=" not in field]:
        parser.error(f"a field has a name and a value: write {wrong[0]}=..., not {wrong[0]}")
    names = [f"user{number}" for number in range(1, USERS + 1)]
    with ThreadPoolExecutor(USERS) as pool:
        answers = sum(pool.map(lambda name: answers_to(name, asked), names), Counter[tuple[str, str]]())
        told = Counter(pool.map(count_told, [asked.base + asked.count] * COUNTS))
    for path in dict.fromkeys(path for path, _ in answers):
        tell(path, {what: times for (where, what), times in answers.items() if where == path})
    tell(asked.count, told)
    return 0 if told == {str(USERS): COUNTS} else 1


def tell(path: str, answers: Mapping[str, int]) -> None:
    """Print how often which answer came."""
    print(f"{path}: " + ", ".join(f"{times} times {answer}" for answer, times in sorted(answers.items())))


if __name__ == "__main__":
    sys.exit(main())
