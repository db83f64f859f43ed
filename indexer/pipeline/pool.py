"""Worker processes: photo files flow in, what became of each flows out, in the order in which they are done."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
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
_TRIES = 2  # of a file that changes while it is read
_PATIENCE_SECONDS = 0.5  # how long the caller waits at most before it may store what is there

Done: TypeAlias = Indexed | Failed | Passed
"""What became of a file."""


class _Processes(SpawnContext):
    """Starts the workers, and ends those that are left: one that is still starting when the pool goes would complain.

    spawn: the parent has threads, and a fork would copy their locks.
    """

    def __init__(self) -> None:
        super().__init__()
        self._started: list[SpawnProcess] = []

    def Process(self, *given: Any, **named: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        self._started = [process for process in self._started if process.is_alive()]
        self._started.append(SpawnProcess(*given, **named))
        return self._started[-1]

    def kill(self) -> None:
        for process in self._started:
            if process.is_alive():
                process.kill()


class Pool:
    """Up to a number of workers, each with its own analyzer and one inference thread.

    A photo that crashes or stalls its worker, or needs too much memory, costs that photo only; the worker is replaced.
    may_work: asked before each photo; while it says no, none is begun.  models: the ids of the networks that see each
    photo.
    """

    def __init__(self, eyes: Eyes, limits: Limits, workers: int, may_work: Callable[[], bool] = lambda: True) -> None:
        self.models = tuple(spec.id for spec in eyes.specs())
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
        waiting = deque((file, _TRIES) for file in files)
        running: dict[Future[Analysis], tuple[PhotoFile, int, int]] = {}
        while running or waiting:
            if waiting and self._may_work():
                started = self._with(len(waiting))
                for _ in range(min(len(waiting), started.workers * _LOOK_AHEAD - len(running))):
                    file, tries = waiting.popleft()
                    slot = started.stages.slot()
                    running[started.submit(work, self._eyes, self._limits, file, slot)] = file, slot, tries
            done, _ = wait(running, _PATIENCE_SECONDS, FIRST_COMPLETED) if running else (set(), None)
            outcomes: list[Done] = []
            for future in done:
                file, slot, tries = running.pop(future)
                outcome = self._outcome(file, slot, future)
                now = _as_it_is(file.path)
                if now is None and not is_there(file.path):
                    continue
                if now is not None and now != file and tries > 1:
                    waiting.append((now, tries - 1))
                else:
                    outcomes.append(outcome)
            yield outcomes

    def _with(self, photos: int) -> _Started:
        """Return started workers: no more than photos, and no other number while some are under way."""
        workers = min(self._workers, photos)
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
        except ProcessExpired as error:
            reason = f"it crashed the process that read it ({_cause(error.exitcode)})"
        except IndexerError:
            raise
        except Exception as error:  # a bug in one photo's way must not cost the others
            reason = f"{type(error).__name__}: {error}"
        return Failed(file, self._started.stages.stage(slot) if self._started else "analyze", reason)


class _Started:
    """Workers that run."""

    def __init__(self, workers: int, timeout_seconds: float) -> None:
        self.workers = workers
        self._running: set[Future[Any]] = set()
        self.stages = Stages()
        self._timeout_seconds = timeout_seconds
        self._processes = _Processes()
        self._pool = ProcessPool(workers, initializer=start, initargs=(self.stages.path,), context=self._processes)

    @property
    def under_way(self) -> int:
        """How many tasks are not ended."""
        return len(self._running)

    def submit(self, task: Callable[..., Any], *given: Any) -> Future[Any]:
        future: Future[Any] = self._pool.schedule(task, args=given, timeout=self._timeout_seconds)
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


def _cause(exit_code: int) -> str:
    """Say how a process ended."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"
