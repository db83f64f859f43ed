"""JSON records of the change log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from indexer.library.history.change_log import Entry
    from indexer.library.history.undo import Undone


class EntryRecord(TypedDict):
    """A change by a user, or an undo. at: UTC, null for changes of older releases. kind: 'people', 'words', ….

    about: a sentence. photos: number of photos changed. undone_at: when it was undone, null if it was not.
    undoes: the entry that this one undid.
    """

    id: int
    at: str | None
    kind: str
    about: str
    photos: int | None
    undone_at: str | None
    undoes: int | None


class HistoryRecord(TypedDict):
    """A page of the change log, the newest entries first."""

    total: int
    entries: list[EntryRecord]


class LastRecord(TypedDict):
    """What would be undone, null if there is nothing to undo."""

    about: str | None


class UndoneRecord(TypedDict):
    """What was undone, null if there was nothing. again: an undo was undone, so the change was made again.

    id: the entry of this undo; undo it to go back.
    """

    undone: str | None
    again: bool
    id: int | None


def entry_record(entry: Entry) -> EntryRecord:
    """Return an entry as JSON."""
    return {
        "id": entry.number,
        "at": entry.at,
        "kind": entry.kind,
        "about": entry.about,
        "photos": entry.photos,
        "undone_at": entry.undone_at,
        "undoes": entry.undoes,
    }


def undone_record(done: Undone | None) -> UndoneRecord:
    """Return the result of an undo as JSON."""
    if done is None:
        return {"undone": None, "again": False, "id": None}
    return {"undone": done.text, "again": done.is_again, "id": done.entry}
