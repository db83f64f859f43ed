"""Pictures that several clients ask networks about flow in; groups that one run can answer flow out, the oldest first.

Whoever asks waits for his answer. One thread runs the networks: while it is busy, questions gather by themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from indexer.vision.spec import ModelSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PATIENCE_SECONDS = 0.003  # of a batch that could grow, when nothing else is to be done
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
    """Questions that wait, and the clients that may ask more.

    room: how many questions of the kind of this one may be answered at once.
    """

    def __init__(self, room: Callable[[Question], int], patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._room = room
        self._patience_seconds = patience_seconds
        self._waiting: list[Question] = []
        self._clients: Counter[Hashable] = Counter()
        self._changed = Condition()

    @contextmanager
    def client(self, name: Hashable) -> Iterator[None]:
        """Say that somebody may ask, over one connection of perhaps several, one question at a time."""
        with self._changed:
            self._clients[name] += 1
        try:
            yield
        finally:
            with self._changed:
                self._clients[name] -= 1
                self._clients += Counter()  # without those that have left
                self._changed.notify_all()

    def ask(self, network: Joinable, image: NDArray[Any]) -> Answers:
        """Return what a network answers. Errors: ModelError."""
        question = Question(network, image)
        with self._changed:
            self._waiting.append(question)
            self._changed.notify_all()
        return question.answer.result()

    def next(self) -> list[Question]:
        """Wait for questions; take the oldest, and those that can be answered together with it."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            oldest = self._waiting[0]
            room = self._room(oldest)
            patience = oldest.since + self._patience_seconds - monotonic()
            self._changed.wait_for(lambda: not self._may_grow(oldest, room), max(patience, 0))
            group = self._like(oldest)[:room]
            self._waiting = [each for each in self._waiting if each not in group]
            return group

    def _like(self, oldest: Question) -> list[Question]:
        return [each for each in self._waiting if each.kind == oldest.kind]

    def _may_grow(self, oldest: Question, room: int) -> bool:
        """Tell whether there is room for more, and somebody who has not asked."""
        return len(self._like(oldest)) < room and len(self._waiting) < len(self._clients)
