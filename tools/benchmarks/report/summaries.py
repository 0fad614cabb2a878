"""The measurements in short: which step to choose, and what each costs beside the usual form."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from tools.benchmarks.measure import Results
from tools.benchmarks.report.tables import (
    CONTENDERS,
    DATABASES,
    STEPS,
    USUAL,
    Rows,
    Words,
    in_chinese,
    line,
    of_users,
    percent,
    say,
    share,
    taken,
    three_digits,
    time,
    two_digits,
    weight_of,
)

STEP_2 = {
    store: (f"step 2: column ({DATABASES[store]})", f"第 2 步：列（{DATABASES[store]}）")
    for store in DATABASES
}


def which(results: Results, _: list[str], language: str) -> Rows:
    """Compare the three steps, for whoever has to choose one."""
    lesson = say(("[lesson {0}]({1}/README.md)", "[第 {0} 课]({1}/README.zh.md)"), language)
    database = "postgresql" if "postgresql mark" in results.seconds else "sqlite"
    first, last = results.sizes[0], results.sizes[-1]
    stores = ("dict", database, "redis")
    marks_of = (f"dict mark {last}", f"{database} mark", f"redis mark {last}")

    def each(words: Words, cell: Callable[[str, str, int], str]) -> list[str]:
        cells = zip(stores, STEPS, range(3), strict=True)
        return [say(words, language), *(cell(*place) for place in cells)]

    def median(comparison: str) -> str:
        return time(results.median(comparison, "here")) if comparison in results.seconds else "-"

    def counts_of(store: str, *_: object) -> str:
        return say(("{}, {}", "{}、{}"), language).format(
            *(median(f"{store} count {size}") for size in (first, last))
        )

    def room(store: str, *_: object) -> str:
        weight = results.figures.get(f"{store} bytes a user", {}).get("here")
        where = say(("disk", "磁盘"), language) if store == database else say(("memory", "内存"), language)
        return f"{three_digits(weight)} MB {where}" if weight else "-"

    def part(_: str, step: str, number: int) -> str:
        if f"{step} request" not in results.seconds:
            return "-"
        within = percent(share(results, step, marked="within the resolution")) if number == 1 else ""
        words = ("{}, or {} within the resolution", "{}，分辨率之内 {}")
        written = percent(share(results, step))
        return say(words, language).format(written, within) if within else written

    def throughput(store: str, _: str, number: int) -> str:
        samples = results.seconds.get(f"{store} marks by workers")
        if samples is None:
            return "-"
        one, two = (two_digits(1 / results.median(f"{store} marks by workers", n)) for n in ("1", "2"))
        if number == 0:  # a second process would count for itself
            return say((f"{one} with 1 worker", f"1 个进程 {one}"), language)
        return say((f"{one} with 1 worker, {two} with 2", f"1 个进程 {one}，2 个 {two}"), language)

    saved = results.figures["writes by 1000 users, every 10 s"]["here"]
    stays = [results.figures[f"edge {form}"].values() for form in ("dict", "column", "sorted set")]
    return [
        line(
            language,
            ("", ""),
            ("step 1: dict", "第 1 步：字典"),
            STEP_2[database],
            ("step 3: sorted set", "第 3 步：有序集合"),
        ),
        each(("explained in", "讲解"), lambda _, step, number: lesson.format(number + 1, step)),
        line(
            language,
            ("processes", "进程"),
            ("one", "一个"),
            ("any number", "任意多个"),
            ("any number", "任意多个"),
        ),
        line(
            language,
            ("after a restart", "重启之后"),
            ("all forgotten", "全部丢失"),
            ("all kept", "全部保留"),
            ("as Redis is set up to", "取决于 Redis 的设置"),
        ),
        line(
            language,
            ("longest window", "最长的窗口"),
            ("what is kept in memory", "内存里保留的时间"),
            ("any", "不限"),
            ("what is kept in Redis", "Redis 里保留的时间"),
        ),
        each(
            ("seen, a user is online for", "出现之后在线多久"),
            lambda _, __, number: "{} s".format(
                "–".join(dict.fromkeys(f"{find(stays[number]):g}" for find in (min, max)))
            ),
        ),
        each(("one mark", "记录一次"), lambda _, __, number: median(marks_of[number])),
        each(
            ("its share of `GET /api/me` (step 2: SQLite)", "占 `GET /api/me` 的比例（第 2 步：SQLite）"),
            part,
        ),
        each(
            (
                f"one count, {first:,} and {last:,} online",
                f"一次统计，{of_users(first, 'zh')}与 {of_users(last, 'zh')}在线",
            ),
            counts_of,
        ),
        each(("room for a million users", "一百万用户占用"), room),
        each(("marked requests a second", "每秒处理的请求（每个都记录）"), throughput),
        line(language, ("enough until", "何时不够用"), *ends(two_digits(saved))),
    ]


def ends(saved: str) -> tuple[Words, Words, Words]:
    """Return the point at which each step ends."""
    return (
        ("a second process, or a restart that may forget nobody", "需要第二个进程，或者重启后不能丢数据"),
        (
            f"the writes weigh ({saved} a second for 1,000 users who call every 10 s), or the counts of many",
            f"写入成为负担（1000 个用户每 10 s 请求一次，每秒写 {saved} 次），或者要数的人太多",
        ),
        (
            "one Redis is full or busy; then split the key by user id",
            "一个 Redis 的内存或处理能力用尽；那时按用户 id 拆分 key",
        ),
    )


def costs(results: Results, areas: list[str], language: str) -> Rows:
    """Compare the usual form with step 1 or 3, for its lesson."""
    [area], (first, *_, last) = areas, results.sizes
    step = {"dict": "step1_dict", "redis": "step3_redis"}[area]
    rows = [line(language, ("", ""), USUAL, ("this step", "这一步"))]
    if f"{area} mark {last}" not in results.seconds:
        return rows
    for size in (first, last):
        words = (f"a count of {of_users(size, 'en')}", f"一次统计，{of_users(size, 'zh')}")
        times = (taken(results, f"{area} count {size}", form) for form in ("usual", "here"))
        rows.append([say(words, language), *times])
    english, chinese = CONTENDERS[area]["floor"]
    before, after = (" " if chinese[n] == "`" else "" for n in (0, -1))
    ratios = (two_digits(results.ratio(f"{area} mark {last}", form, "floor")) for form in ("usual", "here"))
    words = (f"a mark, in times of {english}", f"一次记录，是{before}{chinese}{after}的几倍")
    rows.append([say(words, language), *ratios])
    weights = results.figures[f"{area} bytes a user"]
    bytes_of = {form: weight_of(weight) for form, weight in weights.items()}
    rows.append([say(("bytes a user", "每个用户的字节数"), language), bytes_of["usual"], bytes_of["here"]])
    if area == "dict":
        words = ("bytes a user, once all have left", "每个用户的字节数，所有人离开之后")
        rows.append([say(words, language), bytes_of["usual, all gone"], bytes_of["here, all gone"]])
    else:
        words = ("bytes a user, seen once and not every minute", "每个用户的字节数，只出现一次而不是每分钟")
        rows.append([say(words, language), bytes_of["usual, seen once"], bytes_of["here"]])
    words = ("a mark's share of `GET /api/me`", "一次记录占 `GET /api/me` 的比例")
    return [*rows, [say(words, language), "", percent(share(results, step))]]


def column_costs(results: Results, _: list[str], language: str) -> Rows:
    """Compare the usual form with step 2 on each database, for its lesson."""
    counted = {name.split()[0]: name for name in results.seconds if " of " in name}
    few, many = (int(word) for word in next(iter(counted.values())).split()[2::2])
    among = (f"count of {few:,} among {many:,}", f"从 {in_chinese(many)}用户里统计 {in_chinese(few)}")
    heading = line(
        language,
        ("", ""),
        ("mark, the usual form", "一次记录，常见写法"),
        ("mark, this step", "一次记录，这一步"),
        (f"{among[0]}, the usual form", f"{among[1]}，常见写法"),
        (f"{among[0]}, this step", f"{among[1]}，这一步"),
    )
    rows = [heading]
    for store, comparison in counted.items():
        both = product((f"{store} mark", comparison), ("usual", "here"))
        rows.append([DATABASES[store], *(taken(results, name, form) for name, form in both)])
    return rows


SUMMARIES = {"which": which, "costs": costs, "column_costs": column_costs}
