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

Who = Annotated[str, typer.Argument(help="Name of the person, or number from 'indexer people list'.")]
FaceNames = Annotated[
    list[str],
    typer.Argument(help="Faces: PATH#N for the N-th face from the left, or numbers from 'indexer people show'."),
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
    from indexer.assemble import model_set

    if not config.faces:
        raise ConfigError("faces", "face recognition is off; set 'faces = true' in the settings to use this command")
    return model_set(config).specs()[-1]


def _number(connection: Reading, name: str) -> int:
    from indexer.library.people.people import face_at

    path, mark, place = name.rpartition("#")
    if path and mark and place.isascii() and place.isdigit():
        file = Path(path)
        return face_at(connection, file.parent.resolve() / file.name, int(place[:9]))
    if name.isascii() and name.isdigit() and len(name) < 19:  # SQLite's maximum
        return int(name)
    raise IndexerError(
        f"{printable(name)!r} is not a face; write PATH#2 for the second face from the left, or the number of the face"
    )
