"""The measurements as tables for the documents, in English and in Chinese; what was left out has no row."""

from __future__ import annotations

from collections.abc import Callable

from tools.benchmarks.measure import Results
from tools.benchmarks.report.promises import known

Rows = list[list[str]]  # the first is the heading
Words = tuple[str, str]  # English, Chinese
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}
STEPS = ("step1_dict", "step2_database", "step3_redis")
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}
STORES: dict[str, Words] = {
    "dict": ("dict", "字典"),
    **{store: (name, name) for store, name in DATABASES.items()},
    "redis": ("Redis", "Redis"),
}
USUAL, HERE = ("the usual form", "常见写法"), ("here", "这里")
HLL, BITMAP = ("HyperLogLog", "HyperLogLog"), ("a bitmap", "位图")
CONTENDERS: dict[str, dict[str, Words]] = {
    "dict": {
        "floor": ("a bare store under a lock", "加锁写字典"),
        "here": HERE,
        "here, shorter": ("here, a window shorter than `keep`", "这里，窗口比 `keep` 短"),
        "usual": USUAL,
    },
    "database": {
        "floor": ("a bare `UPDATE` and `COMMIT`", "单条 `UPDATE` 加 `COMMIT`"),
        "floor, one statement": ("a bare `UPDATE` in autocommit", "自动提交的单条 `UPDATE`"),
        "here, within the resolution": ("here, within the resolution", "这里，分辨率之内"),
        "here": ("here, written", "这里，写入"),
        "here, unindexed": ("the same without the index", "同上，没有索引"),
        "usual": USUAL,
    },
    "redis": {
        "floor, PING": ("a bare `PING`", "单条 `PING`"),
        "floor": ("a bare `ZADD`", "单条 `ZADD`"),
        "here": HERE,
        "HyperLogLog": HLL,
        "bitmap": BITMAP,
        "usual": USUAL,
    },
}


def say(words: Words, language: str) -> str:
    """Choose the words of one language."""
    return words[language == "zh"]


def line(language: str, *words: Words) -> list[str]:
    """Return a row of words, such as a heading."""
    return [say(each, language) for each in words]


def two_digits(number: float) -> str:
    """Write a figure with the two digits that mean something: 0.51, 46, 1,200."""
    return f"{float(f'{number:.2g}'):,.10g}"


def three_digits(number: float) -> str:
    """Write a figure with three digits."""
    return f"{float(f'{number:.3g}'):,.10g}"


def weight_of(size: float) -> str:
    """Write how many bytes; a hundredth of one is none."""
    return three_digits(round(size, 2))


def percent(share: float) -> str:
    """Write a share as per cent."""
    return f"{two_digits(100 * share)}%"


def unit_of(seconds: float) -> str:
    """Return the unit that suits a time."""
    return next((unit for unit, size in UNITS.items() if seconds >= 0.995 * size), "µs")


def time(seconds: float) -> str:
    """Write a time with the unit that suits it."""
    unit = unit_of(seconds)
    return f"{two_digits(seconds / UNITS[unit])} {unit}"


def taken(results: Results, comparison: str, contender: str) -> str:
    """Write the median and the bounds of the middle half of the rounds; "" for what was not measured."""
    if contender not in results.seconds.get(comparison, {}):
        return ""
    median = results.median(comparison, contender)
    size = UNITS[unit_of(median)]
    low, high = (two_digits(bound / size) for bound in results.middle(comparison, contender))
    return f"{time(median)} ({low}–{high})"


def in_chinese(number: int) -> str:
    """Write a large number as Chinese has it: 20 万."""
    return f"{number // 10_000} 万" if number >= 10_000 else f"{number} 个"


def of_users(number: int, language: str) -> str:
    """Write how many users."""
    return say((f"{number:,} users", f"{in_chinese(number)}用户"), language)


def about(results: Results, _: list[str], language: str) -> Rows:
    """Tell on which machine, when, and with what."""
    machine, versions = results.about["machine"], results.about["versions"]
    return [
        line(language, ("what", "项目"), ("which", "内容")),
        [say(("processor", "处理器"), language), machine["cpu"]],
        [say(("cores", "核数"), language), str(machine["cores"])],
        [say(("system", "系统"), language), machine["system"]],
        [say(("date", "日期"), language), results.about["date"]],
        *([name, version] for name, version in versions.items()),
    ]


def marks(results: Results, areas: list[str], language: str) -> Rows:
    """Compare what a mark takes, and how many times the floor that is."""
    [area] = areas
    columns = {f"{store} mark": name for store, name in DATABASES.items()}
    if area != "database":
        columns = {f"{area} mark {size}": of_users(size, language) for size in results.sizes}
    measured = [comparison for comparison in columns if comparison in results.seconds]
    rows = [["", *(columns[comparison] for comparison in measured)]]
    for contender, words in CONTENDERS[area].items():
        cells = [
            f"{taken(results, comparison, contender)}, "
            f"×{two_digits(results.ratio(comparison, contender, 'floor'))}"
            for comparison in measured
            if contender in results.seconds[comparison]
        ]
        if cells:
            rows.append([say(words, language), *cells])
    return rows


def counts(results: Results, areas: list[str], language: str) -> Rows:
    """Compare what a count takes, for more and more users online."""
    [area] = areas
    columns = {(area, contender): words for contender, words in CONTENDERS[area].items()}
    if area == "database":
        columns = {(store, "here"): (name, name) for store, name in DATABASES.items()}

    def cell(size: int, store: str, contender: str) -> str:
        return taken(results, f"{store} count {size}", contender)

    measured = [key for key in columns if cell(results.sizes[0], *key)]
    return [
        ["", *(say(columns[key], language) for key in measured)],
        *([of_users(size, language), *(cell(size, *key) for key in measured)] for size in results.sizes),
    ]


def few_among_many(results: Results, _: list[str], language: str) -> Rows:
    """Compare a count of few among many with and without the index."""
    contenders = ("usual", "unindexed", "here")
    heading = line(language, ("", ""), USUAL, ("here, without the index", "这里，没有索引"), HERE)
    comparisons = [comparison for comparison in results.seconds if " of " in comparison]
    return [
        heading,
        *(
            [DATABASES[comparison.split()[0]], *(taken(results, comparison, name) for name in contenders)]
            for comparison in comparisons
        ),
    ]


def index_costs(results: Results, _: list[str], language: str) -> Rows:
    """Tell what the index costs each mark."""
    rows = [line(language, ("", ""), ("with the index", "有索引"), ("without", "没有索引"))]
    for store, name in DATABASES.items():
        if cell := taken(results, f"{store} mark", "here"):
            without = taken(results, f"{store} mark", "here, unindexed")
            rows.append(
                [say((f"a written mark, {name}", f"一次写入的记录，{name}"), language), cell, without]
            )
    kept = [results.figures.get(f"postgresql {table}") for table in ("users", "users_without_index")]
    logs: list[tuple[str, Words, Callable[[float], str]]] = [
        ("log bytes a mark", ("bytes of PostgreSQL's log", "PostgreSQL 的 WAL 字节数"), two_digits),
        ("share of HOT updates", ("HOT updates, PostgreSQL", "HOT 更新，PostgreSQL"), percent),
    ]
    for figure, words, written in logs:
        if all(kept):
            rows.append([say(words, language), *(written(each[figure]) for each in kept if each)])
    return rows


def space(results: Results, _: list[str], language: str) -> Rows:
    """Tell how many bytes a user takes."""
    forms: dict[str, Words] = {
        "usual": USUAL,
        "usual, seen once": ("the usual form, seen once", "常见写法，只出现一次"),
        "usual, all gone": ("the usual form, once all have left", "常见写法，所有人离开之后"),
        "here": HERE,
        "here, all gone": ("here, once all have left", "这里，所有人离开之后"),
        "HyperLogLog": HLL,
        "bitmap": BITMAP,
    }
    rows = [line(language, ("where", "存在哪里"), ("form", "写法"), ("bytes a user", "每个用户的字节数"))]
    for store, where in STORES.items():
        weights = results.figures.get(f"{store} bytes a user", {})
        rows += [
            [say(where, language), say(words, language), weight_of(weights[form])]
            for form, words in forms.items()
            if form in weights
        ]
    return rows


def share(results: Results, step: str, view: str = "", marked: str = "marked") -> float:
    """Return which share of a marked request is the mark."""
    return 1 - results.ratio(f"{step} request", f"{view}unmarked", f"{view}{marked}")


def whole_requests(results: Results, _: list[str], language: str) -> Rows:
    """Compare whole requests with and without a mark."""
    rows = [
        line(
            language,
            ("request", "请求"),
            ("unmarked", "不记录"),
            ("marked", "记录"),
            ("the mark's share", "记录所占比例"),
            ("statements, unmarked and marked", "语句数，不记录与记录"),
        )
    ]
    kinds: list[tuple[Words, str, str]] = [
        (("`GET /api/me`", "`GET /api/me`"), "", "marked"),
        (("the same within the resolution", "同上，分辨率之内"), "", "within the resolution"),
        (("a view that does nothing else", "别的什么也不做的视图"), "bare view, ", "marked"),
    ]
    for number, step in enumerate(STEPS, 1):
        for words, view, marked in kinds:
            comparison = f"{step} request"
            if cell := taken(results, comparison, f"{view}{marked}"):
                sent = results.figures[f"{step} statements a request"]
                rows.append([
                    say((f"step {number}: {words[0]}", f"第 {number} 步：{words[1]}"), language),
                    taken(results, comparison, f"{view}unmarked"),
                    cell,
                    percent(share(results, step, view, marked)),
                    "" if view else f"{sent['unmarked']:g}, {sent[marked]:g}",
                ])  # fmt: skip
    return rows


def credentials(results: Results, _: list[str], language: str) -> Rows:
    """Compare a password with a token."""
    shown: dict[str, Words] = {
        "Basic": ("a password (Basic)", "密码（Basic）"),
        "token": ("a token", "令牌"),
    }
    return [
        line(language, ("a request shows", "请求携带"), ("takes", "耗时")),
        *([say(words, language), taken(results, "credentials", name)] for name, words in shown.items()),
    ]


def by_workers(results: Results, _: list[str], language: str) -> Rows:
    """Compare how many marked requests a second are answered."""
    comparisons = {f"{store} marks by workers": words for store, words in STORES.items()}
    measured = [comparison for comparison in comparisons if comparison in results.seconds]
    numbers = list(results.seconds[measured[0]]) if measured else []
    heading = [say((f"{n} worker{'s' * (n != '1')}", f"{n} 个进程"), language) for n in numbers]
    rows = [["", *heading]]
    for comparison in measured:
        cells = []
        for n in numbers:
            middle = sorted(1 / bound for bound in results.middle(comparison, n))
            low, high = (two_digits(bound) for bound in middle)
            cells.append(f"{two_digits(1 / results.median(comparison, n))} ({low}–{high})")
        rows.append([say(comparisons[comparison], language), *cells])
    return rows


def writes(results: Results, _: list[str], language: str) -> Rows:
    """Tell how many writes a second the resolution saves."""
    rows = [
        line(
            language,
            ("each of 1,000 users calls", "1000 个用户各自的请求"),
            ("writes a second, resolution 0", "每秒写入，分辨率 0"),
            ("writes a second, resolution 30 s", "每秒写入，分辨率 30 s"),
        )
    ]
    for name, figures in results.figures.items():
        if name.startswith("writes by"):
            pause = name.split()[-2]
            words = (f"every {pause} s", f"每 {pause} s 一次")
            each, here = (two_digits(figures[kind]) for kind in ("each request", "here"))
            rows.append([say(words, language), each, here])
    return rows


def edges(results: Results, _: list[str], language: str) -> Rows:
    """Tell for how long a user is counted after being seen, in a window of five minutes."""
    forms: dict[str, Words] = {
        "dict": ("step 1", "第 1 步"),
        "column": ("step 2, resolution 30 s", "第 2 步，分辨率 30 s"),
        "sorted set": ("step 3", "第 3 步"),
        "buckets": ("five sets of a minute each", "五个一分钟的集合"),
    }
    return [
        line(language, ("form", "写法"), ("counted at least", "最短计入"), ("counted at most", "最长计入")),
        *(
            [
                say(words, language),
                *(f"{find(results.figures[f'edge {form}'].values()):g} s" for find in (min, max)),
            ]
            for form, words in forms.items()
        ),
    ]


def hyperloglog(results: Results, _: list[str], language: str) -> Rows:
    """Tell how wrong an estimated count is."""
    error = results.figures.get("redis HyperLogLog error")
    heading = line(
        language,
        ("users", "用户"),
        ("mean error", "平均误差"),
        ("one time in twenty", "二十次里有一次超过"),
        ("worst", "最大误差"),
    )
    if error is None:
        return [heading]
    shares = [percent(error[name]) for name in ("mean", "one in twenty", "worst")]
    return [heading, [of_users(int(error["users"]), language), *shares]]


def promised(results: Results, _: list[str], language: str) -> Rows:
    """Tell how our figures must stand to the others, and how they do."""
    rows = [line(language, ("figure", "指标"), ("must be", "要求"), ("is", "实测"))]
    for each in known(results):
        figure = percent if each.is_share else three_digits
        limit = f"{'≥' if each.at_least else '≤'} {figure(each.limit)}"
        rows.append([each.words[language], limit, figure(each.value(results))])
    return rows


TABLES = {
    "about": about,
    "marks": marks,
    "counts": counts,
    "few_among_many": few_among_many,
    "index_costs": index_costs,
    "space": space,
    "whole_requests": whole_requests,
    "credentials": credentials,
    "by_workers": by_workers,
    "writes": writes,
    "edges": edges,
    "hyperloglog": hyperloglog,
    "promised": promised,
}
