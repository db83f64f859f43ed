"""`indexer prune`: missing photos out of the library."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from indexer.cli.output import count, write
from indexer.cli.session import Session, command
from indexer.errors import printable


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    command(app, "prune")(prune)


def prune(
    session: Session,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, without removing it.")
    ] = False,
) -> None:
    """Remove missing photos from the library."""
    from indexer.library.indexing.files import missing_photos
    from indexer.library.indexing.outcomes import forget_missing

    with session.open_library(read_only=dry_run) as library:
        paths = missing_photos(library) if dry_run else forget_missing(library)
    for path in paths:  # where a file has the path, it holds another photo
        session.detail(f"{printable(path)}{' (the earlier photo of this name)' * os.path.lexists(path)}")
    write(f"{count(len(paths), 'missing photo')} {'would be removed' if dry_run else 'removed'}.")
