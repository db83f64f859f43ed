"""XMP export: the library's data as sidecars beside photos, or as XMP inside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import PhotoError
from indexer.intake.discover import stamp
from indexer.intake.xmp.embedded import check_embed, embed, embedded_xmp
from indexer.intake.xmp.packet import Frame, Packet, Region, XmpChange, XmpContent, write_saying
from indexer.intake.xmp.sidecar import Sidecars, new_sidecar, read_sidecar, write_sidecar
from indexer.intake.xmp.tree import BadXmp
from indexer.library.photo_rows.user_layer import OWN, TAUGHT
from indexer.library.store import Library
from indexer.library.user.export import KnownPhoto, known_photos, restamp
from indexer.values.analysis import Tag
from indexer.values.files import same_stamp

_SURE = 0.5  # score of a tag that other programs are told of by default
Paths = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Export settings: which tags, with or without the names of faces.

    min_score: 0..1, of all tags but the user's own; None: of those of models, so that taught words are exported, too.
    own_only: no other than the user's own.
    """

    min_score: float | None = None
    own_only: bool = False
    faces: bool = True
    in_place: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export for one photo.

    file: the target.  is_new: it did not exist.  change: None where it could not be written.  problem: why not,
    '' where it could.  note: why the sidecar was written though the photo itself was requested.
    """

    photo: Path
    file: Path
    is_new: bool = False
    change: XmpChange | None = None
    problem: str = ""
    note: str = ""


def export(
    library: Library, folders: Sequence[Path], wish: ExportOptions, paths: Paths, *, dry_run: bool = False
) -> Iterator[Exported]:
    """Write what is known of photos (of all, where no folder is given) and yield the result for each.

    paths: the broader words of a tag, broadest first, and itself.  dry_run: nothing is written.
    A photo without anything to export, and without a sidecar, is skipped.
    Errors: LibraryError; problems with one photo or sidecar are yielded.
    """
    beside = Sidecars()
    for batch in known_photos(library, folders):
        for photo in batch:
            if photo.is_shown:
                yield from _export(library, photo, wish, _saying(photo, wish, paths), beside, dry_run=dry_run)


def _saying(photo: KnownPhoto, wish: ExportOptions, paths: Paths) -> XmpContent:
    tags = sorted((tag for tag in photo.tags if _is_wished(tag, wish)), key=lambda tag: (-tag.score, tag.name))
    return XmpContent(
        words=tuple(
            tuple(word for word in paths.get(tag.name, (tag.name,)) if word == tag.name or not photo.lost(word))
            for tag in tags
        ),
        rating=photo.rating,
        regions=tuple(Region(face.name, face.box) for face in photo.faces if face.name and face.is_public),
    )


def _is_wished(tag: Tag, wish: ExportOptions) -> bool:
    if tag.source == OWN or wish.own_only:
        return tag.source == OWN
    if wish.min_score is None:
        return tag.source == TAUGHT or tag.score >= _SURE
    return tag.score >= wish.min_score


def _export(
    library: Library, photo: KnownPhoto, wish: ExportOptions, saying: XmpContent, beside: Sidecars, *, dry_run: bool
) -> Iterator[Exported]:
    path, note, is_inside = photo.file.path, "", False
    if wish.in_place:
        try:
            yield from _into(library, photo, wish, saying, dry_run=dry_run)
            is_inside = True
        except PhotoError as error:
            note = error.reason
    there = beside(path)
    if there or (saying != XmpContent() and not is_inside):
        target = there[0] if there else new_sidecar(path)
        yield _into_sidecar(photo, target, wish, saying, note, is_new=not there, dry_run=dry_run)


def _into_sidecar(
    photo: KnownPhoto, target: Path, wish: ExportOptions, saying: XmpContent, note: str, *, is_new: bool, dry_run: bool
) -> Exported:
    path = photo.file.path
    try:
        packet = Packet() if is_new else read_sidecar(target)
        change = write_saying(packet, saying, frame_of(photo), faces=wish.faces)
        if change.is_other and not dry_run:
            stamp(path)  # a sidecar of a missing photo would stay for ever
            write_sidecar(target, packet, path)
    except PhotoError as error:
        return Exported(path, target, is_new, problem=error.reason, note=note)
    return Exported(path, target, is_new, change, note=note)


def _into(
    library: Library, photo: KnownPhoto, wish: ExportOptions, saying: XmpContent, *, dry_run: bool
) -> Iterator[Exported]:
    path = photo.file.path
    data = embedded_xmp(path)
    if data is None and saying == XmpContent():
        return
    packet = packet_of(path, data)
    change = write_saying(packet, saying, frame_of(photo), faces=wish.faces)
    if change.is_other and dry_run:
        check_embed(path, bytes(packet))
    elif change.is_other:
        before = stamp(path)
        after, content = embed(path, bytes(packet))
        if same_stamp(before, photo.file):
            restamp(library, photo.file, after, content)
    yield Exported(path, path, change=change)


def packet_of(path: Path, data: bytes | None) -> Packet:
    """Parse the XMP inside a photo, None: none. Errors: PhotoError."""
    try:
        return Packet(data)
    except BadXmp as error:
        raise PhotoError(path, "metadata", f"its XMP was left as it is: {error}") from error


def frame_of(photo: KnownPhoto) -> Frame:
    """Return the frame that boxes in a photo are relative to."""
    return Frame(photo.width, photo.height, photo.orientation)
