"""Selectors: people, faces and models from the arguments that name them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.config.config import Config
from indexer.errors import ConfigError, IndexerError, printable

if TYPE_CHECKING:
    from indexer.library.people.people import Reading
    from indexer.vision.spec import ModelSpec

Who = Annotated[str, typer.Argument(help="A name, or a number from 'indexer people list'.")]
FaceNames = Annotated[
    list[str], typer.Argument(help="PATH#N, the N-th face of a photo from the left, or a number of 'people show'.")
]


def face_numbers(connection: Reading, names: Sequence[str]) -> list[int]:
    """Return the ids of faces, each once. Errors: IndexerError, LibraryError where there is no such face."""
    from indexer.library.people.people import check_faces

    numbers = [_number(connection, name) for name in names]
    check_faces(connection, numbers)
    return list(dict.fromkeys(numbers))


def person_numbers(connection: Reading, names: Iterable[str]) -> list[int]:
    """Return the numbers of people, each once. Errors: IndexerError where there is no such person."""
    from indexer.library.people.people import find_person

    return list(dict.fromkeys(find_person(connection, name).number for name in names))


def describer(config: Config) -> ModelSpec:
    """Return the model whose descriptors are compared. Errors: ConfigError where faces are switched off."""
    from indexer.vision.model_set import ModelSet

    if not config.faces:
        raise ConfigError("faces", "is false: faces are neither found nor described")
    return ModelSet(**config.eyes).specs()[-1]


def _number(connection: Reading, name: str) -> int:
    from indexer.library.people.people import face_at

    path, mark, place = name.rpartition("#")
    if path and mark and place.isascii() and place.isdigit():
        file = Path(path)
        return face_at(connection, file.parent.resolve() / file.name, int(place[:9]))
    if name.isascii() and name.isdigit() and len(name) < 19:  # SQLite's maximum
        return int(name)
    raise IndexerError(
        f"{printable(name)!r} names no face: write PATH#2 for the second face from the left, or its number"
    )
