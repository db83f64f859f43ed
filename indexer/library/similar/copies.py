"""Copy groups: the best file of each picture, and the files that are copies of it."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Row

from indexer.library.similar.bursts import are_burst

IDENTICAL, NEAR = "identical", "near"
_MOST_COMPARED = 100  # candidates for one photo, where very many look like it
# Formats that cameras and scanners write; other programs mostly write other ones.
_ORIGINALS = ("raw", "dng", "tiff", "heif", "heic", "avif")

Link: TypeAlias = tuple[str, float]  # kind, score
Links: TypeAlias = Mapping[tuple[int, int], Link]


class Compare(Protocol):
    """The interface of a pixel comparison of photos."""

    def __call__(self, one: Path, others: Sequence[Path], *, exact: bool) -> Sequence[bool]:
        """Return for each of the others whether it shows the same picture; False where a file cannot be read.

        exact: only the same pixels, encoded again, count, not scaled, cropped or relit ones.
        """
        ...


@dataclass(frozen=True, slots=True)
class Copy:
    """A photo of a copy group.

    kind: 'identical' (the same bytes as the best) or 'near'.  score: the cosine of the embeddings, to the best of the
    group, 1 for the same picture.  number: the photo's row id.  size, mtime_ns: the stamp of the file when it was
    scanned.
    """

    path: Path
    kind: str
    score: float
    width: int
    height: int
    size: int
    number: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class CopyGroup:
    """Photos that are copies of one picture: the best file, and its copies, best first."""

    best: Copy
    others: tuple[Copy, ...]


def rank(row: Row[Any], path: bytes) -> tuple[Any, ...]:
    """Return the sort key of the files of a group: the lowest is the best.

    More pixels, then a format that cameras write, more bytes, an earlier date, a shorter path, the path.
    """
    pixels = (row.width or 0) * (row.height or 0)
    foreign = not (row.format or "").lower().startswith(_ORIGINALS)
    return -pixels, foreign, -row.size, row.taken_at or "9", len(path), path


class Grouping:
    """The grouping of photos into copy groups, from the best file on: a copy of it is in no other group.

    rows, paths: of photos by their row ids.  links: pairs that may be copies.  compare: decides about those whose bytes
    differ; None: the stored data decides.
    """

    def __init__(
        self, rows: Mapping[int, Row[Any]], paths: Mapping[int, bytes], links: Links, compare: Compare | None
    ) -> None:
        self._rows, self._paths, self._compare = rows, paths, compare
        self._near: defaultdict[int, dict[int, Link]] = defaultdict(dict)
        for (photo, other), link in links.items():
            if photo in rows and other in rows:
                self._near[photo][other] = self._near[other][photo] = link

    def groups(self) -> Iterator[CopyGroup]:
        """Yield the groups, each of at least two files."""
        left = dict.fromkeys(self._ranked(self._rows))
        for best in list(left):
            if best not in left:
                continue
            del left[best]
            others = self._ranked(self._copies_of(best, [photo for photo in self._near[best] if photo in left]))
            for other in others:
                del left[other]
            if others:
                copies = tuple(self._copy(other, self._near[best][other]) for other in others)
                yield CopyGroup(self._copy(best, (IDENTICAL, 1.0)), copies)

    def _ranked(self, photos: Mapping[int, Any] | Sequence[int]) -> list[int]:
        return sorted(photos, key=lambda photo: rank(self._rows[photo], self._paths[photo]))

    def _copies_of(self, best: int, photos: Sequence[int]) -> list[int]:
        links = self._near[best]
        same = [photo for photo in photos if links[photo][0] == IDENTICAL]
        near = sorted((photo for photo in photos if links[photo][0] == NEAR), key=lambda photo: -links[photo][1])
        burst = [photo for photo in near if are_burst(self._rows[best], self._rows[photo])]
        rest = [photo for photo in near if photo not in set(burst)]
        if self._compare is None:
            return same + rest
        return same + self._confirmed(best, rest, exact=False) + self._confirmed(best, burst, exact=True)

    def _confirmed(self, best: int, photos: Sequence[int], *, exact: bool) -> list[int]:
        assert self._compare is not None
        some = photos[:_MOST_COMPARED]
        if not some:
            return []
        return list(compress(some, self._compare(self._path(best), [self._path(photo) for photo in some], exact=exact)))

    def _path(self, photo: int) -> Path:
        return Path(os.fsdecode(self._paths[photo]))

    def _copy(self, photo: int, link: Link) -> Copy:
        row = self._rows[photo]
        return Copy(self._path(photo), *link, row.width or 0, row.height or 0, row.size, row.id, row.mtime_ns)
