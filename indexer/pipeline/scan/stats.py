"""Scan statistics: the number of outcomes of each kind, and the speed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from indexer.library.checks.finding import counted
from indexer.values.outcomes import Failed, Indexed, Outcome, Skipped, kind_of


class ScanStats:
    """The statistics of a scan so far: outcomes by kind, faces, and the time since it began."""

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
        self.looked_at += isinstance(outcome, Indexed | Failed | Skipped)

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return self._clock() - self._start

    @property
    def rate(self) -> float:
        """Photos analyzed per second."""
        return self.looked_at / self.seconds if self.seconds else 0.0

    def line(self) -> str:
        """Return rate, faces and failures as text."""
        return f"{self.rate:.1f} photos/s, {counted(self.faces, 'face')}, {self.kinds['failed']:,} failed"
