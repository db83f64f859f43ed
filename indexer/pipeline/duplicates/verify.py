"""Verification of copies before they are removed: the file to keep exists right now, and is still the same picture."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path

from indexer.errors import PhotoError
from indexer.intake.discover import stamp
from indexer.library.similar.similar import IDENTICAL, Copy, CopyGroup
from indexer.values.files import same_stamp


class Unsafe(StrEnum):
    """The reason why a file is not safe to remove."""

    NO_BEST = "with a best file that cannot be read"
    NO_FILE = "that cannot be read"
    SAME_FILE = "that are the best file under another name"
    CHANGED = "that changed since the scan, or whose best file did"
    OTHER_BYTES = "that are no longer identical to the best file"


@dataclass(frozen=True, slots=True)
class Checked:
    """Copy groups whose copies are safe to remove, and how many files were left out for each reason."""

    groups: tuple[CopyGroup, ...]
    left_out: Mapping[Unsafe, int]


def checked(groups: Sequence[CopyGroup]) -> Checked:
    """Leave out of groups the copies that cannot be confirmed right now, and groups without any left.

    The best of a group must be a readable file, and another one than the copy (no link to it). Where the two
    had the same bytes both are read: they must have the same bytes now. Otherwise neither may have changed since the
    scan.
    """
    bests = {_identity(group.best.path) for group in groups}
    left_out: Counter[Unsafe] = Counter()
    kept = []
    for group in groups:
        digest = cache(_digest)  # the best is read once
        doubts = [_doubt(group.best, other, digest, bests) for other in group.others]
        left_out.update(doubt for doubt in doubts if doubt is not None)
        others = tuple(other for other, doubt in zip(group.others, doubts, strict=True) if doubt is None)
        if others:
            kept.append(replace(group, others=others))
    return Checked(tuple(kept), left_out)


def _doubt(
    best: Copy, other: Copy, digest: Callable[[Path], bytes | None], bests: set[tuple[int, int] | None]
) -> Unsafe | None:
    """Return why a file is not safe to remove, None where it is."""
    if _identity(best.path) is None:
        return Unsafe.NO_BEST
    if (mine := _identity(other.path)) is None:
        return Unsafe.NO_FILE
    if mine in bests:
        return Unsafe.SAME_FILE
    if other.kind != IDENTICAL:
        return None if _is_unchanged(best) and _is_unchanged(other) else Unsafe.CHANGED
    if (kept := digest(best.path)) is None:
        return Unsafe.NO_BEST
    return None if digest(other.path) == kept else Unsafe.OTHER_BYTES


def _identity(path: Path) -> tuple[int, int] | None:
    """Return a key that is equal for all names of one file; None where there is no ordinary file."""
    try:
        stamp(path)
        found = path.stat()
    except (PhotoError, OSError):
        return None
    return found.st_dev, found.st_ino


def _is_unchanged(copy: Copy) -> bool:
    try:
        now = stamp(copy.path)
        with copy.path.open("rb"):
            return same_stamp(now, copy, ctime=False)
    except (PhotoError, OSError):
        return False


def _digest(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError:
        return None
