"""`indexer show`, `tags`, `failures`: the details of a photo, and lists of tags and failures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from indexer.cli.output import Format, FormatOption, present, table, write_json
from indexer.cli.session import Session, command
from indexer.errors import LibraryError, printable
from indexer.records.browse import failure_record
from indexer.records.photo import shown_record
from indexer.values.analysis import model_name


class Stage(StrEnum):
    """The stages at which indexing a photo can fail."""

    READ = "read"  # its bytes are read
    IDENTIFY = "identify"  # its format is detected
    METADATA = "metadata"  # EXIF, GPS and XMP are read
    DECODE = "decode"  # it is decoded
    ANALYZE = "analyze"  # the models analyze it


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app, "show")(show)
    command(app, "tags")(tags)
    command(app, "failures")(failures)


def show(
    session: Session,
    file: Annotated[Path, typer.Argument(help="Photo in the library.")],
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """Show everything that is known about a photo."""
    from indexer.library.report import details
    from indexer.library.user.own_tags import said

    path = file.parent.resolve() / file.name
    with session.open_library() as library:
        known = details(library, path)
        if known is None:
            raise LibraryError(file, "is not in the library; scan its folder first: indexer scan FOLDER")
        record = shown_record(known, said(library, path))
    match format:
        case Format.TABLE:
            table(list(_facts(record)))
        case Format.JSON:
            write_json(record, indent=2)
        case _:
            present([record], format, lambda each: each, {}, lambda _: [known.file.path])


def tags(session: Session, format: FormatOption = Format.TABLE) -> None:  # noqa: A002
    """List all tags, and the number of photos with each."""
    from indexer.library.report import tag_counts

    with session.open_library() as library:
        counts = tag_counts(library)
    present(
        counts,
        format,
        record=asdict,
        columns={"photos": lambda each: f"{each.photos:>7,}", "tag": lambda each: each.name},
        paths=lambda _: [],
    )


def failures(
    session: Session,
    stage: Annotated[Stage | None, typer.Option(help="Only photos that failed at this stage.")] = None,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """List the photos that could not be indexed, with the reasons."""
    from indexer.library.photo_summary import numbers_of
    from indexer.library.report import failures as read_failures

    with session.open_library() as library:
        failed = read_failures(library, stage)
        numbers = numbers_of(library, [each.file.path for each in failed])
    present(
        failed,
        format,
        record=lambda each: failure_record(numbers[each.file.path], each),
        columns={
            "photo": lambda each: printable(each.file.path),
            "stage": lambda each: each.stage,
            "reason": lambda each: each.reason,
        },
        paths=lambda each: [each.file.path],
    )


def _facts(record: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the details as rows of a table: name, value."""
    for key in ("path", "bytes", "indexed_at", "missing_since", "format", "taken_at", "taken_from", "camera", "lens",
                "iso", "f_number", "exposure_seconds", "focal_length_mm", "software", "content_sha256"):  # fmt: skip
        if record.get(key) is not None:
            yield [key.replace("_", " "), str(record[key])]
    if record.get("width"):
        yield ["size", f"{record['width']} × {record['height']} px"]
    if record.get("gps"):
        yield ["gps", "{latitude:.6f}, {longitude:.6f}".format_map(record["gps"])]
    if record["failed"]:
        yield ["failed", "{stage}: {reason}".format_map(record["failed"])]
    yield from _said_facts(record)
    for tag in record.get("tags", []):
        yield ["tag", f"{tag['score']:.2f}  {tag['name']} ← {tag['source']}"]
    several = len({each["model"] for each in (*record["labels"], *record["objects"])}) > 1
    for label in record["labels"]:
        yield ["label", f"{label['score']:.2f}  {label['name']}{_by(label, several)}"]
    for each in record["objects"]:
        yield ["object", f"{each['score']:.2f}  {each['name']}{_by(each, several)}: {_place(each['box'])}"]
    for face in record.get("faces", []):
        yield ["face", f"{face['score']:.2f}  {_place(face['box'])}, quality {face['quality']:.2f}"]


def _by(told: Mapping[str, Any], several: bool) -> str:
    return f" ({model_name(told['model'])})" if several else ""


def _place(box: Mapping[str, float]) -> str:
    return f"{box['left']:.0%} from the left, {box['top']:.0%} from the top, {box['width']:.0%} wide"


def _said_facts(record: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the user data."""
    if record["rating"]:
        yield ["rating", "★" * record["rating"]]
    if record["hidden"]:
        yield ["hidden", "yes (show it again with 'indexer unhide')"]
    for person in record["people"]:
        yield ["person", person]
    for word in record["removed_tags"]:
        yield ["no tag", word]
