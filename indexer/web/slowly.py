"""A question that takes long flows in; a thread answers it, and the last answer flows out at once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread
from time import monotonic
from typing import Generic, TypeVar

from indexer.web.memory import Mark, Memory

Value = TypeVar("Value")
_REST = 3  # an answer is made again after so many times the seconds that it took


class Slowly(Generic[Value]):
    """An answer that is made in the background, one at a time, and made again when the library has changed."""

    def __init__(self, memory: Memory, make: Callable[[], Value]) -> None:
        self._memory, self._make = memory, make
        self._lock = Lock()
        self._is_working = False
        self._answer: tuple[Mark, Value] | None = None
        self._error: Exception | None = None
        self._due = 0.0

    def ask(self, patience_seconds: float = 0.0) -> tuple[Value | None, bool]:
        """Return the last answer, None where there is none yet, and whether it is up to date.

        patience_seconds: how long to wait for a first answer, which may be quick. Errors: what the question raised.
        """
        mark = self._memory.mark()
        with self._lock:
            is_fresh = self._answer is not None and self._answer[0] == mark
            worker = None if is_fresh else self._start(mark)
        if worker is not None and self._answer is None:
            worker.join(patience_seconds)
        with self._lock:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._answer is None:
                return None, False
            return self._answer[1], self._answer[0] == mark

    def _start(self, mark: Mark) -> Thread | None:
        if self._is_working or (self._answer is not None and monotonic() < self._due):
            return None
        self._is_working = True
        worker = Thread(target=self._work, args=(mark,), name="slowly", daemon=True)
        worker.start()
        return worker

    def _work(self, mark: Mark) -> None:
        begun = monotonic()
        try:
            made = self._make()
        except Exception as error:
            with self._lock:
                self._error = error
        else:
            with self._lock:
                self._answer = mark, made
        finally:
            with self._lock:
                self._is_working = False
                self._due = monotonic() + _REST * (monotonic() - begun)
