"""`indexer relocate`: photos of a folder that was moved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.output import count, write
from indexer.cli.session import Session, command
from indexer.errors import LibraryError, printable


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    command(app, "relocate")(relocate)


def relocate(
    session: Session,
    old: Annotated[Path, typer.Argument(help="Folder where the photos were.")],
    new: Annotated[Path, typer.Argument(help="Folder where they are now.")],
) -> None:
    """Update the library after a folder of photos was moved; all data about the photos is kept."""
    from indexer.library.indexing.files import file_states
    from indexer.library.roots import relocate_folder

    if not new.is_dir():
        raise LibraryError(new, "is not a folder; move the photos there first")
    with session.open_library(read_only=False) as library:
        if not file_states(library, [old.resolve()]):
            raise LibraryError(old, "contains no photos of the library; 'indexer folders' lists its folders")
        moved = relocate_folder(library, old.resolve(), new.resolve())
    write(f"{count(moved, 'photo')} {'is' if moved == 1 else 'are'} now in {printable(new.resolve())}.")
