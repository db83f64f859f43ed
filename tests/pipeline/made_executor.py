"""An executor of threads: the pools with real tasks, without a process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar

from indexer.pipeline.workers.stage_board import StageBoard
from indexer.pipeline.workers.tasks import mark_stages


class Threads:
    """Threads of this process. `is_alive` and `has_lost` are what a test makes them.

    losing: how many of the next tasks are lost with their workers.  deaf: how many are never heard of again.
    """

    def __init__(self, workers: int, seconds: float, *, losing: int = 0, deaf: int = 0) -> None:
        self.count, self.seconds = workers, seconds
        self.losing, self.deaf = losing, deaf
        self.is_alive, self.has_lost, self.is_stopped = True, False, False
        self._board = StageBoard()
        mark_stages(self._board.path)
        self._threads = ThreadPoolExecutor(workers)
        self._running: set[Future[Any]] = set()

    @property
    def under_way(self) -> int:
        return len(self._running)

    def slot(self) -> int:
        return self._board.slot()

    def stage(self, slot: int) -> str:
        return self._board.stage(slot)

    def submit(self, task: Callable[..., Any], *given: Any) -> Future[Any]:
        if self.deaf or self.losing:
            future: Future[Any] = Future()
            self.has_lost = True
            if self.losing:
                self.losing -= 1
                future.cancel()
                future.set_running_or_notify_cancel()  # else nobody who waits is told
            else:
                self.deaf -= 1
            return future
        future = self._threads.submit(task, *given)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def stop(self) -> None:
        self.is_stopped = True
        # Threads cannot be killed; a LiteRT interpreter allows only one of them at a time.
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._board.close()


class Starts:
    """Starts threads, and keeps what was started; the first ones are made as told.  made: all of these."""

    made: ClassVar[list[Starts]] = []

    def __init__(self, **first: int) -> None:
        self.all: list[Threads] = []
        self._first = first
        self.made.append(self)

    def __call__(self, workers: int, seconds: float) -> Threads:
        self.all.append(Threads(workers, seconds, **({} if self.all else self._first)))
        return self.all[-1]
