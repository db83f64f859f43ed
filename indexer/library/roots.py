"""Roots of a library: the folders whose photos it knows; to add one, and to say where one lies now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from indexer.library.db import roots
from indexer.library.db.engine import transaction_time
from indexer.library.indexing.relocate import Elsewhere, elsewhere, relocate
from indexer.library.store import Library


def root_folders(library: Library) -> list[Path]:
    """Return the roots; none lies in another."""
    with library.reading() as connection:
        return roots.Roots.read(connection).folders


def add_root(library: Library, folder: Path) -> Path:
    """Make a folder part of the library and return the root that owns it: itself, or a root that it lies in.

    Roots that lie in it become part of it; their photos keep all that is known of them.
    """
    owner = next((root for root in root_folders(library) if folder.absolute().is_relative_to(root)), None)
    if owner is not None:  # nobody is kept from writing for nothing
        return owner
    with library.writing() as connection:
        return roots.add_root(connection, folder)


def relocate_folder(library: Library, old: Path, new: Path) -> int:
    """Say that a root, or a folder in one, now lies at `new`; return how many of its photos are there.

    Photos whose bytes are known at the new place are those: what was said of both is kept. Another photo that is
    known there under the path of one keeps it. Errors: LibraryError where the old folder is unknown.
    """
    with library.writing() as connection:
        return relocate(connection, old, new, transaction_time(connection).isoformat(timespec="seconds"))


def found_elsewhere(library: Library, root: Path, there: Sequence[Path]) -> Elsewhere | None:
    """Return where most photos of a root that is away were found, among the roots that are there; None: nowhere."""
    with library.reading() as connection:
        return elsewhere(connection, root, there)
