"""Photos in folders that are away are left out of lists of paths, which other programs act on; how many is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from indexer.cli.present import Format, count
from indexer.cli.session import Session
from indexer.records.search import is_in

if TYPE_CHECKING:
    from indexer.library.store import Library


Found = TypeVar("Found")


def only_reachable(
    session: Session,
    library: Library,
    style: Format,
    groups: Sequence[Sequence[Found]],
    path: Callable[[Found], Path],
) -> list[list[Found]]:
    """Return photos without those that are away, where paths are to be printed; all of them otherwise."""
    from indexer.pipeline.root_state import away_roots

    away = away_roots(library) if lists_paths(style) else []
    kept = [[each for each in group if not is_in(path(each), away)] for group in groups]
    say_left_out(session, sum(map(len, groups)) - sum(map(len, kept)))
    return kept


def lists_paths(style: Format) -> bool:
    """Tell whether what is printed is for programs that act on files."""
    return style in (Format.PATHS, Format.PATHS0)


def say_left_out(session: Session, number: int) -> None:
    """Tell how many photos were left out, where any were."""
    if number:
        verb = "is" if number == 1 else "are"
        session.say(f"{count(number, 'photo')} {verb} in folders that are away ('indexer folders'); left out.")
