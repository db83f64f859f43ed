"""Task pool: a bounded pool of workers for the tasks of many threads, each of which waits for its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from math import ceil
from threading import Condition, Thread
from time import monotonic
from typing import Any

from indexer.errors import IndexerError
from indexer.pipeline.workers.executor import Executor, StartExecutor
from indexer.pipeline.workers.processes import LocalProcesses
from indexer.pipeline.workers.supervise import RunningTask, Supervisor

_TRIES = 3  # tries of a task whose workers are lost through no fault of its own
_LOOK_SECONDS = 0.5  # how often a waiting thread checks that its workers are alive
_FIRST_GUESS_SECONDS = 1.0  # estimate of a task's duration, before one was finished
_LONGEST_RETRY_SECONDS = 60


class PoolBusyError(IndexerError):
    """The queue is full: too many tasks wait already."""

    retry_seconds: int

    def __init__(self, retry_seconds: int) -> None:
        super().__init__(
            f"too many pictures are waiting; try again in {retry_seconds} seconds", retry_seconds=retry_seconds
        )


class TaskError(Exception):
    """A task failed: `stage`, and the error as its cause; None where its workers were lost."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        self.stage = stage


class TaskPool:
    """The pool of a server: workers that start with the first task, and end after a time without any."""

    def __init__(
        self, workers: int, waiting: int, seconds: float, idle_seconds: float, start: StartExecutor = LocalProcesses
    ) -> None:
        """Make a pool without workers.

        waiting: tasks that may wait for a worker.  seconds: limit of a task.  idle_seconds: until the workers end.
        start: starts what runs them.
        """
        self._count, self._most, self._idle_seconds = workers, workers + waiting, idle_seconds
        self._supervisor = Supervisor(seconds, start)
        self._changed = Condition()  # its lock guards all that follows
        self._watched: Executor | None = None
        self._under_way = 0
        self._quiet_since = monotonic()
        self._mean_seconds = _FIRST_GUESS_SECONDS
        self._stopped = False

    @property
    def is_idle(self) -> bool:
        """Return whether there is no worker."""
        return self._supervisor.executor is None

    @property
    def under_way(self) -> int:
        """The number of unfinished tasks."""
        return self._under_way

    def do(self, task: Callable[..., Any], *given: Any) -> Any:
        """Run `task(*given, slot)` in a worker and return its result. Errors: PoolBusyError, TaskError."""
        with self._place():
            for _ in range(_TRIES):
                running = self._begun(task, given)
                self._wait(running)
                stage = self._heard(running)
                if not running.is_done or self._supervisor.is_spurious_timeout(running):
                    continue
                if (error := running.future.exception()) is not None:
                    raise TaskError(stage) from error
                return running.future.result()
        raise TaskError("read")

    def rest(self) -> None:
        """End the workers if nothing is in progress; the next task starts new ones."""
        self._let_go(self._supervisor.executor, if_idle=True)

    def stop(self) -> None:
        """End the workers; running tasks end as PoolBusyError, and so do later ones."""
        with self._changed:
            self._stopped = True
        self._let_go(self._supervisor.executor)

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self._changed:
            if self._under_way >= self._most:
                raise PoolBusyError(self._retry_seconds())
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._quiet_since = monotonic()
                self._changed.notify_all()

    def _retry_seconds(self) -> int:
        waits = self._mean_seconds * self._under_way / self._count
        return min(max(1, ceil(waits)), _LONGEST_RETRY_SECONDS)

    def _begun(self, task: Callable[..., Any], given: tuple[Any, ...]) -> RunningTask:
        with self._changed:
            if self._stopped:
                raise PoolBusyError(_LONGEST_RETRY_SECONDS)
            running = self._supervisor.begin(self._count, task, *given)
            if running.executor is not self._watched:
                self._watched = running.executor
                Thread(target=self._watch, args=(self._watched,), name="idle workers", daemon=True).start()
            return running

    def _wait(self, running: RunningTask) -> None:
        """Wait until a task is done, or nobody will finish it."""
        while not running.future.done() and self._supervisor.executor is running.executor:
            wait([running.future], _LOOK_SECONDS)
            if not running.future.done() and self._supervisor.is_silent(running.since):
                self._let_go(running.executor)
        if running.is_lost:
            self._let_go(running.executor)

    def _heard(self, running: RunningTask) -> str:
        """Note the end of a task; return its last stage."""
        with self._changed:
            if self._supervisor.executor is running.executor:
                self._supervisor.hear()
                self._mean_seconds += (monotonic() - running.since - self._mean_seconds) / 8
            return running.stage

    def _let_go(self, executor: Executor | None, *, if_idle: bool = False) -> None:
        """End workers, if they are those of now; if_idle: and nothing is in progress."""
        self._supervisor.let_go(executor, unless=lambda: if_idle and self._under_way > 0)
        with self._changed:
            self._changed.notify_all()

    def _watch(self, executor: Executor) -> None:
        """End workers after a time without tasks."""
        while self._supervisor.executor is executor:
            with self._changed:
                left = self._idle_seconds - (monotonic() - self._quiet_since)
                if self._under_way or left > 0:
                    self._changed.wait(None if self._under_way else left)
                    continue
            self._let_go(executor, if_idle=True)
