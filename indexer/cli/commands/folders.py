"""`indexer folders`: the folders of the library and of the settings: list, add and remove."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.away import say_found_elsewhere
from indexer.cli.commands.config import write_setting
from indexer.cli.commands.people import say_copies, sure
from indexer.cli.output import Format, FormatOption, count, local, present, write
from indexer.cli.session import Session, command, main_command
from indexer.config.config import folders_in_file
from indexer.errors import LibraryError, printable
from indexer.records.status import FolderRecord, folder_record

if TYPE_CHECKING:
    from indexer.library.people.forget import Contents
    from indexer.library.store import Library
    from indexer.pipeline.root_state import RootState

app = typer.Typer()
_SAID = (("words", "tag"), ("ratings", "rating"), ("hidden", "hidden photo"), ("named", "named face"))


@main_command(app)
def show_list(session: Session, format: FormatOption = Format.TABLE) -> None:  # noqa: A002
    """List the folders of the library and whether they are available; the subcommands add or remove a folder.

    'away': the folder is not available (disk not mounted, folder renamed); its photos are kept. 'empty': the folder
    exists, but contains no photos. 'in settings': the folder is in the setting 'folders', which 'scan' and
    'watch' use if you give none.
    """
    from indexer.pipeline.root_state import root_states

    chosen = [Path(os.path.realpath(folder)) for folder in session.settings().config.folders]
    with session.open_library() as library:
        roots = root_states(library)
        say_found_elsewhere(session, library)
    told = [*_of_roots(roots, chosen), *_not_scanned(roots, chosen)]
    if format is Format.TABLE and not told:
        session.say(
            "The library has no folders yet; add one with 'indexer folders add FOLDER' or 'indexer scan FOLDER'."
        )
        return
    present(
        told,
        format,
        record=lambda each: each[1],
        columns={
            "state": lambda each: each[1]["state"],
            "photos": lambda each: f"{each[1]['photos']:,}",
            "missing": lambda each: f"{each[1]['missing']:,}",
            "last indexed": lambda each: local(last) if (last := each[1]["last_indexed"]) else "–",
            "in settings": lambda each: "yes" if each[1]["in_settings"] else "–",
            "folder": lambda each: each[1]["path"],
            "note": lambda each: each[1]["reason"] if each[1]["in_library"] else _unscanned(each[1]["reason"]),
        },
        paths=lambda each: [each[0]],
    )


@command(app, "add")
def add(session: Session, folders: Annotated[list[Path], typer.Argument(help="Folders of photos.")]) -> None:
    """Add folders to the library and to the setting 'folders'; the next scan indexes their photos."""
    from indexer.library.roots import add_root

    places = [Path(os.path.realpath(folder)) for folder in folders]
    for folder, place in zip(folders, places, strict=True):
        if not place.is_dir():
            raise LibraryError(folder, "it is not a folder" if place.exists() else "it does not exist")
    with session.open_library(read_only=False, create=True) as library:
        for place in places:
            root = add_root(library, place)
            inside = "" if root == place else f" as part of {printable(root)}"
            write(f"{printable(place)} is in the library{inside}.")
    chosen = {Path(os.path.realpath(each)) for each in folders_in_file(session.config).values()}
    new = [place for place in dict.fromkeys(places) if chosen.isdisjoint((place, *place.parents))]
    if new:
        write_setting(session, "folders", [*folders_in_file(session.config), *map(str, new)])
    session.say("Run 'indexer scan' to index its photos." if len(places) == 1 else "Run 'indexer scan' to index them.")


@command(app, "remove")
def remove(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="Folder of the library, or a folder inside one; need not exist.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    backup: Annotated[bool, typer.Option("--backup/--no-backup", help="Back up the library first.")] = True,
) -> None:
    """Remove a folder from the library for good, with all data about its photos; the photo files are not touched.

    Erases your tags, ratings and names for these photos and the descriptors of their faces, deletes thumbnails that no
    other photo needs, and removes the folder from the setting 'folders'. The only way back is the backup that is made
    first.
    """
    from indexer.library.people.forget import contents

    with session.open_library(read_only=False) as library:
        place = _place(library, folder)
        known, named = contents(library, place), _named_in_file(session, place)
        if not named and (known is None or not (known.roots or known.photos)):
            raise LibraryError(folder, "is not a folder of the library; 'indexer folders' lists them")
        _refuse_watched(library, folder, place)
        if known is not None and known.photos and not yes:
            _ask(session, _question(place, known))
        if named:  # before the photos, so that no scan adds them again
            write_setting(session, "folders", [text for text in folders_in_file(session.config) if text not in named])
        if known is not None:
            _forget(session, library, place, known, backup=backup and known.photos > 0)


def _place(library: Library, folder: Path) -> Path:
    """Return a folder by the library's name for it: as given, or with links resolved."""
    from indexer.library.people.forget import contents

    given = Path(os.path.abspath(folder))  # noqa: PTH100 - without .., yet with its links
    return given if contents(library, given) is not None else Path(os.path.realpath(folder))


def _named_in_file(session: Session, place: Path) -> list[str]:
    """Return the entries of the setting 'folders' that are a folder or lie in it."""
    found = folders_in_file(session.config).items()
    return [text for text, path in found if place in (path, *path.parents) or place in _real(path)]


def _real(path: Path) -> tuple[Path, ...]:
    real = Path(os.path.realpath(path))
    return real, *real.parents


def _of_roots(roots: Sequence[RootState], chosen: Sequence[Path]) -> Iterator[tuple[Path, FolderRecord]]:
    for root in roots:
        is_taken = any(root.folder.is_relative_to(folder) for folder in chosen)
        yield root.folder, folder_record(root, in_library=True, in_settings=is_taken)


def _not_scanned(roots: Sequence[RootState], chosen: Sequence[Path]) -> Iterator[tuple[Path, FolderRecord]]:
    """Yield the folders of the settings that belong to no root."""
    from indexer.pipeline.root_state import RootState, absence_reason

    for folder in dict.fromkeys(chosen):
        if not any(folder.is_relative_to(root.folder) for root in roots):
            reason = absence_reason(folder)
            state = RootState(folder, "away" if reason else "there", 0, 0, reason, None)
            yield folder, folder_record(state, in_library=False, in_settings=True)


def _unscanned(reason: str) -> str:
    return f"not scanned yet; {reason}" if reason else "not scanned yet"


def _refuse_watched(library: Library, folder: Path, place: Path) -> None:
    """Refuse while a daemon watches the folder: it would index the photos again, and reads the library meanwhile."""
    from indexer.pipeline.daemon.lock import daemon_status

    daemon = daemon_status(library.path)
    if daemon is None:
        return
    followed = [each.folder for each in daemon.folders]
    if not followed or any(each.is_relative_to(place) or place.is_relative_to(each) for each in followed):
        reason = "is watched by 'indexer watch', which would index its photos again; stop it first"
        raise LibraryError(folder, reason)


def _ask(session: Session, question: str) -> None:
    """Ask; where nobody can answer, the question is printed all the same. Errors: as of `sure`."""
    if not sys.stdin.isatty():
        session.say(question)
    sure(False, question)


def _question(place: Path, known: Contents) -> str:
    said = [count(getattr(known, name), noun) for name, noun in _SAID if getattr(known, name)]
    text = f"Remove {count(known.photos, 'photo')} of {printable(place)} from the library?"
    if said:
        text += f" This also erases {', '.join(said)}."
    if place.is_dir():
        text += " The folder still exists: a later scan of it, or of a folder above it, adds its photos as new ones."
    return text


def _forget(session: Session, library: Library, place: Path, known: Contents, *, backup: bool) -> None:
    from indexer.library.db.backup import copy
    from indexer.library.people.forget import forget_photos
    from indexer.pipeline.predict.thumbnail_cache import forget_thumbnails

    if backup:
        name = f"{library.path.name}.before-remove-{datetime.now():%Y%m%d-%H%M%S}.bak"
        copy(library.path, library.path.with_name(name))
    photos = forget_photos(library, place)
    write(f"{count(photos, 'photo')} of {printable(place)} removed from the library.")
    thumbnails = session.settings().config.thumbnails_path
    try:
        forget_thumbnails(thumbnails, known.contents)
    except OSError as error:
        session.say(f"Some of their thumbnails could not be deleted from {printable(thumbnails)}: {error}")
    for root in known.roots:
        write(f"{printable(root)} is no longer a folder of the library.")
    say_copies(session, library.path)
