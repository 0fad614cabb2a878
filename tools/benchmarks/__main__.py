"""Measures the three steps: python -m tools.benchmarks, in ten minutes; --quick shows that it runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tools.benchmarks.experiments import (
    accuracy,
    dict_four_threads,
    dict_worst_marks,
    redis_pauses,
    whole_requests,
    with_cluster,
    with_database,
    with_dict,
    with_redis,
    workers,
)
from tools.benchmarks.measure import RESULTS, new_bench
from tools.benchmarks.report.specification import promises
from tools.figures import say

MEASURED = (
    with_dict,
    dict_worst_marks,
    dict_four_threads,
    with_database,
    with_redis,
    redis_pauses,
    with_cluster,
    whole_requests,
    workers,
    accuracy,
)


@click.command()
@click.option("--quick", is_flag=True, help="Only show that everything runs: the figures mean nothing.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file for the results; without it tools/benchmarks/results.json, or none with --quick.",
)
def run(*, quick: bool, out: Path | None) -> None:
    """Measure what a mark and a count cost on each step, and write it down.

    Measured beside them: the article's form, HyperLogLog and bitmaps, and the least that there is.
    """
    bench = new_bench(quick=quick)
    for module in MEASURED:
        module.measure(bench)
    results, out = bench.results, out or (None if quick else RESULTS)
    if out:
        results.write(out)
        click.echo(f"The results are in {out}; `make docs` writes them into the documents.")
    if quick:
        click.echo(
            "All of it runs; these figures mean nothing, and are not kept."
            if out is None
            else "All of it runs."
        )
        return
    broken = [each for each in promises(results) if each.is_broken()]
    for promise in broken:
        click.echo(
            f"Not as it must be: {say(promise.words, 'en')} is {promise.figure:.3g}, "
            f"not at {'least' if promise.at_least else 'most'} {promise.limit:g}"
        )
    sys.exit(bool(broken))


if __name__ == "__main__":
    run()
