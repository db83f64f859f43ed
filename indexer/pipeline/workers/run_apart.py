"""Process runner: one long task in a process of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from indexer.errors import IndexerError
from indexer.library.similar.similar import CopyGroup, duplicates
from indexer.library.store import Library
from indexer.pipeline.duplicates.same_picture import PixelComparison
from indexer.pipeline.root_state import away_roots

Value = TypeVar("Value")
_NICENESS = 10  # pages that people wait for have priority
_PATIENCE_SECONDS = 5.0


class ProcessLostError(IndexerError):
    """A process ended before it returned its result."""

    def __init__(self) -> None:
        super().__init__("the worker process was lost, perhaps for lack of memory")


class ProcessRunner:
    """A runner of tasks in processes of their own, which keeps their time and memory out of this one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: set[BaseProcess] = set()
        self._is_closed = False

    def do(self, task: Callable[..., Value], *arguments: Any) -> Value:
        """Return the result of a task.

        task: a function of a module; it and its arguments are sent to the process.
        Errors: those of ours that the task raises; ProcessLostError where its process is lost.
        """
        # spawn: this process has threads, and a fork would copy their locks.
        context = get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_answer, args=(there, task, arguments), daemon=True)
        with here:
            self._start(process)
            there.close()
            try:
                answer = here.recv()
            except EOFError:
                raise ProcessLostError from None
            finally:
                process.join(_PATIENCE_SECONDS)
                self._running.discard(process)
        if isinstance(answer, IndexerError):
            raise answer
        value: Value = answer
        return value

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            self._is_closed = True
            for process in tuple(self._running):
                process.terminate()

    def _start(self, process: BaseProcess) -> None:
        with self._lock:
            if self._is_closed:
                raise ProcessLostError
            process.start()
            self._running.add(process)


def duplicates_in(library: Path, model: str | None, max_pixels: int = 0) -> list[CopyGroup]:
    """Find the copies in a library file, as `library.similar.similar.duplicates` does.

    max_pixels: the largest photo that is opened to compare its pixels; 0: none is.
    """
    compare = PixelComparison(max_pixels, threads=1) if max_pixels else None
    with Library.open(library, read_only=True) as opened:
        return duplicates(opened, model, away=away_roots(opened), compare=compare)


def _answer(there: Connection, task: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Run a task and send its result; a bug's traceback is printed, and the other side receives nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(OSError, AttributeError):
        os.nice(_NICENESS)
    with there:
        try:
            there.send(task(*arguments))
        except IndexerError as error:
            there.send(error)
