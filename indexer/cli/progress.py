"""Outcomes of a scan flow in; a bar on a terminal, or a line now and then elsewhere, flows out to stderr."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from indexer.cli.present import count
from indexer.photo import Failed, Indexed, Outcome, Passed, kind_of

_LINE_SECONDS = 10.0
_KINDS = ("indexed", "unchanged", "moved", "copied", "failed", "removed")  # "passed" is no photo


class Tally:
    """What a scan has done so far: outcomes by kind, faces, and the time since it began."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start = clock()
        self.kinds: Counter[str] = Counter()
        self.faces = 0
        self.looked_at = 0

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.kinds[kind_of(outcome)] += 1
        if isinstance(outcome, Indexed):
            self.faces += len(outcome.analysis.faces)
        self.looked_at += isinstance(outcome, Indexed | Failed | Passed)

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return self._clock() - self._start

    @property
    def rate(self) -> float:
        """Photos looked at per second."""
        return self.looked_at / self.seconds if self.seconds else 0.0

    def line(self) -> str:
        """Return rate, faces and failures as text."""
        return f"{self.rate:.1f} photos/s, {count(self.faces, 'face')}, {self.kinds['failed']:,} failed"

    def record(self) -> dict[str, Any]:
        """Return the summary of a scan as JSON: stable fields."""
        counts = {kind: self.kinds[kind] for kind in _KINDS}
        found = sum(counts.values()) - counts["removed"]
        return {
            "found": found,
            **counts,
            "seconds": round(self.seconds, 3),
            "photos_per_second": round(self.rate, 2),
        }


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
