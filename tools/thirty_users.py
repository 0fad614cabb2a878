"""Let thirty users use an app that is running, all at once, and see whether every count is exact.

    python -m tools.thirty_users http://127.0.0.1:8000 /shelf --sign-in /login email={name} password={name}
    python -m tools.thirty_users http://127.0.0.1:8000 /news --basic

{name} is user1 to user30, and with --basic it is the password, too: make these users first. Each has a thread
and cookies of its own, and asks for the page again and again. Then the count is asked for a hundred times, so
that every worker answers. Ends with status 1 if any count was another one than thirty.
"""

from __future__ import annotations

import argparse
import re
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

USERS = 30
COUNTS = 100
SECONDS = 30  # for one request; an app that hangs longer ends the run


def ask(
    browser: OpenerDirector, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Return the status and the text of an answer."""
    data = None if form is None else urlencode(form).encode()
    try:
        with browser.open(Request(url, data, dict(headers)), timeout=SECONDS) as answer:  # noqa: S310  # one's own app
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def statuses_for(name: str, asked: argparse.Namespace) -> Counter[int]:
    """Sign in as a user, look at the page again and again, and count the statuses."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    headers = {}
    if asked.basic:
        headers["Authorization"] = "Basic " + b64encode(f"{name}:{name}".encode()).decode()
    else:
        path, *fields = asked.sign_in
        form = dict(field.replace("{name}", name).split("=", 1) for field in fields)
        ask(browser, asked.base + path, headers, form)
    return Counter(ask(browser, asked.base + asked.page, headers)[0] for _ in range(asked.visits))


def count_told(url: str) -> str:
    """Return the first number of the answer; its status, if it is no count."""
    status, text = ask(build_opener(), url, {})
    number = re.search(r"\d+", text)
    return number[0] if number and status == 200 else f"status {status}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Let them in, and print how often which answer came; return 1 if a count was wrong."""
    about = "Let thirty users use your app, and see whether every count is exact."
    parser = argparse.ArgumentParser(prog="python -m tools.thirty_users", description=about)
    parser.add_argument("base", help="its address, such as http://127.0.0.1:8000")
    parser.add_argument("page", help="what only users may see, such as /shelf")
    parser.add_argument("--count", default="/online", help="where the first number is how many are online")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--basic", action="store_true", help="send name and password with each request")
    how.add_argument("--sign-in", nargs="+", metavar=("PATH", "FIELD=VALUE"), help="send this form first")
    parser.add_argument("--visits", type=int, default=20, help="of each user")
    asked = parser.parse_args(arguments)
    names = [f"user{number}" for number in range(1, USERS + 1)]
    with ThreadPoolExecutor(USERS) as pool:
        of_each = pool.map(lambda name: statuses_for(name, asked), names)
        statuses = sum(of_each, Counter[int]())
        told = Counter(pool.map(count_told, [asked.base + asked.count] * COUNTS))
    for path, answers in ((asked.page, statuses), (asked.count, told)):
        print(f"{path}: " + ", ".join(f"{times} times {answer}" for answer, times in sorted(answers.items())))
    return 0 if told == {str(USERS): COUNTS} else 1


if __name__ == "__main__":
    sys.exit(main())
