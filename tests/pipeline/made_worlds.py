"""Folders of made-up photos in which people rename, swap, copy, edit, unplug; and what must be true of a library then.

A photo's bytes say which photo it is and how often it was edited; what the models "see" follows from these alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from indexer.library.db.user_tables import own_tags
from indexer.library.photo_rows.write_analysis import upsert
from indexer.library.roots import add_root, relocate_folder
from indexer.library.store import Library
from indexer.library.user import own_tags as own
from indexer.values.analysis import Analysis, Evidence, ModelIds, Tag
from indexer.values.files import Hashes, Metadata, PhotoFile, PixelStats
from indexer.values.outcomes import Failed, Indexed, Skipped

NAMES = ("p1.jpg", "p2.jpg", "p3.jpg", "p4.jpg", "x/p1.jpg")
ROOTS = ("one", "two")
_LONG_AGO = 1_500_000_000
_IS_PHOTO = re.compile(rb"photo (\d+) edit (\d+) *")
_SIZE = 40  # bytes of every file: sizes tell nothing


class Killed(BaseException):
    """The process is gone."""


def made_bytes(photo: int, edit: int) -> bytes:
    """Return the bytes of a photo that was edited so often."""
    return (b"photo %d edit %d" % (photo, edit)).ljust(_SIZE)


def photo_in(data: bytes) -> int:
    """Return which photo some bytes are of."""
    found = _IS_PHOTO.match(data)
    assert found is not None, data
    return int(found[1])


def seen_in(data: bytes) -> Analysis:
    """Return what the models see: edited versions of one photo look alike, no two photos do."""
    photo = photo_in(data)
    random = np.random.default_rng(photo)
    looks = random.bytes(8), random.normal(size=32).astype("<f2").tobytes()
    return Analysis(
        Metadata("JPEG", 4, 3),
        Hashes(hashlib.sha256(data).digest(), looks[0]),
        PixelStats(0.5, 0.5, 0.5, 0.5),
        (Evidence("made-1", b""),),
        (Tag(data.decode().strip(), 0.9, "made"),),
        (),
        looks[1],
        ("made-1",),
    )


class MadePool:
    """What workers do, at once; kills the process where it is told to."""

    model_ids = ModelIds(("made-1",))
    busy = 0

    def __init__(self) -> None:
        self.read: list[Path] = []
        self.dies_after: int | None = None

    def warm(self) -> None: ...

    def rest(self) -> None: ...

    def outcomes(self, files: Sequence[PhotoFile], _: Any = None) -> Iterator[list[Indexed | Failed | Skipped]]:
        for file in files:
            if self.dies_after is not None and len(self.read) >= self.dies_after:
                raise Killed
            try:
                data, stat = file.path.read_bytes(), file.path.stat()
            except OSError:
                continue
            self.read.append(file.path)
            if not _IS_PHOTO.match(data):  # a daemon's sentinel
                yield [Skipped(file)]
                continue
            yield [Indexed(_stamped(file, stat), seen_in(data))]


def _stamped(file: PhotoFile, stat: os.stat_result) -> PhotoFile:
    from dataclasses import replace

    return replace(file, size=stat.st_size, mtime_ns=stat.st_mtime_ns, ctime_ns=stat.st_ctime_ns)


class World:
    """Two roots of photos, a library, and what was said of each photo.

    said: word → the photo that it was said of.  hidden: photos that were hidden.
    """

    def __init__(self, top: Path, library: Library, seed: int) -> None:
        self.top, self.library, self.random = top, library, Random(seed)
        self.said: dict[str, int] = {}
        self.hidden: set[int] = set()
        self.roots = {name: top / name for name in ROOTS}
        self.away: set[str] = set()
        self._photos, self._words, self._times = count(1), count(1), count(_LONG_AGO)
        self._edits = count(1)
        for root in self.roots.values():
            root.mkdir(parents=True)
            add_root(library, root)
            for name in NAMES[::2]:
                self.create(root / name)

    def path(self, root: str, name: str) -> Path:
        """Return a path in a root, with its folder; a root that is away has no paths."""
        return self.roots[root] / name

    def is_there(self, *paths: Path) -> bool:
        """Tell whether all these are files in roots that are there."""
        return all(path.is_file() for path in paths)

    def can_hold(self, path: Path) -> bool:
        """Tell whether a file may be put there."""
        return not any(path.is_relative_to(self.roots[name]) for name in self.away) and not path.is_dir()

    def files(self) -> dict[Path, bytes]:
        """Return all photos that are there."""
        found: dict[Path, bytes] = {}
        for name, root in self.roots.items():
            if name not in self.away:
                found |= {path: path.read_bytes() for path in sorted(root.rglob("*.jpg")) if path.is_file()}
        return found

    # What people do

    def create(self, path: Path) -> None:
        """Let a camera write a new photo, perhaps under a name that another one has."""
        self._write(path, made_bytes(next(self._photos), 0))

    def edit(self, path: Path, *, keep_stamp: bool) -> None:
        """Edit a photo in place; keep_stamp: as `exiftool -P` does."""
        stat = path.stat()
        self._write(path, made_bytes(photo_in(path.read_bytes()), next(self._edits)))
        if keep_stamp:
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def exchange(self, paths: Sequence[Path]) -> None:
        """Rotate the names of some photos: the first gets the name of the second …, the last that of the first."""
        aside = [path.with_name(f"{path.name}.aside") for path in paths]
        for path, away in zip(paths, aside, strict=True):
            path.rename(away)
        for away, path in zip(aside, [*paths[1:], paths[0]], strict=True):
            away.rename(path)

    def move(self, path: Path, new: Path) -> None:
        """Rename a photo, perhaps over another one."""
        new.parent.mkdir(exist_ok=True)
        path.replace(new)

    def copy(self, path: Path, new: Path, *, with_times: bool) -> None:
        """Copy a photo, perhaps over another one."""
        if path != new:
            new.parent.mkdir(exist_ok=True)
            (shutil.copy2 if with_times else shutil.copy)(path, new)

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        now = next(self._times)
        os.utime(path, (now, now))

    def say(self, path: Path) -> None:
        """Give a photo that the library knows as it is a word of its own."""
        word = f"word {next(self._words)}"
        own.add_tag(self.library, word, [path])
        self.said[word] = photo_in(path.read_bytes())

    def say_of_all(self, paths: Sequence[Path]) -> None:
        """Give each of some photos a word of its own; without the change log, which would take most of the time."""
        with self.library.writing() as connection:
            for path in paths:
                word = f"word {next(self._words)}"
                photo = own.photo_ids(connection, [path])[0]
                upsert(connection, own_tags, ["photo_id", "tag_id"], [_own(photo, own.tag_id(connection, word))])
                self.said[word] = photo_in(path.read_bytes())

    def hide(self, path: Path) -> None:
        """Hide a photo."""
        own.hide(self.library, [path])
        self.hidden.add(photo_in(path.read_bytes()))

    def unplug(self, root: str, *, leaves_mount_point: bool) -> None:
        """Let the disk of a root be away."""
        self.roots[root].rename(self.top / f"{root} unplugged")
        self.away.add(root)
        if leaves_mount_point:
            self.roots[root].mkdir()
            os.utime(self.roots[root], (_LONG_AGO, _LONG_AGO))

    def plug(self, root: str) -> None:
        """Let the disk be there again."""
        if self.roots[root].exists():
            self.roots[root].rmdir()
        (self.top / f"{root} unplugged").rename(self.roots[root])
        self.away.discard(root)

    def relocate(self, root: str, number: int) -> None:
        """Rename the folder of a root, and say so."""
        old, new = self.roots[root], self.top / f"{root}-{number}"
        old.rename(new)
        self.roots[root] = new
        relocate_folder(self.library, old, new)

    # What must be true

    def rows(self) -> list[Mapping[str, Any]]:
        """Return all photos that the library knows, with their paths and words."""
        query = (
            "SELECT photos.*, CAST(roots.path || photos.path AS BLOB) AS whole, (SELECT group_concat(tags.name, '|') "
            "FROM own_tags JOIN tags ON tags.id = tag_id WHERE photo_id = photos.id AND wanted = 1) AS words "
            "FROM photos JOIN roots ON roots.id = root_id"
        )
        with self.library.reading() as connection:
            return [
                {**row, "whole": Path(os.fsdecode(row["whole"])), "words": set((row["words"] or "").split("|")) - {""}}
                for row in connection.exec_driver_sql(query).mappings()
            ]

    def known(self) -> dict[Path, Mapping[str, Any]]:
        """Return what the library knows of the photos that are there."""
        return {row["whole"]: row for row in self.rows() if row["missing_since"] is None}

    def check_said(self, photo_of: Mapping[bytes, int]) -> None:
        """Whatever happened: nothing that was said is lost, and nothing was given to another photo."""
        rows = self.rows()
        for word, photo in self.said.items():
            owners = {photo_of[row["content_hash"]] for row in rows if word in row["words"]}
            assert owners == {photo}, f"{word!r} was said of photo {photo}, and is with {owners}"
        hidden = {photo_of[row["content_hash"]] for row in rows if row["is_hidden"]}
        assert hidden == self.hidden, f"hidden were {self.hidden}, and are {hidden}"

    def check_seen(self) -> None:
        """After a comparison: every file is known by its bytes, and nothing else is there."""
        files = self.files()
        there = {
            path: row
            for path, row in self.known().items()
            if not any(path.is_relative_to(self.roots[name]) for name in self.away)
        }
        assert there.keys() == files.keys()
        for path, data in files.items():
            row = there[path]
            assert row["content_hash"] == hashlib.sha256(data).digest(), f"{path} is known by other bytes"


def expected_words(
    files: Mapping[Path, bytes], before: Sequence[Mapping[str, Any]], photo_of: Mapping[bytes, int]
) -> dict[Path, list[set[str]]]:
    """Return which words each file may have after a comparison; before: the rows before it.

    Bytes that were known have the words that they had. New ones have those of the photo under their path, if they are
    an edited version of it; unless its old bytes came to another place, and it may be the one that is there now.
    """
    by_content: dict[bytes, list[set[str]]] = {}
    at: dict[Path, Mapping[str, Any]] = {}
    for row in before:
        by_content.setdefault(row["content_hash"], []).append(row["words"])
        if not row.get("replaced"):
            at[row["whole"]] = row
    hashes = {path: hashlib.sha256(data).digest() for path, data in files.items()}
    expected: dict[Path, list[set[str]]] = {}
    for path, data in files.items():
        known, old = by_content.get(hashes[path]), at.get(path)
        if known is not None:
            expected[path] = known
        elif old is not None and photo_of[old["content_hash"]] == photo_in(data):
            came = any(
                content == old["content_hash"] and (other not in at or at[other]["content_hash"] != content)
                for other, content in hashes.items()
            )
            expected[path] = [old["words"], *([set()] if came else [])]
        else:
            expected[path] = [set()]
    return expected


def _own(photo: int, tag: int) -> dict[str, int]:
    return {"photo_id": photo, "tag_id": tag, "wanted": 1}
