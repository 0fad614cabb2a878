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

from tools.benchmarks.measure import RESULTS, Results, read
from tools.benchmarks.report.tables import STORES, USUAL, Words, of_users, say, time

PLOTS = Path(__file__).parents[3] / "docs" / "plots"
INK, PAPER, GRID, RED, BLUE, VIOLET, GREEN = (
    "#1f2328", "#ffffff", "#d0d7de", "#cf222e", "#0969da", "#8250df", "#1a7f37",
)  # fmt: skip
IN_THE_DARK = {
    INK: "#e6edf3",
    PAPER: "#0d1117",
    GRID: "#30363d",
    RED: "#ff7b72",
    BLUE: "#58a6ff",
    VIOLET: "#d2a8ff",
    GREEN: "#3fb950",
}
STYLE: Any = {
    "svg.fonttype": "none",  # words stay words: the reader's own fonts have the Chinese ones
    "svg.hashsalt": "the same plot is the same file",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GRID,
    "axes.facecolor": PAPER,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": PAPER,
    "grid.color": GRID,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 2,
    "legend.frameon": False,
}
# store -> colour, and a marker for whoever does not tell colours apart
LOOKS = {"dict": (BLUE, "o"), "postgresql": (VIOLET, "s"), "sqlite": (VIOLET, "D"), "redis": (GREEN, "^")}
STEP_OF: dict[str, Words] = {
    "dict": ("step 1: dict", "第 1 步：字典"),
    "sqlite": ("step 2: column (SQLite)", "第 2 步：列（SQLite）"),
    "postgresql": ("step 2: column (PostgreSQL)", "第 2 步：列（PostgreSQL）"),
    "redis": ("step 3: sorted set", "第 3 步：有序集合"),
}


def count(results: Results, language: str) -> Figure:
    """Draw what a count costs against how many are online, both by powers of ten."""
    figure, axes = blank()
    lines = [
        ("redis", "usual", ("usual form: Redis sets", "常见写法：Redis 集合")),
        ("dict", "usual", ("usual form: dict", "常见写法：字典")),
        *((store, "here", words) for store, words in STEP_OF.items()),
    ]
    for store, contender, words in lines:
        comparisons = [f"{store} count {size}" for size in results.sizes]
        if contender in results.seconds.get(comparisons[0], {}):
            colour, marker = LOOKS[store]
            axes.plot(
                results.sizes,
                [results.median(comparison, contender) for comparison in comparisons],
                color=RED if contender == "usual" else colour,
                linestyle="--" if contender == "usual" or store == "sqlite" else "-",
                marker=marker,
                label=say(words, language),
            )
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel(say(("users online", "在线用户"), language))
    axes.set_ylabel(say(("one count", "一次统计"), language))
    axes.set_xticks(results.sizes, [of_users(size, language) for size in results.sizes])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda seconds, _: time(seconds)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    legend_above(axes)
    return figure


def edge(results: Results, language: str) -> Figure:
    """Draw for how long a user is counted, against the second of the minute in which that user was seen."""
    figure, axes = blank()
    seconds = [int(second) for second in results.figures["edge sorted set"]]
    exact, buckets = (list(results.figures[f"edge {form}"].values()) for form in ("sorted set", "buckets"))
    axes.plot(seconds, exact, color=GREEN, label=say(STEP_OF["redis"], language))
    words = ("usual form: five sets of a minute", "常见写法：五个一分钟的集合")
    axes.plot(seconds, buckets, color=RED, linestyle="--", label=say(words, language))
    axes.fill_between(seconds, buckets, exact, color=RED, alpha=0.15, linewidth=0)
    axes.set(ylim=(230, 310), yticks=range(240, 301, 15), xticks=[*range(0, 60, 10), 59])
    axes.set_xlabel(say(("last seen at this second of a minute", "最后出现在一分钟的第几秒"), language))
    axes.set_ylabel(say(("seconds until the user leaves", "多少秒后离开"), language))
    legend_above(axes)
    return figure


def mark(results: Results, language: str) -> Figure:
    """Draw what a mark costs on each store, beside its floor and the usual form."""
    figure, axes = blank()
    last = results.sizes[-1]
    names = {
        store: f"{store} mark {last}" if store in ("dict", "redis") else f"{store} mark" for store in STORES
    }
    stores = [store for store in STORES if names[store] in results.seconds]
    forms: list[tuple[str, Words, str, str]] = [
        ("usual", USUAL, RED, "D"),
        ("here", ("here", "这里"), BLUE, "o"),
        ("floor", ("the floor: a bare store or statement", "下限：单次写入或单条语句"), INK, "|"),
    ]
    for form, words, colour, marker in forms:
        times = [results.median(names[store], form) for store in stores]
        axes.plot(times, range(len(stores)), marker, color=colour, label=say(words, language), markersize=9)
    axes.set(xscale="log", yticks=range(len(stores)), ylim=(len(stores) - 0.5, -0.5))
    axes.set_yticklabels([say(STORES[store], language) for store in stores])
    axes.set_xlabel(say(("one mark", "一次记录"), language))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: time(seconds)))
    legend_above(axes)
    return figure


def workers(results: Results, language: str) -> Figure:
    """Draw how many marked requests a second are answered by more and more workers."""
    figure, axes = blank()
    numbers: list[str] = []
    for store, words in STEP_OF.items():
        comparison = f"{store} marks by workers"
        if comparison in results.seconds:
            numbers = list(results.seconds[comparison])
            colour, marker = LOOKS[store]
            axes.plot(
                [int(number) for number in numbers],
                [1 / results.median(comparison, number) for number in numbers],
                color=colour,
                marker=marker,
                linestyle="--" if store == "sqlite" else "-",
                label=say(words, language),
            )
    axes.set(xticks=[int(number) for number in numbers], ylim=(0, None))
    axes.set_xlabel(say(("gunicorn workers", "gunicorn 进程数"), language))
    axes.set_ylabel(say(("marked requests a second", "每秒处理的请求，每个都记录"), language))
    legend_above(axes)
    return figure


DRAWINGS: tuple[Callable[[Results, str], Figure], ...] = (count, edge, mark, workers)


def blank() -> tuple[Figure, Any]:
    """Return an empty plot."""
    figure = Figure(figsize=(8.4, 3.9), layout="constrained")
    return figure, figure.add_subplot()


def legend_above(axes: Any) -> None:
    """Put the legend above the plot, where it covers nothing, whatever the words take."""
    columns = 2 if len(axes.lines) > 3 else 1
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.02), ncols=columns, borderaxespad=0)


def drawn(draw: Callable[[Results, str], Figure], results: Results, language: str) -> str:
    """Return a plot as SVG, which is dark where the reader's screen is."""
    file = StringIO()
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # not drawn here
        draw(results, language).savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    dark = "".join(
        f'[style*="{attribute}: {light}"]{{{attribute}:{dark}!important}}'
        for light, dark in IN_THE_DARK.items()
        for attribute in ("fill", "stroke")
    )
    style = f"<style>@media (prefers-color-scheme: dark){{{dark}}}</style>"
    return file.getvalue().replace(" <defs>", f" {style}\n <defs>", 1)


def files(results: Results) -> Iterable[tuple[Path, str]]:
    """Return each plot's file and what belongs in it."""
    for draw in DRAWINGS:
        yield PLOTS / f"{draw.__name__}.svg", drawn(draw, results, "en")
        yield PLOTS / f"{draw.__name__}.zh.svg", drawn(draw, results, "zh")


if __name__ == "__main__":
    PLOTS.mkdir(exist_ok=True)
    for path, text in files(read(RESULTS)):
        path.write_text(text, encoding="utf-8")
