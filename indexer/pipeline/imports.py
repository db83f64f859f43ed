"""XMP import: sidecars and embedded XMP into the library; results are what was new, and what could not be matched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import PhotoError
from indexer.geometry import Box
from indexer.intake.xmp.embedded import embedded_xmp
from indexer.intake.xmp.packet import Packet, Region, read_saying
from indexer.intake.xmp.sidecar import Sidecars, read_sidecar
from indexer.library.store import Library
from indexer.library.user.export import KnownPhoto, known_photos
from indexer.library.user.imports import ImportChanges, ImportedStatements, changes_to_import, people_ids, take_in
from indexer.pipeline.xmp_export import frame_of, packet_of


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import for one photo.

    rejected: another program marks it so.  problem: why a file (then `photo` is its path) could not be read.
    """

    photo: Path
    changes: ImportChanges
    rejected: bool = False
    problem: str = ""


def take(
    library: Library, folders: Sequence[Path], *, dry_run: bool = False, embedded: bool = True
) -> Iterator[Imported]:
    """Import other programs' metadata into the library, and yield what was new.

    embedded: read the photos themselves, too, not only sidecars.
    Errors: LibraryError; problems with one file are yielded.
    """
    beside = Sidecars()
    ids = people_ids(library)
    for batch in known_photos(library, folders):
        found = [each for photo in batch for each in _heard(photo, beside, ids, embedded=embedded)]
        if not dry_run:
            take_in(library, [each.changes for each in found])
            ids = people_ids(library) if any(each.changes.names for each in found) else ids
        yield from found


def _heard(photo: KnownPhoto, beside: Sidecars, ids: Mapping[str, int], *, embedded: bool) -> Iterator[Imported]:
    path = photo.file.path
    packets = [_attempt(read_sidecar, each) for each in beside(path)]
    packets += [_attempt(_inside, path)] if embedded else []
    failed = [each for each in packets if isinstance(each, PhotoError)]
    yield from (Imported(each.path, ImportChanges(photo.id), problem=each.reason) for each in failed)
    said = [read_saying(each, frame_of(photo)) for each in packets if isinstance(each, Packet)]
    rating = next((each.rating for each in said if each.rating), None)
    heard = ImportedStatements(
        words=tuple(dict.fromkeys(path[-1] for each in said for path in each.words)),
        rating=rating if rating is None or rating > 0 else None,
        names=_once([region for each in said for region in each.regions]),
    )
    new = changes_to_import(photo, heard, ids)
    if new or new.refused or (rating or 0) < 0:
        yield Imported(path, new, rejected=(rating or 0) < 0)


def _attempt(read: Callable[[Path], Packet | None], path: Path) -> Packet | PhotoError | None:
    try:
        return read(path)
    except PhotoError as error:
        return error


def _inside(path: Path) -> Packet | None:
    data = embedded_xmp(path)
    return None if data is None else packet_of(path, data)


def _once(regions: Sequence[Region]) -> tuple[tuple[str, Box], ...]:
    """Return each face once, though several files or forms of XMP name it."""
    kept: list[Region] = []
    for region in regions:
        if not any(each.name == region.name and each.box.overlap(region.box) > 0 for each in kept):
            kept.append(region)
    return tuple((each.name, each.box) for each in kept)
