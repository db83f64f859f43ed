"""Photo pool: worker processes that analyze photo files; outcomes come in the order of completion."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
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
from indexer.pipeline.workers.executor import StartExecutor
from indexer.pipeline.workers.inference_host import Inference, is_shared
from indexer.pipeline.workers.processes import LocalProcesses
from indexer.pipeline.workers.supervise import RunningTask, Supervisor, failure_reason
from indexer.pipeline.workers.tasks import Limits, load_models, work
from indexer.values.analysis import Analysis
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Indexed, Skipped
from indexer.vision.model_set import ModelSet
from indexer.vision.runtime.remote import ServerLostError

_LOOK_AHEAD = 4  # photos in progress or waiting, per worker: enough to keep all busy, few enough to stop at once
_TRIES = 2  # tries of a file that changes while it is read, or that is not the cause of its failure
_PATIENCE_SECONDS = 0.5  # maximum wait of the caller before it may store finished photos

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
    task: RunningTask


class Pool:
    """The pool of a scan: up to a number of workers, each with its own analyzer and one inference thread.

    A photo that crashes or stalls its worker, or needs too much memory, costs that photo only; the worker is replaced.
    Where TensorFlow runs the models, one process does so for all workers.
    may_work: asked before each photo; while it returns False, none is begun.  model_ids: the models that analyze each
    photo.  start: starts what runs the workers.
    """

    def __init__(
        self,
        model_set: ModelSet,
        limits: Limits,
        workers: int,
        may_work: Callable[[], bool] = lambda: True,
        start: StartExecutor = LocalProcesses,
    ) -> None:
        self.model_ids = model_set.model_ids()
        self._model_set, self._limits = model_set, limits
        self._workers = workers
        self._may_work = may_work
        self._supervisor = Supervisor(limits.seconds, start)
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
        executor = self._supervisor.executor
        return 0 if executor is None else min(executor.under_way, executor.count)

    def warm(self) -> None:
        """Let a worker load the models: photos will come soon."""
        if self._supervisor.executor is None and self._may_work():
            self._supervisor.ready(1).submit(load_models, self._seeing(), self._limits)

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
        began_at = monotonic()
        while running or waiting:
            if running and self._inference is not None:
                self._inference.keep()
            if waiting and self._may_work():
                self._submit(waiting, running, seen)
            done, _ = wait(running, _PATIENCE_SECONDS, FIRST_COMPLETED) if running else (set(), None)
            for future in [future for future, each in running.items() if self._supervisor.is_abandoned(each.task)]:
                waiting.appendleft(running.pop(future).try_)
            if done or not running:
                self._supervisor.hear()
            outcomes: list[Done] = []
            for future in [future for future in done & running.keys() if running[future].task.is_done]:
                outcomes += self._taken_in(running.pop(future), waiting)
            if done & running.keys() or self._supervisor.is_silent(began_at):
                outcomes += self._lost(list(running.values()), waiting)
                running.clear()
            yield outcomes

    def _let_workers_go(self) -> None:
        self._supervisor.let_go(self._supervisor.executor)

    def _submit(self, waiting: deque[_Try], running: dict[Future[Analysis], _UnderWay], seen: Seen) -> None:
        """Submit as many photos as the workers should have; one that must be alone is submitted alone."""
        model_set, workers = self._seeing(), min(self._workers, len(waiting))
        most = self._supervisor.ready(workers).count * _LOOK_AHEAD
        while waiting and len(running) < most:
            if running and (waiting[0].alone or any(each.try_.alone for each in running.values())):
                return
            one = waiting.popleft()
            task = self._supervisor.begin(workers, work, model_set, self._limits, one.file, seen(one.file))
            running[task.future] = _UnderWay(one, task)

    def _taken_in(self, was: _UnderWay, waiting: deque[_Try]) -> list[Done]:
        """Return the outcome of a photo, or queue it again."""
        file, left = was.try_.file, was.try_.left
        if isinstance(was.task.future.exception(), ServerLostError):
            return self._tried_again([was], "the process that runs the models was lost with it", waiting)
        outcome = self._outcome(was)
        now = _as_it_is(file.path)
        if now is None and not is_there(file.path):
            return []
        if left > 1 and (self._supervisor.is_spurious_timeout(was.task) or now not in (None, file)):
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
            Failed(each.try_.file, each.task.stage, f"{reason}, {_TRIES} times")
            for each in under_way
            if each.try_.left < 2
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

    def _outcome(self, was: _UnderWay) -> Done:
        file = was.try_.file
        try:
            indexed = Indexed(file, was.task.future.result())
            if self._inference is not None:
                self._inference.praise()
            return indexed
        except NotAPhoto:
            return Skipped(file)
        except PhotoError as error:
            return Failed(file, error.stage, error.reason)
        except Exception as error:
            if isinstance(error, TimeoutError) and was.task.stage == "analyze" and self._inference is not None:
                self._inference.doubt()
            return Failed(file, was.task.stage, failure_reason(error, self._limits))


def _as_it_is(path: Path) -> PhotoFile | None:
    try:
        return stamp(path)
    except PhotoError:
        return None
