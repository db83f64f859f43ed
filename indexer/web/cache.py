"""Questions to the library flow in; their answers are kept until somebody writes, and flow out again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from secrets import token_hex
from threading import Lock
from typing import Any, TypeAlias, TypeVar

from indexer.library.store import Library

Value = TypeVar("Value")
Mark: TypeAlias = tuple[str, tuple[int, int]]
_MOST = 256


class Memory:
    """The last answers of a library, as long as nobody has written to it."""

    def __init__(self, library: Library) -> None:
        self._changes = library.changes()
        self._start = token_hex(8)  # what is counted begins anew with each start of the server
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, tuple[Mark, Any]] = OrderedDict()

    def mark(self) -> Mark:
        """Return what is another one after each change of the library, and after each start of the server."""
        with self._lock:
            return self._start, self._changes.mark()

    def kept(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return an answer: the one that is kept, or a new one."""
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
        """Let go of the library."""
        with self._lock:
            self._changes.close()
