"""`indexer search` and `similar-faces`: words or a face flow in, the photos that show them flow out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.present import (
    Format,
    FormatOption,
    box_record,
    count,
    path_record,
    present,
    rounded,
    table,
    write,
)
from indexer.cli.session import Session, command
from indexer.errors import ConfigError, PhotoError, QueryError, printable

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.library.store import Library
    from indexer.photo import Face, FaceMatch, Hit
    from indexer.vision.analyze import FaceReader


_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Likeness:
    """A face of the query picture, counted from 1 from left to right, and the faces that look like it."""

    number: int
    face: Face
    matches: Sequence[FaceMatch]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app, "search")(search)
    command(app, "similar-faces")(similar_faces)


def search(
    session: Session,
    keyword: Annotated[list[str], typer.Option("--keyword", "-k", help="A word; given again: all must match.")],
    any_word: Annotated[bool, typer.Option("--any", help="One of the words is enough.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="Photos at most.")] = 50,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Only photos at least this sure.")] = 0.0,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """Find photos by keyword, best first, and say why each was found."""
    from indexer.library.search import by_keywords
    from indexer.vision.vocabulary import Vocabulary

    vocabulary = Vocabulary.load(rules=session.settings().config.rules)
    words = [vocabulary.canonical(_word(each)) or each for each in keyword]
    with session.open_library() as library:
        hits = by_keywords(library, words, any_word=any_word, limit=limit, min_score=min_score)
        if not hits:
            _explain_nothing(session, library, words)
    present(
        hits,
        format,
        record=_hit_record,
        columns={
            "score": lambda hit: f"{hit.score:.2f}",
            "photo": lambda hit: printable(hit.path),
            "why": lambda hit: ", ".join(f"{why.tag} ← {why.source} {why.score:.2f}" for why in hit.why),
        },
        paths=lambda hit: [hit.path],
    )


def similar_faces(
    session: Session,
    file: Annotated[Path, typer.Argument(help="A picture with one or more faces.")],
    threshold: Annotated[
        float | None, typer.Option(min=0, max=100, help="Largest distance [default: the network's own, 0.6].")
    ] = None,
    face: Annotated[int | None, typer.Option(min=1, help="Only this face, counted from the left.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="Matches at most, for each face.")] = 50,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """Find photos that show the people of a picture: for every face in it, the most alike faces first."""
    from indexer.library.search import similar_faces as similar

    config = session.settings().config
    with session.open_library() as library:
        reader = _face_reader(session, config)
        thresholds = reader.describer.model.spec.thresholds if reader.describer else {}
        largest = thresholds["distance"] if threshold is None else threshold
        if isnan(largest):
            raise ConfigError("threshold", "must be a number")
        results = [
            _Likeness(
                number,
                each,
                similar(library, each.descriptor, threshold=largest, limit=limit, min_quality=thresholds["quality"]),
            )
            for number, each in _query_faces(reader, file, config, face)
            if each.descriptor is not None
        ]
    if format is Format.TABLE:
        _write_likenesses(results, largest)
    else:
        present(results, format, _likeness_record, {}, lambda each: [match.path for match in each.matches])


def _word(text: str) -> str:
    """Return a keyword. Errors: QueryError where it is empty or no text."""
    if not text.strip():
        raise QueryError(text, 0, "a keyword is empty")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(printable(text), error.start, "a keyword is not text in UTF-8") from error
    return text


def _explain_nothing(session: Session, library: Library, words: Sequence[str]) -> None:
    """Say which of the words finds nothing by itself, and which known words are spelled like it."""
    from indexer.library.search import by_keywords, nearest_words

    unknown = [word for word in words if not by_keywords(library, [word], limit=1)]
    for word in unknown:
        near = nearest_words(library, word)
        session.say(f"No photo is tagged {word!r}." + (f" Near it: {', '.join(near)}." if near else ""))
    if not unknown:
        session.say("No photo has all of these words as sure as that; --any and a lower --min-score find more.")


def _face_reader(session: Session, config: Config) -> FaceReader:
    from indexer.cli.models import ensure_built
    from indexer.vision.analyze import Eyes, FaceReader

    eyes = Eyes(**config.eyes)
    if not config.faces:
        raise ConfigError("faces", "is false: faces are neither found nor described")
    ensure_built(session, config, eyes.specs()[1:])
    return FaceReader.open(eyes, threads=config.worker_count)


def _query_faces(reader: FaceReader, file: Path, config: Config, wanted: int | None) -> list[tuple[int, Face]]:
    """Return the faces of the query picture with their numbers. Errors: PhotoError where there is none."""
    from indexer.pipeline.worker import read_faces

    faces = sorted(read_faces(file, reader, config.max_pixels), key=lambda each: (each.box.left, each.box.top))
    if not faces:
        raise PhotoError(file, "detect", "no face was found in it")
    if wanted is not None and wanted > len(faces):
        raise PhotoError(file, "detect", f"has {count(len(faces), 'face')}, there is no face {wanted}")
    return [(number, each) for number, each in enumerate(faces, 1) if wanted in (None, number)]


def _write_likenesses(results: Sequence[_Likeness], threshold: float) -> None:
    for result in results:
        center = result.face.box.center
        write(
            f"Face {result.number} at {center.x:.0%} from the left, {center.y:.0%} from the top "
            f"(score {result.face.score:.2f}, quality {result.face.quality:.2f}):"
        )
        if result.matches:
            rows = [[f"{match.distance:.3f}", printable(match.path)] for match in result.matches]
            table(rows, ["distance", "photo"])
        else:
            write(f"no face in the library is nearer than {threshold:g}")
        if len(results) > 1:
            write("")


def _hit_record(hit: Hit) -> dict[str, Any]:
    why = [{"tag": why.tag, "score": rounded(why.score), "source": why.source} for why in hit.why]
    return {**path_record(hit.path), "score": rounded(hit.score), "why": why}


def _likeness_record(result: _Likeness) -> dict[str, Any]:
    return {
        "face": result.number,
        "box": box_record(result.face.box),
        "score": rounded(result.face.score),
        "quality": rounded(result.face.quality),
        "matches": [
            {**path_record(match.path), "box": box_record(match.box), "distance": rounded(match.distance)}
            for match in result.matches
        ],
    }
