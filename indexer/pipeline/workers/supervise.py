"""Supervision of an executor: started when it is needed, replaced where its workers are lost.

Both pools use it: that of a scan, whose one thread submits photos, and that of a server, whose threads wait each for a
task of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from threading import RLock
from time import monotonic
from typing import Any

from indexer.errors import IndexerError
from indexer.pipeline.workers.executor import Executor, StartExecutor, WorkerCrashedError
from indexer.pipeline.workers.processes import LocalProcesses
from indexer.pipeline.workers.tasks import Limits

_STUCK_SECONDS = 60.0  # beyond a task's own time; then all wait for a worker that was killed while holding a lock
_LOSS_SECONDS = 15.0  # the same, where one was lost: a task that is only slow is tried again, with less load


@dataclass(frozen=True, slots=True)
class RunningTask:
    """A task that was begun.  since: when, by the monotonic clock in seconds."""

    future: Future[Any]
    executor: Executor
    slot: int
    since: float

    @property
    def stage(self) -> str:
        """The last stage that it told."""
        return self.executor.stage(self.slot)

    @property
    def is_done(self) -> bool:
        """Return whether it came to an end by itself, a good or a bad one."""
        return self.future.done() and not self.is_lost

    @property
    def is_lost(self) -> bool:
        """Return whether workers were lost, or dropped, before it was known which one had it."""
        future = self.future
        return future.done() and (future.cancelled() or isinstance(future.exception(), BrokenProcessPool))


class Supervisor:
    """The workers of a pool: at most one executor at a time. Any thread may use it.

    seconds: that a task may take.
    """

    def __init__(self, seconds: float, start: StartExecutor = LocalProcesses) -> None:
        self._seconds, self._start = seconds, start
        self._lock = RLock()
        self._executor: Executor | None = None
        self._heard_at = monotonic()

    @property
    def executor(self) -> Executor | None:
        """The workers of now, None where there are none."""
        return self._executor

    def ready(self, workers: int) -> Executor:
        """Return workers that tasks can be submitted to: so many if new ones are started, the same ones while busy."""
        with self._lock:
            now = self._executor
            if now is not None and not (now.is_alive and (now.count >= workers or now.under_way)):
                self.let_go(now)  # the system has killed them while idle, or they are too few
            if self._executor is None:
                self._executor = self._start(workers, self._seconds)
            return self._executor

    def begin(self, workers: int, task: Callable[..., Any], *given: Any) -> RunningTask:
        """Begin `task(*given, slot)`; workers: as for `ready`."""
        with self._lock:
            executor = self.ready(workers)
            slot = executor.slot()
            return RunningTask(executor.submit(task, *given, slot), executor, slot, monotonic())

    def hear(self) -> None:
        """Note that a task came to an end: the workers are alive."""
        self._heard_at = monotonic()

    def is_silent(self, since: float) -> bool:
        """Return whether nothing was heard for so long, and not since a time, that workers must be stuck."""
        executor = self._executor
        patience = _LOSS_SECONDS if executor is not None and executor.has_lost else self._seconds + _STUCK_SECONDS
        return monotonic() - max(self._heard_at, since) > patience

    def is_abandoned(self, running: RunningTask) -> bool:
        """Return whether a task's workers were let go before it succeeded: nobody will finish it."""
        return running.executor is not self._executor and not (running.is_done and running.future.exception() is None)

    def is_spurious_timeout(self, running: RunningTask) -> bool:
        """Return whether a task timed out too early: Pebble uses the wall clock, which can be set forward."""
        is_early = monotonic() - running.since < self._seconds
        return running.is_done and isinstance(running.future.exception(), TimeoutError) and is_early

    def let_go(self, executor: Executor | None, unless: Callable[[], bool] = lambda: False) -> bool:
        """End workers if they are those of now; return whether they were.

        unless: is asked while no task can be begun; where it returns True, nothing happens.
        """
        with self._lock:
            if executor is None or executor is not self._executor or unless():
                return False
            self._executor = None
        executor.stop()
        return True


def failure_reason(error: BaseException, limits: Limits) -> str:
    """Return why a picture failed; errors that are not a picture's fault are raised again."""
    match error:
        case TimeoutError():
            return f"it took longer than {limits.seconds:g} seconds (photo_timeout_seconds in the configuration)"
        case MemoryError():
            return "it needs more memory than a photo may take (photo_memory_mb in the configuration)"
        case WorkerCrashedError():
            return f"it crashed the process that read it ({error})"
        case IndexerError():
            raise error
        case Exception():  # a bug with one photo must not cost the others
            return f"{type(error).__name__}: {error}"
    raise error
