"""Pictures that several clients ask networks about flow in; groups that one run can answer flow out.

Whoever asks waits for his answer. One thread runs the networks: while it is busy, questions gather by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from indexer.vision.spec import ModelSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LONGEST_WAIT_SECONDS = 0.5  # of a question, while larger groups go before it
Answers: TypeAlias = "dict[str, NDArray[Any]]"


class Joinable(Protocol):
    """A network that can answer several questions at once.

    sides: of its input; -1, None and words are free.
    """

    spec: ModelSpec
    sides: tuple[Any, ...]

    def run(self, image: NDArray[Any]) -> Answers:
        """Answer one question. Errors: ModelError."""

    def joins(self, shape: tuple[int, ...]) -> bool:
        """Tell whether questions of this shape can be answered together."""

    def run_joined(self, images: Sequence[NDArray[Any]]) -> list[Answers]:
        """Answer questions of one shape. Errors: ModelError, OutOfMemoryError."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """An image for a network, and where its answer goes."""

    network: Joinable
    image: NDArray[Any]
    answer: Future[Answers] = field(default_factory=Future)
    since: float = field(default_factory=monotonic)

    @property
    def kind(self) -> tuple[Hashable, ...]:
        """What questions that are answered together have in common."""
        return id(self.network), self.image.shape, self.image.dtype.str


class Questions:
    """Questions that wait.

    room: how many questions of the kind of this one may be answered at once.

    Nobody is waited for: questions gather while networks run, and where these have nothing to do, batches would gain
    nothing. tests/benchmarks/gathering.py compares ways to choose what comes next.
    """

    def __init__(self, room: Callable[[Question], int]) -> None:
        self._room = room
        self._waiting: list[Question] = []  # the oldest first
        self._changed = Condition()

    def ask(self, network: Joinable, image: NDArray[Any]) -> Answers:
        """Return what a network answers. Errors: ModelError."""
        question = Question(network, image)
        with self._changed:
            self._waiting.append(question)
            self._changed.notify_all()
        return question.answer.result()

    def next(self) -> list[Question]:
        """Wait for questions; take the largest group, or that of a question that waits too long."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            groups: dict[Hashable, list[Question]] = {}
            for each in self._waiting:
                groups.setdefault(each.kind, []).append(each)
            ready = [group[: self._room(group[0])] for group in groups.values()]
            is_late = monotonic() - self._waiting[0].since > _LONGEST_WAIT_SECONDS
            group = ready[0] if is_late else max(ready, key=len)
            self._waiting = [each for each in self._waiting if each not in group]
            return group
