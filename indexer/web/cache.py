"""Answer caches: results of library queries, valid until somebody writes to the library."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from math import inf
from secrets import token_hex
from threading import Lock, Thread
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar

from indexer.library.store import Library

Value = TypeVar("Value")
Mark: TypeAlias = tuple[str, tuple[int, int]]
_MOST = 256


class AnswerCache:
    """A cache of library results, cleared by every write."""

    def __init__(self, library: Library) -> None:
        self._changes = library.changes()
        self._start = token_hex(8)  # counts restart with the server
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, tuple[Mark, Any]] = OrderedDict()

    def mark(self) -> Mark:
        """Return a value that changes with each change of the library, and with each start of the server."""
        with self._lock:
            return self._start, self._changes.mark()

    def kept(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return a cached answer, or a new one."""
        mark = self.mark()
        with self._lock:
            if key in self._kept and self._kept[key][0] == mark:
                self._kept.move_to_end(key)
                found: Value = self._kept[key][1]
                return found
        made = make()
        with self._lock:
            self._kept[key] = mark, made
            self._kept.move_to_end(key)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return made

    def close(self) -> None:
        """Close the library."""
        with self._lock:
            self._changes.close()


_REST = 3  # an answer is recomputed at the earliest after this multiple of its duration


class StaleWhileRevalidate(Generic[Value]):
    """An answer that is computed in the background, one at a time, and recomputed when the library has changed.

    seconds: its maximum age, as it depends on more than the library.  clock: seconds.
    """

    def __init__(
        self,
        memory: AnswerCache,
        make: Callable[[], Value],
        seconds: float | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._memory, self._make, self._seconds, self._clock = memory, make, seconds, clock
        self._lock = Lock()
        self._worker: Thread | None = None
        self._begun = 0.0
        self._answer: tuple[Mark, Value] | None = None
        self._error: Exception | None = None
        self._due = self._stale_at = -inf

    def ask(self, patience_seconds: float = 0.0) -> tuple[Value | None, bool]:
        """Return the last answer, None where there is none yet, and whether it is up to date.

        patience_seconds: how long to wait for a first answer, which may be quick; where answers have a maximum
        age, for any. Errors: those of the computation.
        """
        mark = self._memory.mark()
        with self._lock:
            worker = None if self._is_fresh(mark) else self._start(mark)
            left = patience_seconds - (self._clock() - self._begun)
        if worker is not None and left > 0 and (self._answer is None or self._seconds is not None):
            worker.join(left)
        with self._lock:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._answer is None:
                return None, False
            return self._answer[1], self._answer[0] == mark

    def _is_fresh(self, mark: Mark) -> bool:
        return self._answer is not None and self._answer[0] == mark and self._clock() < self._stale_at

    def _start(self, mark: Mark) -> Thread | None:
        """Start the computation, unless it runs or it is too early; return the running one."""
        if self._worker is None and (self._answer is None or self._clock() >= self._due):
            self._begun = self._clock()
            self._worker = Thread(target=self._work, args=(mark,), name="slowly", daemon=True)
            self._worker.start()
        return self._worker

    def _work(self, mark: Mark) -> None:
        try:
            made = self._make()
        except Exception as error:
            with self._lock:
                self._error = error
        else:
            with self._lock:
                self._answer = mark, made
                self._stale_at = inf if self._seconds is None else self._clock() + self._seconds
        finally:
            with self._lock:
                self._worker = None
                self._due = self._clock() + _REST * (self._clock() - self._begun)
