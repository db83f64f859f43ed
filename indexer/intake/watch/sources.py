"""Event sources of the operating system: touched paths and errors below watched roots.

Callers that may import watchdog pass its parts in.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from indexer.intake.touched import touched_below
from indexer.intake.watch.inotify import Queue, Tree

Touch: TypeAlias = Callable[[str], None]
"""Hears of a path to compare."""

Trouble: TypeAlias = Callable[[str, str, str | OSError], None]
"""Hears of a root, the path of it whose events may have been missed, and why ('': perhaps it is gone)."""

_READING = frozenset({"opened", "closed_no_write"})


class Source(Protocol):
    """The interface of an event source."""

    def begin(self, root: str, skip: frozenset[str], step: Callable[[], None]) -> None:
        """Start to report changes below a root but not below `skip`; OSError where that is impossible.

        step: called at intervals meanwhile; what it raises is passed on.
        """

    def again(self, root: str, place: str, skip: frozenset[str]) -> None:
        """Watch another disk at a path below a root; OSError where that is impossible."""

    def end(self, root: str) -> None:
        """Stop watching a root."""

    def alive(self) -> bool:
        """Return whether events still arrive."""

    def close(self) -> None:
        """Stop all threads."""


class Thread(Protocol):
    """A thread of watchdog."""

    def is_alive(self) -> bool: ...
    def stop(self) -> None: ...
    def join(self) -> None: ...


class KernelQueue(Queue, Thread, Protocol):
    """watchdog's InotifyFD, started."""


class Observer(Thread, Protocol):
    """watchdog's observer, started."""

    @property
    def emitters(self) -> Iterable[Any]: ...
    def schedule(self, handler: Any, path: str, *, recursive: bool) -> Any: ...
    def unschedule(self, watch: Any) -> None: ...


class Kernel:
    """Linux: one inotify queue for all roots, read by one thread of watchdog."""

    def __init__(self, queue: KernelQueue, touch: Touch, trouble: Trouble) -> None:
        self._queue, self._touch, self._trouble = queue, touch, trouble
        self._trees: dict[str, Tree] = {}

    def begin(self, root: str, skip: frozenset[str], step: Callable[[], None]) -> None:
        """Set a watch on each folder; OSError where the root or too many folders cannot be watched."""

        def trouble(place: str, problem: str | OSError) -> None:
            self._trouble(root, place, problem)

        self._trees[root] = Tree(root, self._queue, skip, self._touch, trouble)
        self._trees[root].begin(step)

    def again(self, root: str, place: str, skip: frozenset[str]) -> None:
        """Reset the watches at and below a path."""
        tree = self._trees[root]
        tree.skip = skip
        tree.again(place)

    def end(self, root: str) -> None:
        """Remove the watches of a root, if there are any."""
        if tree := self._trees.pop(root, None):
            tree.end()

    def alive(self) -> bool:
        """Return whether the thread still reads the queue."""
        return self._queue.is_alive()

    def close(self) -> None:
        """End the thread; closing the queue removes the watches."""
        for tree in self._trees.values():
            tree.deafen()
        self._queue.stop()
        self._queue.join()
        self._trees.clear()


class Observed:
    """Watchdog's observer for macOS, Windows and others, which watches whole trees."""

    def __init__(self, observer: Observer, touch: Touch) -> None:
        self._observer, self._touch = observer, touch
        self._watches: dict[str, object] = {}

    def begin(self, root: str, skip: frozenset[str], step: Callable[[], None]) -> None:
        """Request the events of a root; those below `skip` come, too, as far as there are any."""
        del skip, step
        self._watches[root] = self._observer.schedule(_Handler(root, self._touch), root, recursive=True)

    def again(self, root: str, place: str, skip: frozenset[str]) -> None:
        """Do nothing: these systems watch whole trees."""

    def end(self, root: str) -> None:
        """Stop the events of a root."""
        if watch := self._watches.pop(root, None):
            self._observer.unschedule(watch)

    def alive(self) -> bool:
        """Return whether all threads still run."""
        return self._observer.is_alive() and all(emitter.is_alive() for emitter in self._observer.emitters)

    def close(self) -> None:
        """End all threads."""
        self._observer.stop()
        self._observer.join()


class _Handler:
    """The event handler that watchdog's observer calls."""

    def __init__(self, root: str, touch: Touch) -> None:
        self._root, self._touch = root, touch

    def dispatch(self, event: Any) -> None:
        """Touch both paths of an event; reads are ignored, and so are folders, which change with each child."""
        kind, is_folder = event.event_type, event.is_directory
        if kind in _READING or (is_folder and kind == "modified"):
            return
        for end in (event.src_path, event.dest_path):
            path = end and touched_below(self._root, os.fsdecode(end), is_folder=is_folder)
            if path:
                self._touch(path)
