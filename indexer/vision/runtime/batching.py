"""Dynamic batching: inference requests of one kind are run together, and each gets its own answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from indexer.errors import ModelError
from indexer.vision.runtime.tensorflow import OutOfMemoryError
from indexer.vision.spec import ModelSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray


_LONGEST_WAIT_SECONDS = 0.5  # maximum wait of a request, while larger groups go first
Answers: TypeAlias = "dict[str, NDArray[Any]]"


class Joinable(Protocol):
    """A model that can run several requests at once.

    sides: of its input; -1, None and words are variable.
    """

    spec: ModelSpec
    sides: tuple[Any, ...]

    def run(self, image: NDArray[Any]) -> Answers:
        """Run one request. Errors: ModelError."""

    def joins(self, shape: tuple[int, ...]) -> bool:
        """Return whether requests of this shape can be run together."""

    def run_joined(self, images: Sequence[NDArray[Any]]) -> list[Answers]:
        """Run requests of one shape. Errors: ModelError, OutOfMemoryError."""


@dataclass(frozen=True, slots=True, eq=False)
class InferenceRequest:
    """An input for a model, and the future of its answer."""

    model: Joinable
    image: NDArray[Any]
    answer: Future[Answers] = field(default_factory=Future)
    since: float = field(default_factory=monotonic)

    @property
    def kind(self) -> tuple[Hashable, ...]:
        """The key that requests of one batch share."""
        return id(self.model), self.image.shape, self.image.dtype.str


class InferenceQueue:
    """The queue of waiting requests.

    room: returns max_batch, how many requests of this one's kind may be run at once.

    There is no waiting for a full batch: requests gather while models run, and where these are idle, batches would gain
    nothing. tests/benchmarks/gathering.py compares ways to choose what comes next.
    """

    def __init__(self, room: Callable[[InferenceRequest], int]) -> None:
        self._room = room
        self._waiting: list[InferenceRequest] = []  # the oldest first
        self._changed = Condition()

    def ask(self, model: Joinable, image: NDArray[Any]) -> Answers:
        """Return a model's answer. Errors: ModelError."""
        question = InferenceRequest(model, image)
        with self._changed:
            self._waiting.append(question)
            self._changed.notify_all()
        return question.answer.result()

    def next(self) -> list[InferenceRequest]:
        """Wait for requests; return the largest group, or that of a request that waits too long."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            groups: dict[Hashable, list[InferenceRequest]] = {}
            for each in self._waiting:
                groups.setdefault(each.kind, []).append(each)
            ready = [group[: self._room(group[0])] for group in groups.values()]
            is_late = monotonic() - self._waiting[0].since > _LONGEST_WAIT_SECONDS
            group = ready[0] if is_late else max(ready, key=len)
            self._waiting = [each for each in self._waiting if each not in group]
            return group


_MOST_TOGETHER = 32
_APART = 1e-3  # tolerance between two computations of one number: of the largest one, or of 1


@dataclass(frozen=True, slots=True)
class Count:
    """The use of a model. questions: number of requests answered.  runs: number of runs for them."""

    questions: int
    runs: int


class BatchLimits:
    """The measured batch limits of models; for one thread.

    pads: pad batches to powers of two, so that a runtime that prepares for each size meets few sizes.
    """

    def __init__(self, *, pads: bool = False) -> None:
        self._pads = pads
        self._most: dict[Hashable, int] = {}
        self._proven: dict[int, bool] = {}
        self._questions: Counter[str] = Counter()
        self._runs: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, Count]:
        """The counts so far, by model id."""
        return {each: Count(self._questions[each], self._runs[each]) for each in list(self._runs)}

    def room(self, question: InferenceRequest) -> int:
        """Return how many requests of this kind may be run at once."""
        joins = self._proven.get(id(question.model), True) and question.model.joins(question.image.shape)
        return self._most.get(question.kind, _MOST_TOGETHER) if joins else 1

    def answer(self, group: list[InferenceRequest]) -> None:
        """Run requests of one kind: together or, where that fails, one at a time."""
        try:
            answers = self._together(group) if len(group) > 1 else []
        except OutOfMemoryError:
            self._most[group[0].kind] = self._padded(len(group)) // 2
            while group:
                most = self._most[group[0].kind]
                self.answer(group[:most])
                group = group[most:]
            return
        except Exception:  # one of them may be the cause: each gets its own error
            answers = []
        for question, answer in zip(group, answers, strict=False):
            question.answer.set_result(answer)
        for question in group[len(answers) :]:
            self._answer_alone(question)

    def _together(self, group: list[InferenceRequest]) -> list[Answers]:
        """Return all answers, or none where they would differ from those of single runs."""
        model, images = group[0].model, [each.image for each in group]
        images += [images[-1]] * (self._padded(len(group)) - len(group))
        answers = model.run_joined(images)[: len(group)]
        if id(model) not in self._proven:
            self._proven[id(model)] = all(
                _alike(answer, model.run(each.image)) for answer, each in zip(answers, group, strict=True)
            )
        if not self._proven[id(model)]:
            return []
        self._count(model, len(group))
        return answers

    def _answer_alone(self, question: InferenceRequest) -> None:
        try:
            answer = question.model.run(question.image)
        except ModelError as error:
            question.answer.set_exception(error)
        except Exception as error:  # whatever a runtime raises, the request must get it
            question.answer.set_exception(ModelError(question.model.spec.name, f"does not run: {error}"))
        else:
            self._count(question.model, 1)
            question.answer.set_result(answer)

    def _padded(self, size: int) -> int:
        return 1 << (size - 1).bit_length() if self._pads else size

    def _count(self, model: Joinable, questions: int) -> None:
        self._questions[model.spec.id] += questions
        self._runs[model.spec.id] += 1


def _alike(one: Answers, other: Answers) -> bool:
    return one.keys() == other.keys() and all(_apart(one[key], other[key]) <= _APART for key in other)


def _apart(one: object, other: object) -> float:
    """Return the largest difference, relative to the largest number or 1; infinite between different shapes."""
    import numpy as np

    ours, theirs = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if ours.shape != theirs.shape or not np.array_equal(np.isfinite(ours), np.isfinite(theirs)):
        return np.inf
    finite = np.isfinite(theirs)
    size = max(1.0, float(np.abs(theirs[finite]).max(initial=0)))
    return float(np.abs(ours[finite] - theirs[finite]).max(initial=0)) / size
