"""Print how many photos a second a GPU might do, by what it is given next: python tests/benchmarks/gathering.py

A simulation, for want of a GPU: workers decode photos (60 ms each, as measured on a CPU) and ask one network after the
other; a run of n pictures takes a + b × n ms. The numbers a and b are made up. Compared: the oldest question with all
that are like it, at once or after a moment in which more could come, and the largest group at once.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

PHOTOS, DECODE_MS, MOST = 3000, 60.0, 32
WAYS = {"oldest": (0.0, False), "oldest, after 1 ms": (1.0, False), "after 3 ms": (3.0, False), "largest": (0.0, True)}


@dataclass
class Machine:
    """Workers and a GPU.  start_ms, picture_ms: of a run.  patience_ms: of a group that could grow."""

    workers: int
    start_ms: float
    picture_ms: float
    patience_ms: float
    takes_largest: bool
    now: float = 0.0
    waiting: list[tuple[float, int, Any]] = field(default_factory=list)
    is_busy: bool = False
    questions: int = 0
    runs: int = 0

    def simulate(self) -> tuple[float, float]:
        """Return photos a second, and pictures a run."""
        random, numbers, events, done = Random(1), count(), list[Any](), 0

        def later(ms: float, what: str, whose: Any) -> None:
            heapq.heappush(events, (self.now + ms, next(numbers), what, whose))

        photos = [_photo(random) for _ in range(self.workers)]
        for worker in range(self.workers):
            later(random.uniform(0, DECODE_MS), "step", worker)
        while done < PHOTOS:
            self.now, _, what, whose = heapq.heappop(events)
            if what == "step":
                step = next(photos[whose], None)
                if step is None:
                    done, photos[whose] = done + 1, _photo(random)
                    later(0, "step", whose)
                elif isinstance(step, float):
                    later(step, "step", whose)
                else:
                    self.waiting.append((self.now, whose, step))
                    later(self.patience_ms, "look", None)
            elif what == "done":
                self.is_busy = False
                for worker in whose:
                    later(0, "step", worker)
            if group := self._next():
                later(self.start_ms + self.picture_ms * len(group), "done", group)
        return 1000 * done / self.now, self.questions / self.runs

    def _next(self) -> list[int]:
        """Take the workers whose questions are answered now."""
        if self.is_busy or not self.waiting:
            return []
        kinds = Counter(kind for _, _, kind in self.waiting)
        since, _, kind = self.waiting[0]
        if self.takes_largest:
            kind = kinds.most_common(1)[0][0]
        may_grow = kinds[kind] < MOST and len(self.waiting) < self.workers
        if may_grow and self.now < since + self.patience_ms - 1e-9:
            return []
        group = [each for each in self.waiting if each[2] == kind][:MOST]
        self.waiting = [each for each in self.waiting if each not in group]
        self.is_busy, self.questions, self.runs = True, self.questions + len(group), self.runs + 1
        return [worker for _, worker, _ in group]


def _photo(random: Random) -> Iterator[float | tuple[str, str]]:
    """Yield what a photo takes: ms of its worker, and questions by network and shape."""
    shape = random.choice(("4:3", "4:3", "4:3", "3:4")) + random.choice(("", ", the other camera"))
    yield random.gammavariate(4, DECODE_MS / 4)
    yield "classifier", shape
    yield 5.0
    yield "detector", shape
    yield 3.0
    for _ in range(min(4, int(random.expovariate(0.5)))):
        yield "detector", "close-up"
        yield 1.0
    for _ in range(random.choice((0, 0, 1))):
        yield "describer", "chips"
        yield 1.0


def main() -> None:
    """Print the table."""
    print(f"| a run of n, workers | {' | '.join(WAYS)} |\n|---|{'---|' * len(WAYS)}")
    for start_ms, picture_ms in ((2, 0.5), (4, 1), (10, 1), (4, 4)):
        for workers in (4, 8, 16, 32, 64):
            told = [Machine(workers, start_ms, picture_ms, *way).simulate() for way in WAYS.values()]
            figures = " | ".join(f"{rate:.0f} ({batch:.1f})" for rate, batch in told)
            print(f"| {start_ms} + {picture_ms} n ms, {workers} | {figures} |")


if __name__ == "__main__":
    main()
