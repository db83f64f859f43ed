"""Outcomes of a scan flow in; a bar on a terminal, or a line now and then elsewhere, flows out to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator

from indexer.cli.output import count
from indexer.photo import Outcome
from indexer.pipeline.scan.stats import Tally

_LINE_SECONDS = 10.0


def shown(
    outcomes: Iterable[Outcome | None], total: int, tally: Tally, clock: Callable[[], float], *, quiet: bool = False
) -> Iterator[Outcome]:
    """Pass outcomes through, counted in `tally` and shown on stderr; total: how many photos are to be looked at."""
    watch = _counted if quiet or not total else _bar if sys.stderr.isatty() else _lines
    return watch((outcome for outcome in outcomes if outcome is not None), total, tally, clock)


def _counted(outcomes: Iterable[Outcome], _total: int, tally: Tally, _clock: Callable[[], float]) -> Iterator[Outcome]:
    for outcome in outcomes:
        tally.add(outcome)
        yield outcome


def _bar(outcomes: Iterable[Outcome], total: int, tally: Tally, _clock: Callable[[], float]) -> Iterator[Outcome]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        for outcome in outcomes:
            tally.add(outcome)
            progress.update(task, completed=tally.looked_at, description=tally.line())
            yield outcome


def _lines(outcomes: Iterable[Outcome], total: int, tally: Tally, clock: Callable[[], float]) -> Iterator[Outcome]:
    said = clock()
    for outcome in outcomes:
        tally.add(outcome)
        if clock() - said >= _LINE_SECONDS:
            said = clock()
            print(f"{tally.looked_at:,} of {count(total, 'photo')}, {tally.line()}", file=sys.stderr, flush=True)  # noqa: T201
        yield outcome
