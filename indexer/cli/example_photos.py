"""Example photos of `teach`: those of a folder, of a search, or whose paths come from stdin."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import printable

if TYPE_CHECKING:
    from indexer.cli.session import Session
    from indexer.library.store import Library

_STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class PhotoSource:
    """A source of example photos: a folder, '-' for paths from stdin, or a search.

    flag: the option that names the folder.
    """

    flag: str
    folder: Path | None
    query: str | None

    def __bool__(self) -> bool:
        return self.folder is not None or self.query is not None

    def about(self) -> tuple[str, str]:
        """Return the folder and the search, '' for none: what a later `teach` would be given."""
        is_folder = self.folder is not None and self.folder != _STDIN
        return printable(self.folder.resolve()) if self.folder and is_folder else "", self.query or ""

    def photos(self, session: Session, library: Library, limit: int) -> list[Path]:
        """Return the photos; of those that a search finds, the first `limit`.

        Errors: LibraryError for a folder that is unreadable, QueryError.
        """
        from indexer.cli.lookup import in_library
        from indexer.pipeline.models.few_shot import photos_below

        found = _found_by(session, library, self.query, limit) if self.query is not None else []
        if self.folder == _STDIN:
            text = sys.stdin.buffer.read()
            names = filter(None, text.split(b"\0" if b"\0" in text else b"\n"))
            found += [in_library(Path(os.fsdecode(name.removesuffix(b"\r")))) for name in names]
        elif self.folder is not None:
            found += photos_below(self.folder.resolve(), report_unreadable(session))
        return found


def report_unreadable(session: Session) -> Callable[[Path, str], None]:
    """Return a function that prints which file cannot be read, and why."""
    return lambda path, reason: session.say(f"indexer: {printable(path)}: {reason}")


def _found_by(session: Session, library: Library, query: str, limit: int) -> list[Path]:
    """Return the first photos that a search finds. Errors: QueryError."""
    from datetime import date

    from indexer.library.search.request import SearchRequest, resolver, tree
    from indexer.library.search.search import by_query
    from indexer.vision.tags.vocabulary import Vocabulary

    vocabulary = Vocabulary.load(rules=session.settings().config.rules)
    wanted = tree(SearchRequest([query]), resolver(library, vocabulary.canonical), date.today())
    return [hit.path for hit in by_query(library, wanted, limit=limit)]
