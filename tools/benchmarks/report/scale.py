"""The measurements of a cluster as a table, and the arithmetic from them to many users."""

from __future__ import annotations

from math import ceil

from tools.benchmarks.measure import Results
from tools.benchmarks.report.tables import Rows, Words, line, say, taken, two_digits

CROWDS: dict[int, Words] = {
    100_000: ("100,000", "10 万"),
    10_000_000: ("10,000,000", "1000 万"),
    1_000_000_000: ("1,000,000,000", "10 亿"),
}
PAUSE = 10  # seconds from one request of a user to the next


def cluster(results: Results, _: list[str], language: str) -> Rows:
    """Compare a cluster of one node with one of three."""
    rows = [
        line(
            language,
            ("nodes", "节点数"),
            ("a mark", "一次记录"),
            ("a count of 12 shards", "统计 12 个分片"),
            ("bytes a user, on all nodes", "每个用户的字节数，所有节点"),
            ("marks a second that a node's core can take", "一个节点的一个核每秒能承受的记录"),
        )
    ]
    for nodes in results.seconds.get("cluster mark", {}):
        figures = results.figures[f"cluster of {nodes} nodes"]
        times = (taken(results, f"cluster {what}", nodes) for what in ("mark", "count"))
        space, rate = figures["bytes a user"], 1 / figures["CPU seconds a mark"]
        rows.append([nodes, *times, two_digits(space), two_digits(rate)])
    return rows


def reach(results: Results, _: list[str], language: str) -> Rows:
    """Compute from the measurements what many users would need, each calling every ten seconds."""
    rows = [
        line(
            language,
            ("users online", "在线用户"),
            ("requests a second", "每秒请求"),
            ("hosts of two cores for the app", "应用要几台双核主机"),
            ("step 2: writes a second, resolution 30 s", "第 2 步：每秒写入，分辨率 30 s"),
            ("step 3: memory", "第 3 步：内存"),
            ("step 3: cores of Redis", "第 3 步：Redis 要几个核"),
        )
    ]
    node = results.figures.get("cluster of 3 nodes")
    if node is None:
        return rows
    served = 1 / results.median("redis marks by workers", "2")
    writes = results.figures[f"writes by 1000 users, every {PAUSE} s"]["here"] / 1000
    for users, words in CROWDS.items():
        requests = users / PAUSE
        rows.append([
            say(words, language),
            f"{requests:,.0f}",
            two_digits(ceil(requests / served)),
            two_digits(users * writes),
            gigabytes(users * node["bytes a user"]),
            two_digits(ceil(requests * node["CPU seconds a mark"])),
        ])  # fmt: skip
    return rows


def gigabytes(size: float) -> str:
    """Write how many bytes, as MB or GB."""
    return f"{two_digits(size / 1e9)} GB" if size >= 1e9 else f"{two_digits(size / 1e6)} MB"


SCALE = {"cluster": cluster, "reach": reach}
