"""Folder watch: passes touched paths to Settling, and reports which folders may have missed events.

A path says only where something happened. A superfluous path does no harm, a missed one would: whatever the system
cannot guarantee is returned by `lost`, to be compared as a whole.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self, TypeAlias

from indexer.intake.mounts import Mount, blind_parts, blind_reason, is_elsewhere, mount_of, nested
from indexer.intake.mounts import mounts as mounted
from indexer.intake.watch.limits import advice
from indexer.intake.watch.open_source import native
from indexer.intake.watch.settle import Settling
from indexer.intake.watch.sources import Source, Touch, Trouble

_NOT_THERE = "it is not there"

_Identity: TypeAlias = tuple[int, int, bool] | None  # device, inode, readable


@dataclass(frozen=True, slots=True)
class Watched:
    """How a folder is watched, 'events' or 'polling', and why.

    'polling': there are no events; the caller compares the folder with the library at intervals.
    """

    folder: Path
    how: str
    reason: str


@dataclass(slots=True)
class _Followed:
    how: str = "polling"
    reason: str = _NOT_THERE
    identity: _Identity = None
    disks: dict[Path, Mount] | None = None
    blind: tuple[Watched, ...] = ()
    refused: bool = False
    told: str = ""  # why it was refused, reported once
    stale: bool = False


class Watch:
    """A watcher of folders, by the system's events wherever these are reliable.

    settling: receives each path that was touched (from another thread).  on_notice: receives a folder and a note
    on how it is watched, in the calling thread.  mode: 'auto' leaves disks whose events are
    incomplete to polling, 'events' trusts all, 'polling' none.  on_step: called for each folder while watches are set;
    what it raises ends that.
    All but `wait` and `wake` is for one thread.
    """

    def __init__(
        self,
        settling: Settling,
        on_notice: Callable[[Path, str], None],
        *,
        mode: str = "auto",
        mounts: Callable[[], tuple[Mount, ...]] = mounted,
        source: Callable[[Touch, Trouble], Source] | None = None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_step = on_step
        self._settling, self._on_notice, self._mode, self._mounts = settling, on_notice, mode, mounts
        self._new_source = source or native
        self._source: Source | None = None
        self._roots: dict[Path, _Followed] = {}
        self._lost: dict[Path, None] = {}
        self._troubles: deque[tuple[str, str, str | OSError]] = deque()
        self._touched = Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def follow(self, folders: Sequence[Path]) -> tuple[Watched, ...]:
        """Begin, or change to other folders, by absolute paths; what could not be watched before is tried again.

        After it returns, no change is missed: compare a folder that is new here after this.
        """
        wanted = {Path(os.path.abspath(folder)): None for folder in folders}  # noqa: PTH100
        for root in [root for root in self._roots if root not in wanted]:
            self._end(root)
            del self._roots[root]
        for root in wanted:
            before = self._roots.get(root)
            if before is None or before.refused:
                self._begin(root)
                if before and self._roots[root].how == "events":
                    self._lost[root] = None
        self._roots = {root: self._roots[root] for root in wanted}
        return self.watched()

    def watched(self) -> tuple[Watched, ...]:
        """Return how each folder is watched now; a part that is watched in another way follows its folder."""
        return tuple(
            each for root, how in self._roots.items() for each in (Watched(root, how.how, how.reason), *how.blind)
        )

    def lost(self) -> list[Path]:
        """Check the folders; return those, or parts, whose events may have been missed: outermost only, each once.

        The queue overflowed, the folder vanished, came back or was replaced, a disk was mounted or
        unmounted below it (all folders, where the disk is to be seen elsewhere, too), or its events ceased.
        Costs one stat of each folder and one read of the mount table: call it every few seconds.
        """
        self._take_troubles()
        if self._source and not self._source.alive():
            self._restart()
        table = self._mounts()
        for root in tuple(self._roots):
            self._look_at(root, table)
        lost, self._lost = self._lost, {}
        return [place for place in lost if lost.keys().isdisjoint(place.parents)]

    def wait(self, seconds: float) -> None:
        """Sleep; return early when something was touched or lost since the last wait."""
        self._touched.wait(seconds)
        self._touched.clear()

    def wake(self) -> None:
        """Let `wait` return; safe from any thread."""
        self._touched.set()

    def close(self) -> None:
        """Stop watching and end all threads."""
        self._roots.clear()
        if self._source:
            self._source.close()
            self._source = None

    # From the threads of a source:

    def _touch(self, path: str) -> None:
        self._settling.touch(Path(path))
        self._touched.set()

    def _trouble(self, root: str, place: str, problem: str | OSError) -> None:
        self._troubles.append((root, place, problem))
        self._touched.set()

    # From the thread that calls:

    def _begin(self, root: Path) -> None:
        """Start to watch a root in whatever way is possible."""
        table = self._mounts()
        before = self._roots.get(root)
        followed = self._roots[root] = _Followed(identity=_identity(root), disks=nested(root, table))
        followed.told = before.told if before else ""
        if followed.identity is None:
            return
        if self._mode == "polling":
            followed.reason = "as configured"
        elif reason := self._mode == "auto" and blind_reason(root, table):
            followed.reason = reason
        else:
            self._blind(root, followed, table)
            try:
                self._source = self._source or self._new_source(self._touch, self._trouble)
                self._source.begin(str(root), _skip(followed), self._on_step)
            except OSError as error:
                self._give_up(root, error)
            else:
                followed.how, followed.reason, followed.told = "events", self._trust(root, table), ""

    def _trust(self, root: Path, table: Sequence[Mount]) -> str:
        mount = mount_of(root, table)
        kind = mount.kind if mount and mount.kind else "the system"
        return f"{kind} tells of every change" if self._mode == "auto" else "as configured"

    def _blind(self, root: Path, followed: _Followed, table: Sequence[Mount]) -> None:
        if self._mode == "auto":
            followed.blind = tuple(Watched(part, "polling", reason) for part, reason in blind_parts(root, table))

    def _end(self, root: Path) -> None:
        if self._source and self._roots[root].how == "events":
            self._source.end(str(root))
        self._pass_over(root, [root])

    def _pass_over(self, root: Path, places: Sequence[Path]) -> None:
        """Discard errors of places that are watched anew: their cause is known."""
        for _ in range(len(self._troubles)):
            trouble = self._troubles.popleft()
            if trouble[0] != str(root) or not any(Path(trouble[1]).is_relative_to(place) for place in places):
                self._troubles.append(trouble)

    def _give_up(self, root: Path, error: OSError) -> None:
        """Switch a root to polling, and free its watches for others."""
        followed = self._roots[root]
        if self._source:
            self._source.end(str(root))
        if followed.how == "events":
            self._lost[root] = None
        followed.how, followed.reason, followed.blind = "polling", advice(error), ()
        followed.refused = True
        if followed.told != followed.reason:
            followed.told = followed.reason
            self._on_notice(root, followed.reason)

    def _take_troubles(self) -> None:
        while self._troubles:
            root, place, problem = self._troubles.popleft()
            followed = self._roots.get(Path(root))
            if followed is None or followed.how != "events":
                continue
            self._lost[Path(place)] = None
            if isinstance(problem, OSError):
                self._give_up(Path(root), problem)
            elif problem:
                self._on_notice(Path(root), f"{problem}; it is compared as a whole")
            elif place == root:
                followed.stale = True  # a new folder may well get the old one's inode

    def _restart(self) -> None:
        """Start over after the thread of the source died."""
        assert self._source
        self._source.close()
        self._source = None
        for root, followed in tuple(self._roots.items()):
            if followed.how == "events":
                self._on_notice(root, "events ceased to come; they are set up again, and it is compared as a whole")
                followed.how = "polling"
                self._begin(root)
                self._lost[root] = None

    def _look_at(self, root: Path, table: Sequence[Mount]) -> None:
        followed = self._roots[root]
        if (identity := _identity(root)) != followed.identity or followed.stale:
            self._end(root)
            self._begin(root)
            self._lost[root] = None
            self._on_notice(root, _news(followed, identity))
            return
        disks = nested(root, table)
        before = followed.disks or {}
        if changed := [place for place in {**before, **disks} if before.get(place) != disks.get(place)]:
            followed.disks = disks
            mounts = [each for place in changed for each in (before.get(place), disks.get(place)) if each]
            if any(is_elsewhere(mount, table) for mount in mounts):  # its photos may be found by another path now
                self._lost |= dict.fromkeys(self._roots)
            self._take_up(root, followed, sorted(changed), table)

    def _take_up(self, root: Path, followed: _Followed, places: Sequence[Path], table: Sequence[Mount]) -> None:
        """Watch the parts of a root where disks were mounted or unmounted."""
        self._lost |= dict.fromkeys(places)
        if followed.how != "events" or not self._source:
            return
        self._blind(root, followed, table)
        try:
            for place in places:
                self._source.again(str(root), str(place), _skip(followed))
        except OSError as error:
            self._give_up(root, error)
        self._pass_over(root, places)


def _skip(followed: _Followed) -> frozenset[str]:
    return frozenset(str(part.folder) for part in followed.blind)


def _news(before: _Followed, identity: _Identity) -> str:
    if identity is None:
        return _NOT_THERE
    return "it is there again" if before.reason == _NOT_THERE else "it is not the folder that it was"


def _identity(root: Path) -> _Identity:
    try:
        stat = root.stat()
    except (OSError, ValueError):
        return None
    readable = os.access(root, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)
    return stat.st_dev, stat.st_ino, readable
