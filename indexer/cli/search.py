"""`indexer search`, `similar-faces`, `show`, `tags`: questions flow in, photos flow out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.present import Format, FormatOption, box_record, path_record, present, table, write, write_json
from indexer.cli.session import Session, command
from indexer.errors import PhotoError, QueryError, printable
from indexer.photo import Face, FaceMatch, Hit
from indexer.vision.vocabulary import Vocabulary

if TYPE_CHECKING:
    from indexer.library.search import Details


@dataclass(frozen=True, slots=True)
class _Looked:
    """A face of the query picture and the faces of the library that look like it."""

    number: int
    face: Face
    matches: Sequence[FaceMatch]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app, "search")(search)
    command(app, "similar-faces")(similar_faces)
    command(app, "show")(show)
    command(app, "tags")(tags)


def search(
    session: Session,
    keyword: Annotated[list[str], typer.Option("--keyword", "-k", help="A word; given again: all must match.")],
    any_word: Annotated[bool, typer.Option("--any", help="One of the words is enough.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Photos at most.")] = 50,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Only tags at least this sure.")] = 0.0,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """Find photos by keyword, best first, and say why each was found."""
    from indexer.library.search import by_keywords

    vocabulary = Vocabulary.load()
    words = [_word(vocabulary, each) for each in keyword]
    with session.open_library() as library:
        hits = by_keywords(library, words, any_word=any_word, limit=limit, min_score=min_score)
        if not hits:
            _say_nothing_found(session, library, keyword, words)
    present(
        hits,
        format,
        record=_hit_record,
        columns={
            "score": lambda hit: f"{hit.score:.2f}",
            "path": lambda hit: printable(hit.path),
            "why": lambda hit: ", ".join(f"{why.tag} ← {why.source} {why.score:.2f}" for why in hit.why),
        },
        paths=lambda hit: [hit.path],
    )


def similar_faces(
    session: Session,
    file: Annotated[Path, typer.Argument(help="A picture with one or more faces.")],
    threshold: Annotated[float | None, typer.Option(min=0, help="Largest distance; default: the describer's own, 0.6.")] = None,
    face: Annotated[int | None, typer.Option(min=1, help="Only this face of the picture, counted from the left.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Matches at most, for each face.")] = 50,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """Find photos that show the people of a picture: for every face in it, the most alike faces first."""
    from indexer.library.search import similar_faces as similar

    config = session.settings().config
    reader = _face_reader(session, config)
    looked = _faces_of(file, reader, config.max_pixels, face)
    if threshold is None:
        threshold = reader.threshold
    with session.open_library() as library:
        results = [
            _Looked(number, each, similar(library, each.descriptor, threshold=threshold, limit=limit))
            for number, each in looked
            if each.descriptor is not None
        ]
    if format is Format.TABLE:
        _write_faces(session, file, results)
    else:
        present(results, format, _looked_record, {}, lambda result: [match.path for match in result.matches])


def show(
    session: Session,
    file: Annotated[Path, typer.Argument(help="A photo in the library.")],
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """Show everything known of a photo."""
    from indexer.library.search import details

    with session.open_library() as library:
        known = details(library, file.absolute())
    if known is None:
        raise PhotoError(file, "search", "is not in the library; 'indexer scan' its folder first")
    if format is Format.TABLE:
        table(_facts(known))
    else:
        present([known], format, _details_record, {}, lambda each: [each.path])


def tags(session: Session, format: FormatOption = Format.TABLE) -> None:  # noqa: A002
    """List all tags in the library and how many photos have each."""
    from indexer.library.search import tag_counts

    with session.open_library() as library:
        counts = tag_counts(library)
    present(
        counts,
        format,
        record=lambda each: {"name": each.name, "photos": each.photos},
        columns={"tag": lambda each: each.name, "photos": lambda each: f"{each.photos:,}"},
        paths=lambda each: [],
    )
