"""The measurements as plots in both languages: python -m tools.benchmarks.report.plots draws them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from step1_dict.tracker import A_FEW
from tools.benchmarks.measure import RESULTS, Results, read
from tools.benchmarks.report.specification import DATABASES, HERE, STEP_OF, STORES, USUAL
from tools.figures import Cell, fill, say, time, users

PLOTS = Path(__file__).parents[3] / "docs" / "plots"
LIGHT = ("#1f2328", "#ffffff", "#d0d7de", "#cf222e", "#0969da", "#8250df", "#1a7f37")
DARK = ("#e6edf3", "#0d1117", "#30363d", "#ff7b72", "#58a6ff", "#d2a8ff", "#3fb950")
INK, PAPER, GRID, RED, BLUE, VIOLET, GREEN = LIGHT
IN_THE_DARK = dict(zip(LIGHT, DARK, strict=True))
STYLE: Any = {
    "svg.fonttype": "none",  # words stay words: the reader's own fonts have the Chinese ones
    "svg.hashsalt": "the same plot is the same file",
    "font.size": 11,
    "lines.linewidth": 2,
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    **dict.fromkeys(("axes.edgecolor", "grid.color"), GRID),
    **dict.fromkeys(("axes.facecolor", "figure.facecolor"), PAPER),
    **dict.fromkeys(("axes.grid", "axes.axisbelow"), True),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right", "legend.frameon"), False),
}
LOOKS: dict[str, dict[str, Any]] = {  # a marker is for whoever does not tell colours apart
    "dict": {"color": BLUE, "marker": "o"},
    "sqlite": {"color": VIOLET, "marker": "D", "linestyle": "--"},
    "postgresql": {"color": VIOLET, "marker": "s"},
    "redis": {"color": GREEN, "marker": "^"},
}
USUAL_LOOK = {"color": RED, "linestyle": "--"}
SECONDS = FuncFormatter(lambda seconds, _: time(seconds))


def count(axes: Any, run: Results, say: Callable[[Cell], str]) -> None:
    """Draw what a count costs against how many are online, both by powers of ten."""
    lines = [
        ("redis", "usual", ("article's form: Redis sets", "原文写法：Redis 集合")),
        ("dict", "usual", ("article's form: dict", "原文写法：字典")),
        *((store, "here", words) for store, words in STEP_OF.items()),
    ]
    for store, form, words in lines:
        times = [run.median(f"{store} count {size}", form) for size in run.sizes]
        if f"{store} count {run.sizes[0]}" in run.seconds:
            look = LOOKS[store] | (USUAL_LOOK if form == "usual" else {})
            axes.plot(run.sizes, times, label=say(words), **look)
    axes.set(xscale="log", yscale="log", ylabel=say(("one count", "一次统计")))
    axes.set_xlabel(say(("users online", "在线用户")))
    axes.set_xticks(run.sizes, [say(users(size)) for size in run.sizes])
    axes.yaxis.set_major_formatter(SECONDS)
    axes.xaxis.set_minor_formatter(NullFormatter())


def edge(axes: Any, run: Results, say: Callable[[Cell], str]) -> None:
    """Draw for how long a user is counted, against the second of the minute in which that user was seen."""
    seconds = [int(second) for second in run.figures["edge sorted set"]]
    exact, buckets = (list(run.figures[f"edge {form}"].values()) for form in ("sorted set", "buckets"))
    axes.plot(seconds, exact, color=GREEN, label=say(STEP_OF["redis"]))
    words = ("article's form: five sets of a minute", "原文写法：五个一分钟的集合")
    axes.plot(seconds, buckets, label=say(words), **USUAL_LOOK)
    axes.fill_between(seconds, buckets, exact, color=RED, alpha=0.15, linewidth=0)
    axes.set(ylim=(230, 310), yticks=range(240, 301, 15), xticks=[*range(0, 60, 10), 59])
    axes.set_xlabel(say(("last seen at this second of a minute", "最后出现在一分钟的第几秒")))
    axes.set_ylabel(say(("seconds until the user leaves", "多少秒后离开")))


def leaving(axes: Any, run: Results, say: Callable[[Cell], str]) -> None:
    """Draw the worst marks while the most users leave: each from when it begins to when it ends."""
    all_at_once = ("every call removes all who have left", "每次调用删除所有离开的人")
    a_few = fill(("here: every call removes at most {}", "这里：每次调用最多删除 {} 人"), f"{A_FEW}")
    for form, words, colour, marker in (("all at once", all_at_once, RED, "D"), ("here", a_few, BLUE, "o")):
        marks = run.figures[f"dict leaving, {form}"]
        begun, took = [int(begun) / 1000 for begun in marks], list(marks.values())
        axes.hlines(took, begun, [sum(times) for times in zip(begun, took, strict=True)], color=colour)
        axes.plot(begun, took, marker, color=colour, label=say(words), markersize=5)
    everyone = say(users(run.sizes[-1]))
    axes.set(yscale="log", xlim=(-0.01, None), ylabel=say(("one mark", "一次记录")))
    axes.set_xlabel(say(fill(("time since {} have left", "{}离开之后的时间"), everyone)))
    axes.xaxis.set_major_formatter(SECONDS)
    axes.yaxis.set_major_formatter(SECONDS)


def mark(axes: Any, run: Results, say: Callable[[Cell], str]) -> None:
    """Draw what a mark costs on each store, beside its floor and the article's form."""
    most = {store: "" if store in DATABASES else f" {run.sizes[-1]}" for store in STORES}
    stores = [store for store in STORES if f"{store} mark{most[store]}" in run.seconds]
    floor = ("the floor: a bare store or statement", "基准：单次写入或单条语句")
    forms = [("usual", USUAL, RED, "D"), ("here", HERE, BLUE, "o"), ("floor", floor, INK, "|")]
    for form, words, colour, marker in forms:
        times = [run.median(f"{store} mark{most[store]}", form) for store in stores]
        axes.plot(times, range(len(stores)), marker, color=colour, label=say(words), markersize=9)
    axes.set(xscale="log", ylim=(len(stores) - 0.5, -0.5), xlabel=say(("one mark", "一次记录")))
    axes.set_yticks(range(len(stores)), [say(STORES[store]) for store in stores])
    axes.xaxis.set_major_formatter(SECONDS)


def workers(axes: Any, run: Results, say: Callable[[Cell], str]) -> None:
    """Draw how many marked requests a second are answered by more and more workers."""
    for store, look in LOOKS.items():
        if samples := run.seconds.get(f"{store} marks by workers"):
            rates = [1 / run.median(f"{store} marks by workers", number) for number in samples]
            axes.plot([int(number) for number in samples], rates, label=say(STEP_OF[store]), **look)
            axes.set_xticks([int(number) for number in samples])
    axes.set(ylim=(0, None), xlabel=say(("gunicorn workers", "gunicorn 工作进程数")))
    axes.set_ylabel(say(("marked requests a second", "每秒处理的请求，每个都记录")))


def drawn(draw: Callable[..., None], results: Results, language: str) -> str:
    """Return a plot as SVG, dark where the reader's screen is, with its legend where that covers nothing."""
    file = StringIO()
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # not drawn here
        figure = Figure(figsize=(8.4, 3.9), layout="constrained")
        axes: Any = figure.add_subplot()
        draw(axes, results, lambda words: say(words, language))
        columns = 2 if len(axes.lines) > 3 else 1
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.02), ncols=columns, borderaxespad=0)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    dark = "".join(
        f'[style*="{attribute}: {light}"]{{{attribute}:{dark}!important}}'
        for light, dark in IN_THE_DARK.items()
        for attribute in ("fill", "stroke")
    )
    style = f"<style>@media (prefers-color-scheme: dark){{{dark}}}</style>"
    return file.getvalue().replace(" <defs>", f" {style}\n <defs>", 1)


def files(results: Results) -> Iterable[tuple[Path, str]]:
    """Return each plot's file and what belongs in it."""
    for draw in (count, edge, leaving, mark, workers):
        yield PLOTS / f"{draw.__name__}.svg", drawn(draw, results, "en")
        yield PLOTS / f"{draw.__name__}.zh.svg", drawn(draw, results, "zh")


if __name__ == "__main__":
    PLOTS.mkdir(exist_ok=True)
    for path, text in files(read(RESULTS)):
        path.write_text(text, encoding="utf-8")
