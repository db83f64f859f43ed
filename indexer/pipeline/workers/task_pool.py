"""Task pool: a bounded pool of worker processes for the tasks of many threads, each of which waits for its own.

Like `pipeline.workers.photo_pool` for the photos of a scan, which one thread submits: a worker that crashes or stalls
costs its own task only, and one that is killed while it holds a lock does not block the others for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from math import ceil
from threading import Condition, Thread
from time import monotonic
from typing import Any

from indexer.errors import IndexerError
from indexer.pipeline.workers.processes import Workers, is_done, is_lost

_TRIES = 3  # tries of a task whose workers are lost through no fault of its own
_LOOK_SECONDS = 0.5  # how often a waiting thread checks that its workers are alive
_STUCK_SECONDS = 60.0  # beyond a task's own time; then all wait for a worker that was killed while holding a lock
_LOSS_SECONDS = 15.0  # the same, where one was lost
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
    """Worker processes that start with the first task, and end after a time without any."""

    def __init__(self, workers: int, waiting: int, seconds: float, idle_seconds: float) -> None:
        """Make a pool without processes.

        waiting: tasks that may wait for a worker.  seconds: limit of a task.  idle_seconds: until the processes end.
        """
        self._count, self._most = workers, workers + waiting
        self._seconds, self._idle_seconds = seconds, idle_seconds
        self._changed = Condition()  # its lock guards all that follows
        self._workers: Workers | None = None
        self._under_way = 0
        self._quiet_since = self._heard_at = monotonic()
        self._mean_seconds = _FIRST_GUESS_SECONDS
        self._stopped = False

    @property
    def is_idle(self) -> bool:
        """Return whether no worker process is running."""
        return self._workers is None

    @property
    def under_way(self) -> int:
        """The number of unfinished tasks."""
        return self._under_way

    def do(self, task: Callable[..., Any], *given: Any) -> Any:
        """Run `task(*given, slot)` in a worker and return its result. Errors: PoolBusyError, TaskError."""
        with self._place():
            for _ in range(_TRIES):
                workers, slot, future = self._begun(task, given)
                began = monotonic()
                self._wait(workers, future, began)
                stage = self._heard(workers, slot, monotonic() - began)
                if not is_done(future) or is_lost(future) or self._is_spurious_timeout(future, began):
                    continue
                if (error := future.exception()) is not None:
                    raise TaskError(stage) from error
                return future.result()
        raise TaskError("read")

    def rest(self) -> None:
        """End the processes if nothing is in progress; the next task starts new ones."""
        self._let_go(self._workers, if_idle=True)

    def stop(self) -> None:
        """End the processes; running tasks end as PoolBusyError, and so do later ones."""
        with self._changed:
            self._stopped = True
        self._let_go(self._workers)

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

    def _begun(self, task: Callable[..., Any], given: tuple[Any, ...]) -> tuple[Workers, int, Future[Any]]:
        with self._changed:
            dead = self._workers if self._workers is not None and not self._workers.is_alive else None
        self._let_go(dead)  # the system has killed them while idle
        with self._changed:
            if self._stopped:
                raise PoolBusyError(_LONGEST_RETRY_SECONDS)
            if self._workers is None:
                self._workers = Workers(self._count, self._seconds)
                Thread(target=self._watch, args=(self._workers,), name="idle workers", daemon=True).start()
            slot = self._workers.stages.slot()
            return self._workers, slot, self._workers.submit(task, *given, slot)

    def _wait(self, workers: Workers, future: Future[Any], began: float) -> None:
        """Wait until a task is done, or nobody will finish it."""
        while not future.done() and self._workers is workers:
            wait([future], _LOOK_SECONDS)
            patience = _LOSS_SECONDS if workers.has_lost else self._seconds + _STUCK_SECONDS
            if not future.done() and monotonic() - max(self._heard_at, began) > patience:
                self._let_go(workers)
        if future.done() and is_lost(future):
            self._let_go(workers)

    def _heard(self, workers: Workers, slot: int, seconds: float) -> str:
        """Record the end of a task; return its last stage."""
        with self._changed:
            if self._workers is not workers:
                return "read"
            self._heard_at = monotonic()
            self._mean_seconds += (seconds - self._mean_seconds) / 8
            return workers.stages.stage(slot)

    def _is_spurious_timeout(self, future: Future[Any], began: float) -> bool:
        """Return whether a timeout is spurious: Pebble uses the wall clock, which can be set forward."""
        return isinstance(future.exception(), TimeoutError) and monotonic() - began < self._seconds

    def _let_go(self, workers: Workers | None, *, if_idle: bool = False) -> None:
        """End workers, if they are still those in use; if_idle: and nothing is in progress."""
        with self._changed:
            if workers is None or workers is not self._workers or (if_idle and self._under_way):
                return
            self._workers = None
            self._changed.notify_all()
        workers.stop()

    def _watch(self, workers: Workers) -> None:
        """End workers after a time without tasks."""
        while self._workers is workers:
            with self._changed:
                left = self._idle_seconds - (monotonic() - self._quiet_since)
                if self._under_way or left > 0:
                    self._changed.wait(None if self._under_way else left)
                    continue
            self._let_go(workers, if_idle=True)
