"""Worker processes of a pool (pebble): start, end, and the cause of their failures."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from pebble import ProcessExpired, ProcessPool

from indexer.pipeline.workers.executor import WorkerCrashedError
from indexer.pipeline.workers.stage_board import StageBoard
from indexer.pipeline.workers.tasks import start

_EXIT_CODES = 256


class WorkerProcess(SpawnProcess):
    """A worker process that counts as crashed if it ends by itself, even with exit code 0 from a decoder."""

    def start(self) -> None:
        """Start the process with Ctrl-C blocked, which would kill it during imports; later `tasks.start` ignores it."""
        if not hasattr(signal, "pthread_sigmask"):
            return super().start()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @property
    def exitcode(self) -> int | None:
        code = super().exitcode
        return _EXIT_CODES if code == 0 else code


class _Processes(SpawnContext):
    """The spawn context of the pool; it ends a worker that is still starting when the pool goes, which would complain.

    spawn: the parent has threads, and a fork would copy their locks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self._started: list[SpawnProcess] = []

    def Process(self, *given: Any, **named: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        self.count += 1
        self._started = [process for process in self._started if process.is_alive()]
        self._started.append(WorkerProcess(*given, **named))
        return self._started[-1]

    def kill(self) -> None:
        for process in self._started:
            if process.is_alive():
                process.kill()


class LocalProcesses:
    """The executor of this machine: a running pool of worker processes (pebble)."""

    def __init__(self, workers: int, timeout_seconds: float) -> None:
        self.count = workers
        self._used = False
        self._running: set[Future[Any]] = set()
        self._stages = StageBoard()
        self._timeout_seconds = timeout_seconds
        self._processes = _Processes()
        self._pool = ProcessPool(workers, initializer=start, initargs=(self._stages.path,), context=self._processes)

    @property
    def under_way(self) -> int:
        """The number of unfinished tasks."""
        return len(self._running)

    @property
    def has_lost(self) -> bool:
        """Return whether a worker had to be replaced."""
        return self._processes.count > self.count

    @property
    def is_alive(self) -> bool:
        """Return whether tasks can be submitted."""
        return not self._used or self._pool.active

    def slot(self) -> int:
        """Return the slot of the next task."""
        return self._stages.slot()

    def stage(self, slot: int) -> str:
        """Return the last stage of a task."""
        return self._stages.stage(slot)

    def submit(self, task: Callable[..., Any], *given: Any) -> Future[Any]:
        """Begin a task as soon as a worker is free."""
        self._used = True
        future: Future[Any] = Future()
        try:
            begun = self._pool.schedule(task, args=given, timeout=self._timeout_seconds)
        except RuntimeError as error:  # all workers were lost, a moment ago
            future.set_exception(BrokenProcessPool(str(error)))
            return future
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        begun.add_done_callback(partial(_pass_on, future))
        return future

    def stop(self) -> None:
        """End all processes."""
        self._pool.stop()  # by now all outcomes are delivered, or no longer wanted
        self._processes.kill()
        self._pool.join()
        self._stages.close()


def _pass_on(future: Future[Any], begun: Future[Any]) -> None:
    """End a task's future as pebble's ended, with a crash as the error of any executor."""
    if begun.cancelled():
        future.cancel()
        future.set_running_or_notify_cancel()
        return
    match begun.exception():
        case None:
            future.set_result(begun.result())
        case ProcessExpired() as error:
            future.set_exception(WorkerCrashedError(cause(error.exitcode)))
        case error:
            future.set_exception(error)


def cause(exit_code: int) -> str:
    """Return how a process ended, in words."""
    if exit_code >= 0:
        return f"exit code {exit_code % _EXIT_CODES}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"
