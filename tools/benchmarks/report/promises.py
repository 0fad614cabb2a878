"""How our own figures must stand to the others of the same run; one that does not is a defect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tools.benchmarks.measure import Results


@dataclass(frozen=True)
class Promise:
    """A figure that must be at least, or at most, so much; for one store, which may have been left out."""

    store: str
    words: dict[str, str]
    value: Callable[[Results], float]
    limit: float
    at_least: bool = False
    is_share: bool = False

    def kept(self, results: Results) -> bool:
        """Whether the figure is as it must be."""
        value = self.value(results)
        return value >= self.limit if self.at_least else value <= self.limit


def known(results: Results) -> list[Promise]:
    """Return those whose store was measured."""
    return [each for each in PROMISES if any(name.startswith(each.store) for name in results.seconds)]


def share_of_request(step: str) -> Callable[[Results], float]:
    """Return how to compute which share of a marked request is the mark."""
    return lambda results: 1 - results.ratio(f"{step} request", "unmarked", "marked")


def more_statements(results: Results) -> float:
    """Return how many statements a request within the resolution adds."""
    statements = results.figures["step2_database statements a request"]
    return statements["within the resolution"] - statements["unmarked"]


def flat(results: Results) -> float:
    """Return the count among the most, over the count among the fewest."""
    least, *_, most = (results.median(f"dict count {users}", "here") for users in results.sizes)
    return most / least


def mark(store: str, users: str = "") -> Callable[[Results], float]:
    """Return how to compare a mark with the floor; users: the "first" or the "last" of the sizes, if any."""

    def ratio(results: Results) -> float:
        size = {"": "", "first": f" {results.sizes[0]}", "last": f" {results.sizes[-1]}"}[users]
        return results.ratio(f"{store} mark{size}", "here", "floor")

    return ratio


def count(store: str) -> Callable[[Results], float]:
    """Return how to compare the usual form's count of the most users with ours."""
    return lambda results: results.ratio(f"{store} count {results.sizes[-1]}", "usual", "here")


def few_among_many(store: str) -> Callable[[Results], float]:
    """Return how to compare a count without an index with ours."""

    def ratio(results: Results) -> float:
        comparison = next(name for name in results.seconds if name.startswith(store) and " of " in name)
        return results.ratio(comparison, "unindexed", "here")

    return ratio


def memory(results: Results) -> float:
    """Return ours over the usual form's, in Redis."""
    weights = results.figures["redis bytes a user"]
    return weights["here"] / weights["usual"]


DATABASES = {"sqlite": ("SQLite", 2.0), "postgresql": ("PostgreSQL", 1.5), "mysql": ("MariaDB", 1.5)}
PROMISES = [
    Promise("dict", {
        "en": "dict: the usual form's count of the most users, over ours",
        "zh": "dict：用户最多时，常见写法的计数耗时是这里的几倍",
    }, count("dict"), 1000, at_least=True),
    Promise("dict", {
        "en": "dict: our count of the most users, over that of the fewest",
        "zh": "dict：用户最多时的计数耗时是最少时的几倍",
    }, flat, 1.5),
    Promise("dict", {
        "en": "dict: a mark among the fewest users, over a bare store under a lock",
        "zh": "dict：用户最少时，一次记录是加锁写入 dict 的几倍",
    }, mark("dict", "first"), 2.5),
    Promise("dict", {
        "en": "dict: the same among the most",
        "zh": "dict：同上，用户最多时",
    }, mark("dict", "last"), 2.5),
    *(
        Promise(store, {
            "en": f"{name}: a mark, over a bare UPDATE and commit",
            "zh": f"{name}：一次记录是单条 UPDATE 加提交的几倍",
        }, mark(store), limit)
        for store, (name, limit) in DATABASES.items()
    ),
    Promise("step2_database", {
        "en": "database: statements that a request within the resolution adds",
        "zh": "数据库：分辨率之内的请求多发几条语句",
    }, more_statements, 0),
    *(
        Promise(store, {
            "en": f"{name}: a count of few among many without the index, over ours",
            "zh": f"{name}：从许多人里数少数人，没有索引的耗时是这里的几倍",
        }, few_among_many(store), 15, at_least=True)
        for store, (name, _) in DATABASES.items()
    ),
    Promise("redis", {
        "en": "Redis: a mark among the fewest users, over a bare ZADD",
        "zh": "Redis：用户最少时，一次记录是单条 ZADD 的几倍",
    }, mark("redis", "first"), 1.3),
    Promise("redis", {
        "en": "Redis: the same among the most",
        "zh": "Redis：同上，用户最多时",
    }, mark("redis", "last"), 1.3),
    Promise("redis", {
        "en": "Redis: the usual form's count of the most users, over ours",
        "zh": "Redis：用户最多时，常见写法的计数耗时是这里的几倍",
    }, count("redis"), 10_000, at_least=True),
    Promise("redis", {
        "en": "Redis: memory a user, over the usual form's",
        "zh": "Redis：每个用户的内存是常见写法的几倍",
    }, memory, 0.30),
    Promise("step1_dict", {
        "en": "step 1: the mark's share of `GET /api/me`",
        "zh": "第 1 步：记录在 `GET /api/me` 里占的比例",
    }, share_of_request("step1_dict"), 0.03, is_share=True),
    Promise("step3_redis", {
        "en": "step 3: the mark's share of `GET /api/me`",
        "zh": "第 3 步：记录在 `GET /api/me` 里占的比例",
    }, share_of_request("step3_redis"), 0.25, is_share=True),
]  # fmt: skip
