"""JSON records of similar photos and groups of copies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from indexer.records.plain import PhotoPathRecord, is_in, path_record, rounded

if TYPE_CHECKING:
    from indexer.library.similar.similar import Copy, CopyGroup, SimilarPhoto


class SimilarPhotoRecord(PhotoPathRecord):
    """A photo and its similarity, 1 for the same picture. away: its folder is not available."""

    score: float
    away: bool


class CopyRecord(PhotoPathRecord):
    """A photo of a group. kind: 'identical' (same bytes as the best) or 'near'; score: similarity to the best."""

    kind: str
    score: float
    width: int
    height: int
    bytes: int


class OthersRecord(TypedDict):
    """The files of a group except the best."""

    others: list[CopyRecord]


class GroupRecord(OthersRecord):
    """A group of duplicates: the best file, and the others, best first."""

    best: CopyRecord


def likeness_record(each: SimilarPhoto, away: Sequence[Path] = ()) -> SimilarPhotoRecord:
    """Return a photo and its similarity. away: folders that are not available now."""
    is_away = is_in(each.path, away)
    return {"photo": each.number, **path_record(each.path), "score": rounded(each.score), "away": is_away}


def group_record(group: CopyGroup) -> GroupRecord:
    """Return a group of copies."""
    return {"best": copy_record(group.best), **others_record(group)}


def others_record(group: CopyGroup) -> OthersRecord:
    """Return a group without its best."""
    return {"others": [copy_record(copy) for copy in group.others]}


def copy_record(copy: Copy) -> CopyRecord:
    """Return a photo of a group."""
    return {
        "photo": copy.number,
        **path_record(copy.path),
        "kind": copy.kind,
        "score": rounded(copy.score),
        "width": copy.width,
        "height": copy.height,
        "bytes": copy.size,
    }
