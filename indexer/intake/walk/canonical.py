"""Canonical paths: of the names of one folder, the one by which a walk of some roots finds it.

It is the path without symbolic links that passes the fewest mounts below its root, and on which nothing is excluded
(ignore files, junk folders). A folder that has none is found by the names that it has.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from indexer.intake.ignore import Ignore
from indexer.intake.names import is_junk_folder, may_be_photo
from indexer.intake.walk.bind_mounts import MountPlace, MountTree, is_below

_Rank = tuple[int, int, int]


class CanonicalPaths:
    """The canonical paths below some roots.

    roots: absolute, without links.  tree: the mounts, as they were when the walk began.
    """

    def __init__(self, roots: Sequence[str], tree: MountTree) -> None:
        self._roots, self._tree = tuple(roots), tree
        self._towards = _towards(tree.points)
        self._rules: dict[str, Ignore | None] = {}
        self._other: dict[tuple[str, bool], str | None] = {}

    def place(self, real: str) -> MountPlace:
        """Return the location of a path without links."""
        return self._tree.place(real)

    def is_mounted(self, real: str) -> bool:
        """Return whether something is mounted at a path."""
        return real in self._tree.points

    def mounts_below(self, folder: str) -> Collection[str]:
        """Return the names in a folder on which, or below which, something is mounted."""
        return self._towards.get(folder, frozenset())

    def differences(self, real: str, other: str) -> Collection[str]:
        """Return the names in one folder with two paths that, due to mounts, lead to different things."""
        return frozenset() if real == other else {*self.mounts_below(real), *self.mounts_below(other)}

    def may_have_others(self, real: str) -> bool:
        """Return whether a folder, or another on the same mount, may be found by another path than this."""
        mount = self._tree.covering(real)
        if mount is None or self._tree.is_only(mount):
            return False
        rank = self._rank(real)
        return rank is None or rank[0] > 0 or not self._tree.is_first(mount)

    def other(self, real: str, *, linked: bool = False) -> str | None:
        """Return the path by which a folder is found instead of this one, None where it is found by this one.

        linked: it was reached through a symbolic link, so that even its own path is another.
        """
        key = real, linked
        if key not in self._other:
            self._other[key] = None  # while it is being determined
            names = self._better(real, linked) if linked or self.may_have_others(real) else []
            self._other[key] = next((name for name in names if self._entered(name) is not None), None)
        return self._other[key]

    def other_file(self, real: str, *, linked: bool = False) -> str | None:
        """Return the path by which a file is found instead of this one."""
        return next((name for name in self._better(real, linked) if self._has_file(name)), None)

    def best(self, real: str) -> str:
        """Return the canonical path of a folder, or the path as it is where there is none."""
        return self.other(real, linked=True) or real

    def _better(self, real: str, linked: bool) -> list[str]:
        names = sorted((rank, name) for name in self._tree.paths(self.place(real)) if (rank := self._rank(name)))
        better = [name for _, name in names]
        return better if linked or real not in better else better[: better.index(real)]

    def _rank(self, real: str) -> _Rank | None:
        """Return the sort key of the names of one location; None for one that lies in no root."""
        root = next((root for root in self._roots if is_below(real, root)), None)
        if root is None:
            return None
        mounts = self._tree.passed(real)
        crossed = sum(os.fspath(mount.place) != root and is_below(os.fspath(mount.place), root) for mount in mounts)
        return (crossed, *(self._tree.rank(mounts[-1]) if mounts else (0, 0)))

    def _has_file(self, real: str) -> bool:
        folder, name = os.path.split(real)
        rules = self._entered(folder)
        return rules is not None and may_be_photo(name) and not rules(real)

    def _entered(self, real: str) -> Ignore | None:
        """Return the rules that hold in a folder, None where it is not found by this path."""
        rules = self._passed(real)
        return None if rules is None or self.other(real) else rules

    def _passed(self, real: str) -> Ignore | None:
        """Return the rules that hold in a folder, None where a walk does not pass through it."""
        if real not in self._rules:
            self._rules[real] = None  # while it is being determined
            self._rules[real] = self._pass(real)
        return self._rules[real]

    def _pass(self, real: str) -> Ignore | None:
        rules = Ignore() if real in self._roots else self._rules_above(real)
        try:
            return rules and rules.entered(real, os.listdir(real), lambda *_: None)  # noqa: PTH208 - names only
        except OSError:
            return None

    def _rules_above(self, real: str) -> Ignore | None:
        folder, name = os.path.split(real)
        rules = self._passed(folder) if any(is_below(real, root) for root in self._roots) else None
        if rules is None or is_junk_folder(name, folder) or rules(real, is_folder=True):
            return None
        other = self.other(folder)
        return rules if other is None or name in self.differences(folder, other) else None


def _towards(points: Iterable[str]) -> dict[str, set[str]]:
    """Return, for each folder above a mount, the next names on the path to it."""
    names: dict[str, set[str]] = {}
    for point in points:
        above, name = os.path.split(point)
        while name:
            names.setdefault(above, set()).add(name)
            above, name = os.path.split(above)
    return names


def canonical_folders(folders: Sequence[Path], known: Sequence[Path], tree: MountTree) -> list[Path]:
    """Return the paths by which folders are known: each folder once, by the path below a known root if it has one."""
    real = [os.path.realpath(folder) for folder in folders]
    below = CanonicalPaths([os.path.realpath(root) for root in known], tree)
    real = [below.best(each) for each in real]
    among = CanonicalPaths(real, tree)
    return [Path(each) for each in dict.fromkeys(map(among.best, real))]
