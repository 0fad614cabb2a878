"""Every table of measurements in the documents, and how our own figures must stand to the others of a run.

To show another figure, add a row or a column with the names that its experiment gave it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, isnan

from tools.benchmarks.measure import FEW_AMONG_MANY, Results
from tools.figures import (
    Cell,
    Table,
    digits,
    fill,
    grid,
    number,
    percent,
    room,
    small_share,
    three_digits,
    time,
    users,
)

USUAL, HERE, BITMAP = ("the article's form", "原文写法"), ("here", "这里"), ("a bitmap", "位图")
COMPARED = {"usual": USUAL, "here": ("ours", "我们的写法")}
ANY_NUMBER, BYTES_A_USER = ("any number", "任意多个"), ("bytes a user", "每个用户的字节数")
ALL_KEPT = "all kept", "全部保留"
SHARE_OF_ME = ("a mark's share of `GET /api/me`", "一次记录占 `GET /api/me` 的比例")
BARE_VIEW = ("a view that does nothing else", "别的什么也不做的视图")
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}
STORES: dict[str, Cell] = {"dict": ("dict", "字典"), **DATABASES, "redis": "Redis"}
INDEXED_OR_NOT = ("users", "users_without_index")
WITHIN_WORDS = ("the same within the resolution", "同上，写入间隔之内")
WITHIN = "within the resolution"
TO_GUNICORN = " to gunicorn"
FIRST_EDITION = ("the first edition", "第一版")
ASKED = {"asked each time": ("asked for each time", "每次都查"), "kept": ("kept for a second", "保留一秒")}
STEPS = ("step1_dict", "step2_database", "step3_redis")
WEIGHED = {
    "usual": USUAL,
    "usual, seen once": ("the article's form, seen once", "原文写法，只出现一次"),
    "usual, all gone": ("the article's form, once all have left", "原文写法，所有人离开之后"),
    "here": HERE,
    "here, all gone": ("here, once all have left", "这里，所有人离开之后"),
    "HyperLogLog": "HyperLogLog",
    "bitmap": BITMAP,
}
MOST_MARKS = ("all but one in a thousand of these marks", "一千次里只有一次更慢")
WORST_MARKS = {
    "dict marks of four threads, worst": (
        "the worst mark of four threads while {} leave",
        "{}同时离开，四个线程在记录：最慢的一次",
    ),
    "dict marks of four threads, p99.9": MOST_MARKS,
    "dict first mark after {most} have left": (
        "the first mark after {} have left",
        "{}离开之后的第一次记录",
    ),
    "dict first mark after {ten} have left": ("the same after {}", "同上，{}离开之后"),
    "dict marks of one thread, worst": (
        "the worst mark beside counts of a shorter window",
        "旁边在统计更短的窗口：最慢的一次",
    ),
    "dict marks of one thread, p99.9": MOST_MARKS,
}
# How many times a bare UPDATE a mark may be; the faster a server answers, the more is our own part of it.
DATABASE_LIMITS = {"sqlite": 5, "postgresql": 5, "mysql": 2.5}
STEP_OF = {
    "dict": ("step 1: dict", "第 1 步：字典"),
    "sqlite": ("step 2: column (SQLite)", "第 2 步：列（SQLite）"),
    "postgresql": ("step 2: column (PostgreSQL)", "第 2 步：列（PostgreSQL）"),
    "redis": ("step 3: sorted set", "第 3 步：有序集合"),
}


class Run(Results):
    """Results that also write what many cells show."""

    def taken(self, comparison: str, contender: str) -> str:
        """Write the median time of a call, and the bounds within which half of the rounds lie."""
        return time(self.median(comparison, contender), *self.middle(comparison, contender))

    def mark(self, comparison: str, contender: str) -> str:
        """Write the same of a mark, and how many times the least that a mark can take."""
        floors = digits(self.ratio(comparison, contender, "floor"))
        return f"{self.taken(comparison, contender)}, ×{floors}"

    def answered(self, store: str, workers: str, *, bounds: bool = False) -> str:
        """Write how many marked requests a second so many workers answer, with those bounds or without."""
        names = (f"{store} marks by workers", workers)
        median, high, low = (digits(1 / each) for each in (self.median(*names), *self.middle(*names)))
        return f"{median} ({low}–{high})" if bounds else median

    def share(self, step: str, view: str = "", marked: str = "marked", to: str = "") -> float:
        """Return which share of a marked request is the mark; to: a server, or without one."""
        return 1 - self.ratio(f"{step} request{to}", f"{view}unmarked", f"{view}{marked}")

    def weight(self, store: str, form: str = "here") -> str:
        """Write how many bytes a user takes; a hundredth of one is none."""
        return three_digits(round(self.part(f"{store} bytes a user", form), 2))

    def stays(self, form: str) -> tuple[str, str]:
        """Write for how many seconds a user counts after being seen, at least and at most."""
        seconds = self.figures[f"edge {form}"].values()
        return f"{min(seconds):g} s", f"{max(seconds):g} s"

    def stay(self, form: str) -> str:
        """Write the same as one figure, which is a range if the two differ."""
        least, most = self.stays(form)
        return most if least == most else f"{least.removesuffix(' s')}–{most}"

    def taken_if_compared(self, comparison: str, contender: str) -> str:
        """Write the same as taken(), and nothing for what has no part in a comparison."""
        contenders = self.seconds.get(comparison)
        return "" if contenders and contender not in contenders else self.taken(comparison, contender)

    def crowd(self, store: str, way: str) -> list[Cell]:
        """Return what became of the questions of a crowd."""
        figure = f"{store} crowd, {way}"
        return [percent(self.part(figure, "refused")), time(self.part(figure, "p99")),
                time(self.part(figure, "worst"))]  # fmt: skip

    def request(self, step: str, words: Cell, view: str = "", marked: str = "marked") -> list[Cell]:
        """Return the row of one kind of request."""
        sent = [self.part(f"{step} statements a request", name) for name in ("unmarked", marked)]
        return [
            fill((f"step {step[4]}: {{}}", f"第 {step[4]} 步：{{}}"), words),
            self.taken(f"{step} request", f"{view}unmarked"),
            self.taken(f"{step} request", f"{view}{marked}"),
            small_share(self.share(step, view, marked)),
            small_share(self.share(step, view, marked, TO_GUNICORN)),
            "" if view else ", ".join(map(digits, sent)),
        ]


@dataclass(frozen=True)
class Promise:
    """A figure that must be at most so much, or at least; it is nan if it was not measured."""

    words: Cell
    figure: float
    limit: float
    at_least: bool = False
    form: Callable[[float], str] = three_digits

    def is_broken(self) -> bool:
        """Whether the figure is not as it must be."""
        return self.figure < self.limit if self.at_least else self.figure > self.limit


def tables(results: Results) -> dict[str, Table]:
    """Return every table by the name that a document gives it."""
    run = Run(**vars(results))
    fewest, *_, most = run.sizes
    few, many = FEW_AMONG_MANY[run.about["quick"]]
    sizes, people = {size: users(size) for size in run.sizes}, users(most)
    ends = {size: users(size) for size in (fewest, most)}
    counted = {size: fill(("a count of {}", "一次统计，{}"), words) for size, words in ends.items()}
    among = fill(("count of {} among {}", "从 {1}用户里统计 {0}"), number(few), number(many))
    database = "postgresql" if "postgresql mark" in run.seconds else "sqlite"  # the one that stands for all
    return {
        "which": [
            ["", STEP_OF["dict"], STEP_OF[database], STEP_OF["redis"]],
            [("the lesson", "讲解"), *((f"[lesson {step[4]}]({step}/README.md)",
                                          f"[第 {step[4]} 课]({step}/README.zh.md)") for step in STEPS)],
            [("processes that count together", "几个进程可以一起统计"),
             ("one", "一个"), ANY_NUMBER, ANY_NUMBER],
            [("after a restart of the app", "应用重启之后"),
             ("all forgotten", "全部丢失"), ALL_KEPT, ALL_KEPT],
            [("how far back you can ask", "最多能往前查多久"),
             ("as long as you let it keep users", "你让它保留多久"), ("without limit", "不限"),
             ("as long as you let it keep users", "你让它保留多久")],
            [("after a request, a user is online for", "发过请求之后，在线多久"),
             run.stay("dict"), run.stay("column"), run.stay("sorted set")],
            [("to write down one user (a mark)", "记录一个用户"),
             *(time(run.median(comparison, "here")) for comparison in (
                f"dict mark {most}", f"{database} mark", f"redis mark {most}"))],
            [("the mark's share of a small request (step 2 on SQLite)",
              "小请求里，记录一次占总耗时的比例（第 2 步用 SQLite）"),
             percent(run.share("step1_dict")),
             *(fill(("{}; {} if the resolution spares it", "{}；按写入间隔省掉时 {}"),
                    percent(run.share(step)), small_share(run.share(step, marked=WITHIN)))
               for step in STEPS[1:])],
            [fill(("to count {}, and {}", "统计一次，{}用户与 {}用户在线"), *map(number, ends)),
             *(fill(("{}, {}", "{}、{}"),
                      *(time(run.median(f"{store} count {size}", "here")) for size in ends))
               for store in ("dict", database, "redis"))],
            [("room for a million users", "一百万用户占用"),
             fill(("{} MB memory", "{} MB 内存"), run.weight("dict")),
             fill(("{} MB disk", "{} MB 磁盘"), run.weight(database)),
             fill(("{} MB memory", "{} MB 内存"), run.weight("redis"))],
            [("requests a second, if each mark is written", "每秒处理的请求（每次都要写）"),
             fill(("{} with 1 worker", "1 个工作进程 {}"), run.answered("dict", "1")),
             *(fill(("{} with 1 worker, {} with 2", "1 个工作进程 {}，2 个 {}"),
                      run.answered(store, "1"), run.answered(store, "2")) for store in (database, "redis"))],
            [("move on when there is", "何时换下一个"),
             ("a second process, or if a restart must not forget anybody",
              "需要第二个进程，或者重启后不能丢数据"),
             fill((
                 "too much writing ({} writes a second for 1,000 users who click every 10 s), or slow counts",
                 "写库压力太大（1000 个用户每 10 秒点一次，每秒写 {} 次），或者统计太慢",
             ), digits(run.part("writes by 1000 users, every 10 s", "here"))),
             ("a full or busy Redis",
              "一个 Redis 的内存或处理能力用尽")],
        ],
        "costs dict": [
            *grid(COMPARED, counted, lambda form, size: run.taken(f"dict count {size}", form)),
            [("a mark takes as long as this many assignments under a lock",
              "一次记录的耗时，是加锁赋值一次的几倍"),
             *(digits(run.ratio(f"dict mark {most}", form, "floor")) for form in COMPARED)],
            [BYTES_A_USER, run.weight("dict", "usual"), run.weight("dict", "here")],
            [("bytes a user, once all have left", "每个用户的字节数，所有人离开之后"),
             run.weight("dict", "usual, all gone"), run.weight("dict", "here, all gone")],
            [SHARE_OF_ME, "", percent(run.share("step1_dict"))],
        ],
        "costs redis": [
            *grid(COMPARED, counted, lambda form, size: run.taken(f"redis count {size}", form)),
            [("a mark takes as long as this many plain `ZADD`s", "一次记录的耗时，是单独一条 `ZADD` 的几倍"),
             *(digits(run.ratio(f"redis mark {most}", form, "floor")) for form in COMPARED)],
            [BYTES_A_USER, run.weight("redis", "usual"), run.weight("redis", "here")],
            [("bytes a user, seen once and not every minute", "每个用户的字节数，只出现一次而不是每分钟"),
             run.weight("redis", "usual, seen once"), run.weight("redis", "here")],
            [SHARE_OF_ME, "", percent(run.share("step3_redis"))],
        ],
        "column_costs": grid(
            {("mark", "usual"): ("mark, the article's form", "一次记录，原文写法"),
             ("mark", "here"): ("mark, ours", "一次记录，我们的写法"),
             (f"count {few} of {many}", "usual"): fill(("{}, the article's form", "{}，原文写法"), among),
             (f"count {few} of {many}", "here"): fill(("{}, ours", "{}，我们的写法"), among)},
            DATABASES, lambda column, store: run.taken(f"{store} {column[0]}", column[1])),
        "about": [
            [("what", "项目"), ("which", "内容")],
            [("processor", "处理器"), run.about["machine"]["cpu"]],
            [("cores", "核数"), str(run.about["machine"]["cores"])],
            [("system", "系统"), run.about["machine"]["system"]],
            [("date", "日期"), run.about["date"]],
            *([name, version] for name, version in run.about["versions"].items()),
        ],
        "marks dict": grid(
            ends, {"floor": ("a bare store under a lock", "加锁写字典"), "here": HERE, "usual": USUAL},
            lambda size, form: run.mark(f"dict mark {size}", form)),
        "marks database": grid(
            DATABASES,
            {"floor": ("a bare `UPDATE` in autocommit", "自动提交的单条 `UPDATE`"),
             "floor, two statements": ("a bare `UPDATE` and `COMMIT`", "单条 `UPDATE` 加 `COMMIT`"),
             "here, within the resolution": ("here, within the resolution", "这里，写入间隔之内"),
             "here": ("here, written", "这里，写入"),
             "here, unindexed": ("the same without the index", "同上，没有索引"), "usual": USUAL},
            lambda store, form: run.mark(f"{store} mark", form)),
        "marks redis": grid(
            ends,
            {"floor, raw socket": ("the bytes of a `ZADD` over a socket", "用套接字直接收发 `ZADD` 的字节"),
             "floor, PING": ("a bare `PING`", "单条 `PING`"),
             "floor": ("`ZADD` by a default client", "默认客户端的 `ZADD`"),
             "here": HERE, "here, Unix socket": ("here, over a Unix socket", "这里，通过 Unix 套接字"),
             "HyperLogLog": "HyperLogLog", "bitmap": BITMAP, "usual": USUAL},
            lambda size, form: run.mark(f"redis mark {size}", form)),
        "counts dict": grid(
            {"here": HERE, "here, shorter": ("here, a window shorter than `keep`", "这里，窗口比 `keep` 短"),
             "usual": USUAL},
            sizes, lambda form, size: run.taken(f"dict count {size}", form)),
        "worst_marks": grid(
            {"here": HERE, "first edition": FIRST_EDITION,
             "undisturbed": ("while nothing happens", "没有干扰时")},
            {comparison.format(most=most, ten=10 * most): fill(words, users(10 * most if "ten" in comparison
                                                                            else most))
             for comparison, words in WORST_MARKS.items()},
            lambda form, comparison: run.taken_if_compared(comparison, form)),
        "pauses": [
            [("what happens in Redis", "Redis 里发生什么"), ("an answer takes at most", "响应最慢")],
            *([words, run.taken(f"redis pause {most}", form)] for form, words in {
                "undisturbed": ("nothing", "什么也没有"),
                "here": fill(("{} leave, here", "{}离开，这里"), people),
                "first edition": fill(("{} leave, the first edition", "{}离开，第一版"), people),
                "key expires": fill(("a key of {} expires", "{}的 key 整个过期"), people),
                "key expires, lazily": ("the same with `lazyfree-lazy-expire yes`",
                                        "同上，设置 `lazyfree-lazy-expire yes`"),
            }.items()),
        ],
        "crowd": [
            [("where", "存在哪里"), ("the count is", "人数"), ("refused", "被拒绝"),
             ("99 of 100 wait at most", "100 次里 99 次等待不超过"), ("the longest wait", "最长的等待")],
            *([name, words, *run.crowd(store, way)] for store, name in DATABASES.items()
              for way, words in ASKED.items()),
        ],
        "counts database": grid(
            DATABASES, sizes, lambda store, size: run.taken(f"{store} count {size}", "here")),
        "counts redis": grid(
            {"here": HERE, "HyperLogLog": "HyperLogLog", "bitmap": BITMAP, "usual": USUAL},
            sizes, lambda form, size: run.taken(f"redis count {size}", form)),
        "few_among_many": grid(
            {"usual": USUAL, "unindexed": ("here, without the index", "这里，没有索引"), "here": HERE},
            DATABASES, lambda form, store: run.taken(f"{store} count {few} of {many}", form)),
        "index_costs": [
            ["", ("with the index", "有索引"), ("without", "没有索引")],
            *([(f"a written mark, {name}", f"一次写入的记录，{name}"),
               run.taken(f"{store} mark", "here"), run.taken(f"{store} mark", "here, unindexed")]
              for store, name in DATABASES.items()),
            [("bytes of PostgreSQL's log", "PostgreSQL 的 WAL 字节数"),
             *(digits(run.part(f"postgresql {table}", "log bytes a mark")) for table in INDEXED_OR_NOT)],
            [("HOT updates, PostgreSQL", "HOT 更新，PostgreSQL"),
             *(percent(run.part(f"postgresql {table}", "share of HOT updates")) for table in INDEXED_OR_NOT)],
        ],
        "space": [
            [("where", "存在哪里"), ("form", "写法"), BYTES_A_USER],
            *([words, WEIGHED[form], run.weight(store, form)] for store, words in STORES.items()
              for form in WEIGHED if form in run.figures.get(f"{store} bytes a user", {})),
        ],
        "whole_requests": [
            [("request", "请求"), ("unmarked", "不记录"), ("marked", "记录"),
             ("the mark's share", "记录所占比例"), ("its share through gunicorn", "经过 gunicorn 时的比例"),
             ("statements, unmarked and marked", "语句数，不记录与记录")],
            run.request("step1_dict", "`GET /api/me`"),
            run.request("step1_dict", BARE_VIEW, "bare view, "),
            run.request("step2_database", "`GET /api/me`"),
            run.request("step2_database", WITHIN_WORDS,
                        marked=WITHIN),
            run.request("step2_database", BARE_VIEW, "bare view, "),
            run.request("step3_redis", "`GET /api/me`"),
            run.request("step3_redis", WITHIN_WORDS, marked=WITHIN),
            run.request("step3_redis", BARE_VIEW, "bare view, "),
            run.request("step3_redis", WITHIN_WORDS, "bare view, ", WITHIN),
        ],
        "credentials": [
            [("a request shows", "请求携带"), ("takes", "耗时")],
            [("a password (Basic)", "密码（Basic）"), run.taken("credentials", "Basic")],
            [("a token", "令牌"), run.taken("credentials", "token")],
        ],
        "by_workers": grid(
            {"1": ("1 worker", "1 个工作进程"), "2": ("2 workers", "2 个工作进程"),
             "4": ("4 workers", "4 个工作进程")},
            {store: STORES[store] for store in STEP_OF},
            lambda workers, store: run.answered(store, workers, bounds=True)),
        "writes": [
            [("each of 1,000 users calls", "1000 个用户各自的请求"),
             ("writes a second, resolution 0", "每秒写入，写入间隔 0"),
             ("writes a second, resolution 30 s", "每秒写入，写入间隔 30 s")],
            *([(f"every {pause}", f"每 {pause} 一次"),
               digits(run.part(f"writes by 1000 users, every {pause}", "each request")),
               digits(run.part(f"writes by 1000 users, every {pause}", "here"))]
              for pause in ("1 s", "10 s", "60 s")),
        ],
        "edges": [
            [("form", "写法"), ("counted at least", "最短计入"), ("counted at most", "最长计入")],
            [("step 1", "第 1 步"), *run.stays("dict")],
            [("step 2, resolution 30 s", "第 2 步，写入间隔 30 s"), *run.stays("column")],
            [("step 3", "第 3 步"), *run.stays("sorted set")],
            [("five sets of a minute each", "五个一分钟的集合"), *run.stays("buckets")],
        ],
        "hyperloglog": [
            [("users", "用户"), ("mean error", "平均误差"), ("95th percentile", "第 95 百分位"),
             ("worst", "最大误差")],
            [users(run.part("redis HyperLogLog error", "users")),
             *(percent(run.part("redis HyperLogLog error", name))
               for name in ("mean", "one in twenty", "worst"))],
        ],
        "cluster": [
            [("nodes", "节点数"), ("a mark", "一次记录"), ("a count of 12 shards", "统计 12 个分片"),
             ("bytes a user, on all nodes", "每个用户的字节数，所有节点"),
             ("marks a second that a node's core can take", "一个节点的一个核每秒能承受的记录")],
            *([nodes, run.taken("cluster mark", nodes), run.taken("cluster count", nodes),
               digits(run.part(f"cluster of {nodes} nodes", "bytes a user")),
               digits(1 / run.part(f"cluster of {nodes} nodes", "CPU seconds a mark"))]
              for nodes in ("1", "3")),
        ],
        "reach": [
            [("users online", "在线用户"), ("requests a second", "每秒请求"),
             ("hosts of two cores for the app", "应用要几台双核主机"),
             ("step 2: writes a second, resolution 30 s", "第 2 步：每秒写入，写入间隔 30 s"),
             ("step 3: memory", "第 3 步：内存"), ("step 3: cores of Redis", "第 3 步：Redis 要几个核")],
            *([number(crowd), f"{crowd // 10:,}",  # each user calls every ten seconds
               digits(ceil(crowd / 10 * run.median("redis marks by workers", "2"))),
               digits(crowd / 1000 * run.part("writes by 1000 users, every 10 s", "here")),
               room(crowd * run.part("cluster of 3 nodes", "bytes a user")),
               digits(ceil(crowd / 10 * run.part("cluster of 3 nodes", "CPU seconds a mark")))]
              for crowd in (100_000, 10_000_000, 1_000_000_000) if "cluster of 3 nodes" in run.figures),
        ],
        "promised": [
            [("figure", "指标"), ("must be", "要求"), ("is", "实测")],
            *([each.words, f"{'≥' if each.at_least else '≤'} {each.form(each.limit)}", each.form(each.figure)]
              for each in promises(run) if not isnan(each.figure)),
        ],
    }  # fmt: skip


def promises(results: Results) -> list[Promise]:
    """Return how our own figures must stand to the others; one that does not is a defect."""
    run = Run(**vars(results))
    fewest, *_, most = run.sizes
    few, many = FEW_AMONG_MANY[run.about["quick"]]
    return [
        Promise(("dict: the article's form's count of the most users, over ours",
                 "dict：用户最多时，原文写法的计数耗时是这里的几倍"),
                run.ratio(f"dict count {most}", "usual", "here"), 1000, at_least=True),
        Promise(("dict: our count of the most users, over that of the fewest",
                 "dict：用户最多时的计数耗时是最少时的几倍"),
                run.median(f"dict count {most}", "here") / run.median(f"dict count {fewest}", "here"), 1.5),
        Promise(("dict: a mark among the fewest users, over a bare store under a lock",
                 "dict：用户最少时，一次记录是加锁写入 dict 的几倍"),
                run.ratio(f"dict mark {fewest}", "here", "floor"), 2.4),
        Promise(("dict: the same among the most", "dict：同上，用户最多时"),
                run.ratio(f"dict mark {most}", "here", "floor"), 2.2),
        # four threads of one process take turns, so some mark waits long even while nothing happens
        Promise(("dict: the worst mark of four threads while the most users leave at once, over the same "
                 "while nobody leaves",
                 "dict：最多的用户同时离开，四个线程里最慢的一次记录，是没有人离开时的几倍"),
                run.median("dict marks of four threads, worst", "here")
                / run.median("dict marks of four threads, worst", "undisturbed"), 2),
        *(Promise(fill(("dict: the first mark after {} have left", "dict：{}离开之后的第一次记录"),
                       users(size)),
                  run.median(f"dict first mark after {size} have left", "here"), 0.005, form=time)
          for size in (most, 10 * most)),
        Promise(("dict: a count of a shorter window among the most users",
                 "dict：用户最多时，统计更短的窗口"),
                run.median(f"dict count {most}", "here, shorter"), 0.08, form=time),
        Promise(("dict: the worst mark beside such counts", "dict：旁边在这样统计时，最慢的一次记录"),
                run.median("dict marks of one thread, worst", "here"), 0.02, form=time),
        *(Promise((f"{name}: a mark, over a bare UPDATE in autocommit",
                   f"{name}：一次记录是自动提交的单条 UPDATE 的几倍"),
                  run.ratio(f"{store} mark", "here", "floor"), DATABASE_LIMITS[store])
          for store, name in DATABASES.items()),
        Promise(("database: statements that a written mark adds", "数据库：一次写入的记录多发几条语句"),
                run.part("step2_database statements a request", "marked")
                - run.part("step2_database statements a request", "unmarked"), 1),
        Promise(("database: statements that a request within the resolution adds",
                 "数据库：写入间隔之内的请求多发几条语句"),
                run.part("step2_database statements a request", "within the resolution")
                - run.part("step2_database statements a request", "unmarked"), 0),
        *(Promise((f"{name}: a count of few among many without the index, over ours",
                   f"{name}：从许多人里数少数人，没有索引的耗时是这里的几倍"),
                  run.ratio(f"{store} count {few} of {many}", "unindexed", "here"), 15, at_least=True)
          for store, name in DATABASES.items()),
        *(Promise((f"{name}: questions of a crowd refused, the count kept",
                   f"{name}：人数保留一秒时，拒绝了多少提问"),
                  run.part(f"{store} crowd, kept", "refused"), 0, form=percent)
          for store, name in DATABASES.items()),
        *(Promise((f"{name}: what 99 of 100 of them wait at most", f"{name}：其中 100 次里 99 次等待不超过"),
                  run.part(f"{store} crowd, kept", "p99"), 0.001, form=time)
          for store, name in DATABASES.items()),
        Promise(("Redis: a mark among the fewest users, over a default client's ZADD",
                 "Redis：用户最少时，一次记录是默认客户端 ZADD 的几倍"),
                run.ratio(f"redis mark {fewest}", "here", "floor"), 1.3),
        Promise(("Redis: the same among the most", "Redis：同上，用户最多时"),
                run.ratio(f"redis mark {most}", "here", "floor"), 1.3),
        Promise(("Redis: a mark over a Unix socket, over one by TCP",
                 "Redis：通过 Unix 套接字记录一次，是通过 TCP 的几倍"),
                run.ratio(f"redis mark {most}", "here, Unix socket", "here"), 1),
        Promise(("Redis: the longest pause while the most users leave at once",
                 "Redis：最多的用户同时离开，最长的停顿"),
                run.median(f"redis pause {most}", "here"), 0.015, form=time),
        Promise(("Redis: the same while the whole key expires lazily", "Redis：同上，整个 key 惰性过期"),
                run.median(f"redis pause {most}", "key expires, lazily"), 0.01, form=time),
        Promise(("Redis: the article's form's count of the most users, over ours",
                 "Redis：用户最多时，原文写法的计数耗时是这里的几倍"),
                run.ratio(f"redis count {most}", "usual", "here"), 10_000, at_least=True),
        Promise(("Redis: memory a user, over the article's form's", "Redis：每个用户的内存是原文写法的几倍"),
                run.part("redis bytes a user", "here") / run.part("redis bytes a user", "usual"), 0.3),
        *(Promise((f"step {step[4]}: the mark's share of `GET /api/me`",
                   f"第 {step[4]} 步：记录在 `GET /api/me` 里占的比例"), run.share(step), limit, form=percent)
          for step, limit in {"step1_dict": 0.03, "step3_redis": 0.25}.items()),
        # not through gunicorn: a mark is lost there in the noise of two whole requests
        Promise(("step 3: the same within the resolution", "第 3 步：同上，写入间隔之内"),
                run.share("step3_redis", marked=WITHIN), 0.03, form=percent),
    ]  # fmt: skip
