"""Photo pool: worker processes that analyze photo files; outcomes come in the order of completion."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TypeAlias

from indexer.errors import PhotoError
from indexer.intake.decode import NotAPhoto
from indexer.intake.discover import is_there, stamp
from indexer.pipeline.workers.inference_host import Inference, is_shared
from indexer.pipeline.workers.processes import Workers, failure_reason, is_done, is_lost
from indexer.pipeline.workers.tasks import Limits, load_models, work
from indexer.values.analysis import Analysis
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Indexed, Skipped
from indexer.vision.model_set import ModelSet
from indexer.vision.runtime.remote import ServerLostError

_LOOK_AHEAD = 4  # photos in progress or waiting, per worker: enough to keep all busy, few enough to stop at once
_TRIES = 2  # tries of a file that changes while it is read, or that is not the cause of its failure
_PATIENCE_SECONDS = 0.5  # maximum wait of the caller before it may store finished photos
_STUCK_SECONDS = 60.0  # beyond a photo's own time; then all wait for a worker that was killed while holding a lock
_LOSS_SECONDS = 15.0  # the same, where one was lost: a photo that is only slow is tried again, with less load

Seen = Callable[[PhotoFile], Analysis | None]
Done: TypeAlias = Indexed | Failed | Skipped
"""What became of a file."""


@dataclass(frozen=True, slots=True)
class _Try:
    """A photo to be analyzed.

    left: how many tries are left.  alone: processes were lost while it was in progress, so it may be the cause.
    """

    file: PhotoFile
    left: int = _TRIES
    alone: bool = False


@dataclass(frozen=True, slots=True)
class _UnderWay:
    try_: _Try
    workers: Workers
    slot: int
    since: float

    @property
    def stage(self) -> str:
        return self.workers.stages.stage(self.slot)


class Pool:
    """Up to a number of workers, each with its own analyzer and one inference thread.

    A photo that crashes or stalls its worker, or needs too much memory, costs that photo only; the worker is replaced.
    Where TensorFlow runs the models, one process does so for all workers.
    may_work: asked before each photo; while it returns False, none is begun.  model_ids: the models that analyze each
    photo.
    """

    def __init__(
        self, model_set: ModelSet, limits: Limits, workers: int, may_work: Callable[[], bool] = lambda: True
    ) -> None:
        self.model_ids = model_set.model_ids()
        self._model_set, self._limits = model_set, limits
        self._workers = workers
        self._may_work = may_work
        self._started: Workers | None = None
        self._inference: Inference | None = None

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rest()

    @property
    def busy(self) -> int:
        """The number of workers that have a photo at the moment."""
        return 0 if self._started is None else min(self._started.under_way, self._started.count)

    def warm(self) -> None:
        """Let a worker load the models: photos will come soon."""
        if self._started is None and self._may_work():
            self._with(1).submit(load_models, self._seeing(), self._limits)

    def rest(self) -> None:
        """End all workers, and the inference process; the next photo starts new ones."""
        self._let_workers_go()
        if self._inference is not None:
            self._inference.stop()
            self._inference = None

    def outcomes(self, files: Sequence[PhotoFile], seen: Seen = lambda _: None) -> Iterator[list[Done]]:
        """Yield finished photos at least every half second, perhaps none.

        seen: returns what is known of a photo: models that have analyzed it need not do it again.

        No photo is begun while the throttle is closed: then the caller waits. A file that no longer exists
        is skipped; one that changed meanwhile is analyzed once more, as it is then.
        Errors: ModelError where a worker cannot load its models.
        """
        waiting = deque(map(_Try, files))
        running: dict[Future[Analysis], _UnderWay] = {}
        heard_at = monotonic()
        while running or waiting:
            if running and self._inference is not None:
                self._inference.keep()
            if waiting and self._may_work():
                self._submit(waiting, running, seen)
            done, _ = wait(running, _PATIENCE_SECONDS, FIRST_COMPLETED) if running else (set(), None)
            for future in self._left_behind(running):
                waiting.appendleft(running.pop(future).try_)
            if done or not running:
                heard_at = monotonic()
            outcomes: list[Done] = []
            for future in [future for future in done & running.keys() if not is_lost(future)]:
                outcomes += self._taken_in(future, running.pop(future), waiting)
            if done & running.keys() or monotonic() - heard_at > self._silence_seconds():
                outcomes += self._lost(list(running.values()), waiting)
                running.clear()
            yield outcomes

    def _let_workers_go(self) -> None:
        if self._started is not None:
            self._started.stop()
            self._started = None

    def _submit(self, waiting: deque[_Try], running: dict[Future[Analysis], _UnderWay], seen: Seen) -> None:
        """Submit as many photos as the workers should have; one that must be alone is submitted alone."""
        model_set, started = self._seeing(), self._with(len(waiting))
        while waiting and len(running) < started.count * _LOOK_AHEAD:
            if running and (waiting[0].alone or any(each.try_.alone for each in running.values())):
                return
            one, slot = waiting.popleft(), started.stages.slot()
            future = started.submit(work, model_set, self._limits, one.file, seen(one.file), slot)
            running[future] = _UnderWay(one, started, slot, monotonic())

    def _taken_in(self, future: Future[Analysis], was: _UnderWay, waiting: deque[_Try]) -> list[Done]:
        """Return the outcome of a photo, or queue it again."""
        file, left = was.try_.file, was.try_.left
        if isinstance(future.exception(), ServerLostError):
            return self._tried_again([was], "the process that runs the models was lost with it", waiting)
        outcome = self._outcome(was, future)
        now = _as_it_is(file.path)
        if now is None and not is_there(file.path):
            return []
        # Pebble uses the wall clock: when that is set forward, a photo times out spuriously.
        robbed = isinstance(future.exception(), TimeoutError) and monotonic() - was.since < self._limits.seconds
        if left > 1 and (robbed or now not in (None, file)):
            waiting.append(_Try(now or file, left - 1))
            return []
        return [outcome]

    def _lost(self, under_way: list[_UnderWay], waiting: deque[_Try]) -> list[Done]:
        """Drop workers that are lost; their photos are tried again, one at a time."""
        outcomes = self._tried_again(under_way, "the processes that read it were lost", waiting)
        self._let_workers_go()
        return outcomes

    def _tried_again(self, under_way: list[_UnderWay], reason: str, waiting: deque[_Try]) -> list[Done]:
        """Queue photos again, one at a time; return those that have no tries left."""
        failed = [
            Failed(each.try_.file, each.stage, f"{reason}, {_TRIES} times") for each in under_way if each.try_.left < 2
        ]
        again = [each.try_ for each in under_way if each.try_.left > 1]
        waiting.extendleft(replace(each, left=each.left - 1, alone=True) for each in reversed(again))
        return [*failed]

    @cached_property
    def _is_shared(self) -> bool:
        return is_shared(self._model_set.runtime, self._workers)

    def _seeing(self) -> ModelSet:
        """Return the model set of the workers: they may use the shared inference process."""
        if self._inference is None and self._is_shared:
            self._inference = Inference(self._model_set.runtime, self._workers)
        return self._model_set if self._inference is None else replace(self._model_set, place=self._inference.place)

    def _with(self, photos: int) -> Workers:
        """Return started workers: no more than photos, and the same number while some are busy."""
        workers = min(self._workers, photos)
        if self._started is not None and not self._started.is_alive:  # the system has killed them while idle
            self._let_workers_go()
        if self._started is not None and self._started.count < workers and not self._started.under_way:
            self._let_workers_go()
        if self._started is None:
            self._started = Workers(workers, self._limits.seconds)
        return self._started

    def _outcome(self, was: _UnderWay, future: Future[Analysis]) -> Done:
        file = was.try_.file
        try:
            indexed = Indexed(file, future.result())
            if self._inference is not None:
                self._inference.praise()
            return indexed
        except NotAPhoto:
            return Skipped(file)
        except PhotoError as error:
            return Failed(file, error.stage, error.reason)
        except Exception as error:
            if isinstance(error, TimeoutError) and was.stage == "analyze" and self._inference is not None:
                self._inference.doubt()
            return Failed(file, was.stage, failure_reason(error, self._limits))

    def _silence_seconds(self) -> float:
        """Return how long photos in progress may go without a result."""
        if self._started is not None and self._started.has_lost:
            return _LOSS_SECONDS
        return self._limits.seconds + _STUCK_SECONDS

    def _left_behind(self, running: Mapping[Future[Analysis], _UnderWay]) -> list[Future[Analysis]]:
        """Return photos at workers that another call has dropped: nobody will finish them."""
        return [
            future
            for future, each in running.items()
            if each.workers is not self._started and not (is_done(future) and future.exception() is None)
        ]


def _as_it_is(path: Path) -> PhotoFile | None:
    try:
        return stamp(path)
    except PhotoError:
        return None
