"""inotify watcher of one root (Linux): touched paths and errors from the kernel's events.

The kernel watches single folders. A Tree keeps a watch on every folder below its root: it sets one on each folder that
appears, before it looks for folders inside, and removes those of a folder that leaves. A folder may be known under
two paths for a moment (when it was found where an event is still to say that it went), then both are touched: a path
too many does no harm.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any, Protocol

from indexer.intake.names import is_junk_folder
from indexer.intake.touched import touched

# inotify(7), <linux/inotify.h>
_MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x40, 0x80, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF, _UNMOUNT, _IS_FOLDER = 0x400, 0x800, 0x2000, 0x40000000
_ONLY_FOLDERS, _NO_LINKS = 0x01000000, 0x02000000
# Without IN_OPEN, IN_ACCESS and IN_CLOSE_NOWRITE: to read a photo is no event.
_WANTED = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF

# Errors that concern one folder only, and are reported when it is read; all others are the system's.
_ITS_OWN = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EIO, errno.ESTALE})


class Queue(Protocol):
    """The part of watchdog's InotifyFD that a Tree needs: a queue of events with callbacks in a thread of its own."""

    def add_callback(self, path: bytes, mask: Any, callback: Any, id_: Any) -> Any:
        """Watch a folder; return the number of the watch (-1 where there is no permission)."""

    def remove_callbacks(self, callbacks: list[tuple[Any, Any]]) -> None:
        """Unregister what `add_callback` registered: (number of the watch, id)."""


class Event(Protocol):
    """An event of the kernel: the number of the watch, what happened (bits), the name within the folder."""

    @property
    def wd(self) -> Any: ...
    @property
    def mask(self) -> Any: ...
    @property
    def name(self) -> bytes: ...


@dataclass(slots=True, eq=False)
class _Folder:
    name: str
    above: _Folder | None
    watch: int = -1
    within: dict[str, _Folder] = field(default_factory=dict)

    @property
    def path(self) -> str:
        names = [self.name]
        folder = self
        while folder.above:
            folder = folder.above
            names.append(folder.name)
        return os.path.join(*reversed(names))  # noqa: PTH118 - for every event

    def all(self) -> Iterator[_Folder]:
        folders = [self]
        while folders:
            folder = folders.pop()
            folders.extend(folder.within.values())
            yield folder


class Tree:
    """The watches on a root and on every folder below it, except junk folders, links and `skip`.

    touch: receives each path to compare.  trouble: receives a path (the root or a part) whose events may have been
    missed, and the OSError where its watches could not be set; without one and for the root, the root itself may
    be gone.  Both are called from the thread of the queue.
    """

    def __init__(
        self,
        root: str,
        queue: Queue,
        skip: frozenset[str],
        touch: Callable[[str], None],
        trouble: Callable[[str, str | OSError], None],
    ) -> None:
        self.skip = skip
        self._queue, self._touch, self._trouble = queue, touch, trouble
        self._root = _Folder(root, None)
        self._by_watch: dict[int, list[_Folder]] = {}
        self._ids: dict[int, tuple[int, int]] = {}
        self._added = 0
        self._unreadable: set[str] = set()
        self._ended = False
        self._lock = RLock()

    def __len__(self) -> int:
        return len(self._by_watch)

    def begin(self, step: Callable[[], None] = lambda: None) -> None:
        """Set the watches; OSError where the root cannot be watched, or the system allows no more watches.

        step: called for each folder; what it raises ends the setting.
        """
        with self._lock:
            self._watch(self._root, self._root.path)
            self._look_into(self._root, step)

    def deafen(self) -> None:
        """Ignore all further events: the queue is about to be closed."""
        with self._lock:
            self._ended = True

    def end(self) -> None:
        """Remove the watches."""
        with self._lock:
            self._ended = True
            self._forget_within(self._root)
            self._forget(self._root)

    def again(self, place: str) -> None:
        """Reset the watches at a path below the root: another disk is mounted there, or none any more."""
        with self._lock:
            *names, name = Path(place).relative_to(self._root.path).parts
            folder: _Folder | None = self._root
            for above in names:
                folder = folder and folder.within.get(above)
            if folder:
                self._leave(folder, name)
                self._enter(folder, name)

    # Called by the queue, from its own thread:

    def on_event(self, event: Event) -> None:
        """Handle an event of one of the watches."""
        try:
            with self._lock:
                for folder in () if self._ended else tuple(self._by_watch.get(event.wd, ())):
                    self._take(folder, event.mask, os.fsdecode(event.name))
        except OSError as error:
            self._trouble(self._root.name, error)
        except Exception as error:  # the thread must go on, for the other roots
            self._trouble(self._root.name, f"events could not be understood ({error!r})")

    def on_watch_deleted(self, wd: int) -> None:
        """Handle a watch that the kernel dropped: its folder was deleted, or its disk is gone."""
        with self._lock:
            self._ids.pop(wd, None)
            for folder in () if self._ended else self._by_watch.pop(wd, ()):
                if folder is self._root:
                    self._trouble(folder.name, "")
                elif folder.above and folder.above.within.get(folder.name) is folder:
                    self._forget_within(folder)
                    del folder.above.within[folder.name]

    def on_queue_overflow(self) -> None:
        """Handle lost events, perhaps of folders that came or went: start over."""
        try:
            with self._lock:
                if self._ended:
                    return
                self._forget_within(self._root)
                self._look_into(self._root)
        except OSError as error:
            self._trouble(self._root.name, error)
        else:
            self._trouble(self._root.name, "more happened at once than the kernel could note")

    # Under the lock:

    def _take(self, folder: _Folder, mask: int, name: str) -> None:
        if not name:
            if mask & _UNMOUNT or (folder is self._root and mask & (_DELETE_SELF | _MOVE_SELF)):
                self._trouble(folder.path, "")
            return
        is_folder = bool(mask & _IS_FOLDER)
        above = folder.path
        if (path := touched(above, name, is_folder=is_folder)) is None:
            return
        if is_folder and not self._take_folder(folder, mask, name, path):
            return
        self._touch(path)

    def _take_folder(self, above: _Folder, mask: int, name: str, path: str) -> bool:
        """Set or remove watches; return whether photos may be affected."""
        if mask & _MOVED_FROM:
            self._leave(above, name)
        elif mask & (_MOVED_TO | _CREATE):
            self._enter(above, name)
        elif mask & _ATTRIB:
            # The date of a folder changes with every copy; what counts is whether it can be read again.
            if _readable(path) is (path not in self._unreadable):
                return False
            self._leave(above, name)
            self._enter(above, name)
        return True

    def _enter(self, above: _Folder, name: str) -> None:
        """Watch a folder that appeared, and all below it."""
        path = os.path.join(above.path, name)  # noqa: PTH118
        if path in self.skip:
            return
        folder = _Folder(name, above)
        known = above.within.get(name)
        try:
            self._watch(folder, path)
        except OSError as error:
            self._unwatched(path, error)
            return
        if known and known.watch == folder.watch:
            self._forget(folder)
            folder = known
        elif known:
            self._leave(above, name)
        above.within[name] = folder
        if folder is not known:
            self._look_into(folder)

    def _look_into(self, top: _Folder, step: Callable[[], None] = lambda: None) -> None:
        """Watch all folders below one that is watched: whatever appears from now on causes an event."""
        folders = [(top, top.path)]
        while folders:
            step()
            above, path = folders.pop()
            for name in self._folders_in(path):
                below = os.path.join(path, name)  # noqa: PTH118
                folder = _Folder(name, above)
                try:
                    self._watch(folder, below)
                except OSError as error:
                    self._unwatched(below, error)
                else:
                    above.within[name] = folder
                    folders.append((folder, below))

    def _folders_in(self, path: str) -> list[str]:
        try:
            with os.scandir(path) as entries:
                return [
                    entry.name
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False)
                    and not is_junk_folder(entry.name, path)
                    and entry.path not in self.skip
                ]
        except OSError as error:
            self._unwatched(path, error)
            return []

    def _unwatched(self, path: str, error: OSError) -> None:
        if isinstance(error, PermissionError):
            self._unreadable.add(path)
        elif error.errno not in _ITS_OWN:
            raise error

    def _watch(self, folder: _Folder, path: str) -> None:
        how = _ONLY_FOLDERS | _NO_LINKS if folder.above else _ONLY_FOLDERS
        self._added += 1
        identity = (id(self), self._added)  # other trees may watch the same folder
        number = self._queue.add_callback(os.fsencode(path), _WANTED | how, self, identity)
        # One folder, one callback, under however many paths it is known.
        if number in self._ids:
            self._queue.remove_callbacks([(number, self._ids[number])])
        self._ids[number] = identity
        folder.watch = number
        self._by_watch.setdefault(number, []).append(folder)
        if number == -1:
            self._forget(folder)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        if _readable(path):
            self._unreadable.discard(path)
        else:
            self._unreadable.add(path)

    def _leave(self, above: _Folder, name: str) -> None:
        folder = above.within.pop(name, None)
        if folder:
            self._forget_within(folder)
            self._forget(folder)

    def _forget_within(self, folder: _Folder) -> None:
        for each in tuple(folder.all()):
            if each is not folder:
                self._forget(each)
        folder.within.clear()

    def _forget(self, folder: _Folder) -> None:
        """Drop a watch, unless its folder is known under another path."""
        folders = self._by_watch.get(folder.watch, [])
        if folder in folders:
            folders.remove(folder)
            if not folders:
                del self._by_watch[folder.watch]
                self._queue.remove_callbacks([(folder.watch, self._ids.pop(folder.watch))])


def _readable(path: str) -> bool:
    return os.access(path, os.R_OK | os.X_OK, effective_ids=True)
