"""Photos in folders that are away: left out of lists of paths, marked in tables, with hints on where they are now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from indexer.cli.output import Format, count
from indexer.cli.session import Session
from indexer.errors import printable
from indexer.records.plain import is_in

if TYPE_CHECKING:
    from indexer.library.store import Library
    from indexer.values.results import Hit


Found = TypeVar("Found")


def only_reachable(
    session: Session,
    library: Library,
    style: Format,
    groups: Sequence[Sequence[Found]],
    path: Callable[[Found], Path],
) -> list[list[Found]]:
    """Return photos without those that are away, if paths are printed; all of them otherwise."""
    from indexer.pipeline.root_state import away_roots

    away = away_roots(library) if lists_paths(style) else []
    kept = [[each for each in group if not is_in(path(each), away)] for group in groups]
    say_left_out(session, sum(map(len, groups)) - sum(map(len, kept)))
    return kept


def marked(path: Path, away: Sequence[Path], *, replaced: bool = False) -> str:
    """Return a path as a table shows it, with a note where its folder is away, or another photo has the path now."""
    note = " (replaced by another photo of the same name)" if replaced else " (away)" if is_in(path, away) else ""
    return printable(path) + note


def lists_paths(style: Format) -> bool:
    """Return whether the output is for programs that act on files."""
    return style in (Format.PATHS, Format.PATHS0)


def say_left_out(session: Session, number: int) -> None:
    """Print how many photos were left out, if any."""
    if number:
        verb = "is" if number == 1 else "are"
        session.say(f"{count(number, 'photo')} {verb} in folders that are not available ('indexer folders'); left out.")


def only_under_own_name(session: Session, style: Format, hits: Sequence[Hit]) -> list[Hit]:
    """Return hits without those whose paths other photos have now, if paths are printed."""
    kept = [hit for hit in hits if not (hit.replaced and lists_paths(style))]
    if gone := len(hits) - len(kept):
        others = "another photo now has its name" if gone == 1 else "other photos now have their names"
        session.say(f"{count(gone, 'missing photo')} left out: {others}.")
    return kept


def say_found_elsewhere(session: Session, library: Library) -> None:
    """Print where the photos of folders that are away were found, with the command that relocates them."""
    from shlex import quote

    from indexer.library.roots import found_elsewhere, root_folders
    from indexer.pipeline.root_state import away_roots

    away = away_roots(library)
    there = [root for root in root_folders(library) if root not in away]
    for root in away:
        if found := found_elsewhere(library, root, there):
            are = f"{found.found:,} of its {count(found.photos, 'photo')} {'was' if found.found == 1 else 'were'} found"
            command = f"indexer relocate {quote(str(root))} {quote(str(found.folder))}"
            session.say(
                f"{printable(root)} is not available; {are} in {printable(found.folder)}. If it was moved there, run: "
                f"{printable(command)}"
            )
