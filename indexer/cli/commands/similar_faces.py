"""`indexer similar-faces`: photos that show the people of a picture, or one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.away import marked, only_reachable
from indexer.cli.output import Format, FormatOption, count, present, table, write
from indexer.cli.selectors import describer
from indexer.cli.session import Session, command
from indexer.errors import ConfigError, IndexerError, PhotoError, printable
from indexer.records.look import alike_record, query_face_record
from indexer.records.plain import path_record
from indexer.values.results import DEFAULT_RESULTS

if TYPE_CHECKING:
    from indexer.config.config import Config
    from indexer.library.people.similar_faces import Likelihood, SimilarFace
    from indexer.library.store import Library
    from indexer.pipeline.predict.query_faces import QueryFace
    from indexer.values.analysis import Descriptor
    from indexer.vision.faces.reader import FaceReader
    from indexer.vision.spec import ModelSpec


_MOST = 2**31 - 1


class Combine(StrEnum):
    """How several pictures of one person are compared with a face."""

    BEST = "best"  # the nearest of them counts
    MEAN = "mean"  # the mean of their descriptors counts


@dataclass(frozen=True, slots=True)
class _Likeness:
    """A query, and the faces that resemble it.

    about: a line that describes it.  record: the same for JSON.
    """

    about: str
    record: Mapping[str, Any]
    matches: Sequence[SimilarFace]


@dataclass(frozen=True, slots=True)
class _Search:
    """The limits of the search."""

    library: Library
    spec: ModelSpec
    threshold: float
    limit: int
    combine: Combine

    def like(self, wanted: Sequence[Descriptor]) -> list[SimilarFace]:
        from indexer.library.people.similar_faces import faces_like

        return faces_like(
            self.library,
            wanted,
            threshold=self.threshold,
            limit=self.limit,
            min_quality=self.spec.thresholds["quality"],
            mean=self.combine is Combine.MEAN,
        )

    def like_person(self, person: int) -> tuple[int, list[SimilarFace]]:
        from indexer.library.people.similar_faces import like_person

        return like_person(
            self.library,
            person,
            self.spec.id,
            threshold=self.threshold,
            limit=self.limit,
            min_quality=self.spec.thresholds["quality"],
            mean=self.combine is Combine.MEAN,
        )


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    command(app, "similar-faces")(similar_faces)


def similar_faces(
    session: Session,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Picture with faces, or several pictures of one person."),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(help="Person of the library, instead of pictures: find faces not yet assigned to this person."),
    ] = None,
    combine: Annotated[
        Combine, typer.Option(help="With several pictures: compare with the closest of them, or with their mean.")
    ] = Combine.BEST,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=100, help="Maximum distance (default: set by the model, 0.6).")
    ] = None,
    face: Annotated[
        int | None, typer.Option(min=1, help="Search for this face of the picture only, counted from the left.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="Maximum number of matches per face.")] = DEFAULT_RESULTS,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """Find photos of the people in a picture, most similar faces first.

    Several pictures are treated as pictures of one person: the face that appears in all of them is searched for.
    'probability' is the chance that two faces show the same person, if one of the faces in this library does.
    """
    if bool(files) == (person is not None):
        raise IndexerError("give a picture, or a person with --person")
    from indexer.library.people.people import labels
    from indexer.library.people.similar_faces import Likelihood
    from indexer.pipeline.root_state import away_roots

    config = session.settings().config
    with session.open_library() as library:
        spec = describer(config)
        largest = spec.thresholds["distance"] if threshold is None else threshold
        if isnan(largest):
            raise ConfigError("threshold", "must be a number")
        search = _Search(library, spec, largest, limit, combine)
        if person is not None:
            results = [_of_person(search, person)]
        else:
            results = _of_pictures(session, search, files or [], face)
        found = [each.matches for each in results]
        reachable = only_reachable(session, library, format, found, lambda match: match.face.path)
        results = [replace(each, matches=matches) for each, matches in zip(results, reachable, strict=True)]
        names, away = labels(library), away_roots(library)
        likely = Likelihood.of(library, spec.id, spec.thresholds)
    if format is Format.TABLE:
        _write_likenesses(results, likely, largest, names, away)
    else:
        present(results, format, lambda each: _record(each, likely, names, away), {}, _paths)


def _of_person(search: _Search, who: str) -> _Likeness:
    from indexer.library.people.people import find_person

    with search.library.reading() as connection:
        person = find_person(connection, who)
    compared, matches = search.like_person(person.number)
    record = {"person": person.number, "name": person.name}
    about = f"{person.label}, compared by {count(compared, 'face')}; similar faces:"
    return _Likeness(about, record, matches)


def _of_pictures(session: Session, search: _Search, files: Sequence[Path], face: int | None) -> list[_Likeness]:
    from indexer.pipeline.predict.query_faces import of_one_person

    pictures = query_faces(session, files)
    if len(pictures) > 1:
        if face is not None:
            raise IndexerError("--face can be used with one picture only")
        chosen = of_one_person(pictures)
        record = {"faces": [{**path_record(each.path), **_query_record(each, search)} for each in chosen]}
        about = ", ".join(f"{printable(each.path)}#{each.number}" for each in chosen)
        return [_Likeness(f"The person in {about}:", record, search.like([each.descriptor for each in chosen]))]
    (faces,) = pictures
    if face is not None and face > len(faces):
        raise PhotoError(files[0], "detect", f"there is no face {face}; the picture has {count(len(faces), 'face')}")
    return [
        _Likeness(_about(each, search.spec), _query_record(each, search), search.like([each.descriptor]))
        for each in faces
        if face in (None, each.number)
    ]


def _query_record(query: QueryFace, search: _Search) -> Mapping[str, Any]:
    return query_face_record(query.number, query.face, search.spec)


def _about(query: QueryFace, spec: ModelSpec) -> str:
    center = query.face.box.center
    poor = ": too small or blurred for a reliable comparison" if query.face.quality < spec.thresholds["quality"] else ""
    return (
        f"Face {query.number} at {center.x:.0%} from the left, {center.y:.0%} from the top "
        f"(score {query.face.score:.2f}, quality {query.face.quality:.2f}{poor}):"
    )


def _write_likenesses(
    results: Sequence[_Likeness],
    likely: Likelihood,
    threshold: float,
    names: dict[int | None, str],
    away: Sequence[Path],
) -> None:
    for result in results:
        write(result.about)
        if result.matches:
            rows = [
                [
                    f"{match.distance:.3f}",
                    f"{likely.probability(match.distance):.2f}",
                    names.get(match.face.person, "–"),
                    marked(match.face.path, away),
                ]
                for match in result.matches
            ]
            table(rows, ["distance", "probability", "person", "photo"])
        else:
            write(f"no face in the library is within a distance of {threshold:g}")
        if len(results) > 1:
            write("")


def _record(
    result: _Likeness, likely: Likelihood, names: dict[int | None, str], away: Sequence[Path]
) -> dict[str, Any]:
    return {**result.record, "matches": [alike_record(match, likely, names, away) for match in result.matches]}


def _paths(result: _Likeness) -> list[Path]:
    return [match.face.path for match in result.matches]


def query_faces(session: Session, files: Sequence[Path]) -> list[list[QueryFace]]:
    """Return the faces of each picture, from left to right. Errors: PhotoError where one has none."""
    config = session.settings().config
    reader = _face_reader(session, config)
    return [_faces(reader, file, config) for file in files]


def _face_reader(session: Session, config: Config) -> FaceReader:
    from indexer.assemble import model_set
    from indexer.cli.lookup import build_if_missing
    from indexer.vision.faces.reader import FaceReader

    models = model_set(config)
    build_if_missing(session, config, models.specs()[1:])
    return FaceReader.open(models, threads=config.worker_count)


def _faces(reader: FaceReader, file: Path, config: Config) -> list[QueryFace]:
    from indexer.pipeline.predict import query_faces
    from indexer.pipeline.workers.tasks import read_faces

    found = read_faces(file, reader, config.max_pixels)
    if not found:
        raise PhotoError(file, "detect", "no face was found")
    return query_faces.query_faces(file, found)
