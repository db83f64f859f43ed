"""Worker processes: photo files flow in, what became of each flows out, in the order in which they are done."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, TypeAlias

from pebble import ProcessExpired, ProcessPool

from indexer.errors import IndexerError, PhotoError
from indexer.intake.decode import NotAPhoto
from indexer.intake.discover import stamp
from indexer.photo import Analysis, Failed, Indexed, Passed, PhotoFile
from indexer.pipeline.gone import is_there
from indexer.pipeline.stages import Stages
from indexer.pipeline.worker import Limits, ready, start, work
from indexer.vision.analyze import Eyes

_LOOK_AHEAD = 4  # photos under way or waiting, a worker: enough that none waits, few enough to stop at once
_TRIES = 2  # of a file that changes while it is read, or that is not to blame for what became of it
_PATIENCE_SECONDS = 0.5  # how long the caller waits at most before it may store what is there
_STUCK_SECONDS = 60.0  # beyond a photo's own time; then all wait for a worker that was killed with a lock in its hands
_LOSS_SECONDS = 15.0  # the same, where one was lost: a photo that only takes long is done again, in more peace
_EXIT_CODES = 256

Done: TypeAlias = Indexed | Failed | Passed
"""What became of a file."""


@dataclass(frozen=True, slots=True)
class _Try:
    """A photo to be looked at.

    left: how many tries there are.  alone: all workers were lost while it was under way, so that this may be why.
    """

    file: PhotoFile
    left: int = _TRIES
    alone: bool = False


@dataclass(frozen=True, slots=True)
class _UnderWay:
    try_: _Try
    slot: int
    since: float


class _Worker(SpawnProcess):
    """A worker that ends by itself has crashed, whatever exit code a decoder gave it; 0 would pass for a good end."""

    @property
    def exitcode(self) -> int | None:
        code = super().exitcode
        return _EXIT_CODES if code == 0 else code


class _Processes(SpawnContext):
    """Starts the workers, and ends those that are left: one that is still starting when the pool goes would complain.

    spawn: the parent has threads, and a fork would copy their locks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self._started: list[SpawnProcess] = []

    def Process(self, *given: Any, **named: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        self.count += 1
        self._started = [process for process in self._started if process.is_alive()]
        self._started.append(_Worker(*given, **named))
        return self._started[-1]

    def kill(self) -> None:
        for process in self._started:
            if process.is_alive():
                process.kill()


class Pool:
    """Up to a number of workers, each with its own analyzer and one inference thread.

    A photo that crashes or stalls its worker, or needs too much memory, costs that photo only; the worker is replaced.
    may_work: asked before each photo; while it says no, none is begun.  models: the ids of the networks that see each
    photo; only the first sees those below the folders in no_faces.
    """

    def __init__(self, eyes: Eyes, limits: Limits, workers: int, may_work: Callable[[], bool] = lambda: True) -> None:
        self.models = tuple(spec.id for spec in eyes.specs())
        self.no_faces = eyes.no_faces
        self._eyes, self._limits = eyes, limits
        self._workers = workers
        self._may_work = may_work
        self._started: _Started | None = None

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rest()

    @property
    def busy(self) -> int:
        """How many workers have a photo at the moment."""
        return 0 if self._started is None else min(self._started.under_way, self._started.workers)

    def warm(self) -> None:
        """Let a worker load the networks: photos will come soon."""
        if self._started is None and self._may_work():
            self._with(1).submit(ready, self._eyes, self._limits)

    def rest(self) -> None:
        """Let all workers go; the next photo starts new ones."""
        if self._started is not None:
            self._started.stop()
            self._started = None

    def outcomes(self, files: Sequence[PhotoFile]) -> Iterator[list[Done]]:
        """Yield what is done at least every half second, perhaps nothing.

        Nothing comes at once while no photo may be begun: then it is the caller who waits. A file that is not there
        any more is passed over; one that changed meanwhile is looked at once more, as it is then.
        Errors: ModelError where a worker cannot load its networks.
        """
        waiting = deque(map(_Try, files))
        running: dict[Future[Analysis], _UnderWay] = {}
        heard_at = monotonic()
        while running or waiting:
            if waiting and self._may_work():
                self._submit(waiting, running)
            done, _ = wait(running, _PATIENCE_SECONDS, FIRST_COMPLETED) if running else (set(), None)
            if done or not running:
                heard_at = monotonic()
            outcomes: list[Done] = []
            for future in [future for future in done if not _is_lost(future)]:
                outcomes += self._taken_in(future, running.pop(future), waiting)
            if done & running.keys() or monotonic() - heard_at > self._silence_seconds():
                outcomes += self._lost(list(running.values()), waiting)
                running.clear()
            yield outcomes

    def _submit(self, waiting: deque[_Try], running: dict[Future[Analysis], _UnderWay]) -> None:
        """Hand out as many photos as the workers should have; one that is to be alone is handed out alone."""
        started = self._with(len(waiting))
        while waiting and len(running) < started.workers * _LOOK_AHEAD:
            if running and (waiting[0].alone or any(each.try_.alone for each in running.values())):
                return
            one, slot = waiting.popleft(), started.stages.slot()
            future = started.submit(work, self._eyes, self._limits, one.file, slot)
            running[future] = _UnderWay(one, slot, monotonic())

    def _taken_in(self, future: Future[Analysis], was: _UnderWay, waiting: deque[_Try]) -> list[Done]:
        """Return what became of a photo, or have it looked at again."""
        file, left = was.try_.file, was.try_.left
        outcome = self._outcome(file, was.slot, future)
        now = _as_it_is(file.path)
        if now is None and not is_there(file.path):
            return []
        # Pebble reckons by the wall clock: when that is set forward, a photo has its time taken away.
        robbed = isinstance(future.exception(), TimeoutError) and monotonic() - was.since < self._limits.seconds
        if left > 1 and (robbed or now not in (None, file)):
            waiting.append(_Try(now or file, left - 1))
            return []
        return [outcome]

    def _lost(self, under_way: list[_UnderWay], waiting: deque[_Try]) -> list[Done]:
        """Let go of workers that are of no use any more; what was under way is tried again, one photo at a time."""
        reason = f"the processes that read it were lost, {_TRIES} times"
        failed = [Failed(each.try_.file, self._stage(each.slot), reason) for each in under_way if each.try_.left < 2]
        again = [each.try_ for each in under_way if each.try_.left > 1]
        waiting.extendleft(replace(each, left=each.left - 1, alone=True) for each in reversed(again))
        self.rest()
        return [*failed]

    def _with(self, photos: int) -> _Started:
        """Return started workers: no more than photos, and no other number while some are under way."""
        workers = min(self._workers, photos)
        if self._started is not None and not self._started.is_alive:  # the system has killed them while they idled
            self.rest()
        if self._started is not None and self._started.workers < workers and not self._started.under_way:
            self.rest()
        if self._started is None:
            self._started = _Started(workers, self._limits.seconds)
        return self._started

    def _outcome(self, file: PhotoFile, slot: int, future: Future[Analysis]) -> Done:
        try:
            return Indexed(file, future.result())
        except NotAPhoto:
            return Passed(file)
        except PhotoError as error:
            return Failed(file, error.stage, error.reason)
        except TimeoutError:
            seconds = self._limits.seconds
            reason = f"it took longer than {seconds:g} seconds (photo_timeout_seconds in the configuration)"
        except MemoryError:
            reason = "it needs more memory than a photo may take (photo_memory_mb in the configuration)"
        except ProcessExpired as error:
            reason = f"it crashed the process that read it ({_cause(error.exitcode)})"
        except IndexerError:
            raise
        except Exception as error:  # a bug in one photo's way must not cost the others
            reason = f"{type(error).__name__}: {error}"
        return Failed(file, self._stage(slot), reason)

    def _silence_seconds(self) -> float:
        """Return how long nothing need be heard of photos that are under way."""
        if self._started is not None and self._started.has_lost:
            return _LOSS_SECONDS
        return self._limits.seconds + _STUCK_SECONDS

    def _stage(self, slot: int) -> str:
        return self._started.stages.stage(slot) if self._started else "analyze"


class _Started:
    """Workers that run."""

    def __init__(self, workers: int, timeout_seconds: float) -> None:
        self.workers = workers
        self._used = False
        self._running: set[Future[Any]] = set()
        self.stages = Stages()
        self._timeout_seconds = timeout_seconds
        self._processes = _Processes()
        self._pool = ProcessPool(workers, initializer=start, initargs=(self.stages.path,), context=self._processes)

    @property
    def under_way(self) -> int:
        """How many tasks are not ended."""
        return len(self._running)

    @property
    def has_lost(self) -> bool:
        """Tell whether a worker had to be replaced."""
        return self._processes.count > self.workers

    @property
    def is_alive(self) -> bool:
        """Tell whether photos can be handed out."""
        return not self._used or self._pool.active

    def submit(self, task: Callable[..., Any], *given: Any) -> Future[Any]:
        self._used = True
        try:
            future: Future[Any] = self._pool.schedule(task, args=given, timeout=self._timeout_seconds)
        except RuntimeError as error:  # all workers were lost, a moment ago
            future = Future()
            future.set_exception(BrokenProcessPool(str(error)))
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def stop(self) -> None:
        self._pool.stop()  # by now all outcomes are out, or nobody wants them
        self._processes.kill()
        self._pool.join()
        self.stages.close()


def _as_it_is(path: Path) -> PhotoFile | None:
    try:
        return stamp(path)
    except PhotoError:
        return None


def _is_lost(future: Future[Analysis]) -> bool:
    """Tell whether the workers were lost before it was known who had the photo."""
    return isinstance(future.exception(), BrokenProcessPool)


def _cause(exit_code: int) -> str:
    """Say how a process ended."""
    if exit_code >= 0:
        return f"exit code {exit_code % _EXIT_CODES}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"
