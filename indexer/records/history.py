"""JSON records of the change log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from indexer.library.history.change_log import Entry
    from indexer.library.history.undo import Undone


class EntryRecord(TypedDict):
    """An act of the user, or an undo of it. at: UTC, null for entries of an older release. kind: 'people', 'words', ….

    about: a sentence in the past. photos: the number changed. undone_at: when it was undone, null where it was not.
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
    """What would be undone, null where there is nothing."""

    about: str | None


class UndoneRecord(TypedDict):
    """What was undone, null where there was nothing. again: an undo was undone, so the act is redone.

    id: the entry of this undo; undoing it restores the former state.
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
