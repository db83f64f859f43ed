"""The change log over HTTP: acts of the user, and their undo."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from indexer.errors import IndexerError
from indexer.library.history import undo as undoing
from indexer.library.history.change_log import count_entries, history
from indexer.records.history import HistoryRecord, LastRecord, UndoneRecord, entry_record, undone_record
from indexer.web.advice import sentence
from indexer.web.api.parameters import LARGEST, Limit, Offset
from indexer.web.background import BackgroundOf
from indexer.web.http import cached
from indexer.web.problems import Problem, documented
from indexer.web.site import Site, SiteOf

router = APIRouter(prefix="/api", tags=["history"])
_PEOPLE = "people"
_Kind = Annotated[
    str | None, Query(max_length=50, description="Only entries of one kind, such as 'people' or 'words'.")
]


class UndoWanted(BaseModel):
    """The entry to undo; null: the latest change that is not undone. The id of an undo repeats the change."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: int | None = Field(default=None, ge=1, le=LARGEST, examples=[12])


@router.get("/history", summary="List the changes that users made", responses=documented(304))
def show(
    site: SiteOf,
    behind: BackgroundOf,
    request: Request,
    response: Response,
    kind: _Kind = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> HistoryRecord:
    """List all changes to photos and people and all undos, newest first; scans are not included."""
    cached(request, response, behind.memory.mark(), "history", kind, limit, offset)
    found = history(site.library, kind=kind, limit=limit, offset=offset)
    return {"total": count_entries(site.library, kind), "entries": [entry_record(each) for each in found]}


@router.post("/undo", summary="Undo the last change, or an entry of the history", responses=documented(409))
def undo(site: SiteOf, wanted: UndoWanted | None = None) -> UndoneRecord:
    """Undo a tag, rating, hiding, name or import of any user. Without an id, repeat to undo earlier changes."""
    return _undone(site, None if wanted is None else wanted.id)


@router.get("/people/undo", summary="Show what an undo for people would undo")
def would_undo(site: SiteOf) -> LastRecord:
    """Return the last change to people that can be undone."""
    last = undoing.last(site.library, _PEOPLE)
    return {"about": None if last is None else last.about}


@router.post("/people/undo", summary="Undo the last change to people", responses=documented(409))
def undo_people(site: SiteOf) -> UndoneRecord:
    """Undo the last name, merge, split, move or hiding of any user. Repeat to undo earlier changes."""
    return _undone(site, kind=_PEOPLE)


def _undone(site: Site, number: int | None = None, kind: str | None = None) -> UndoneRecord:
    try:
        return undone_record(undoing.undo(site.library, number, kind=kind))
    except IndexerError as error:
        if type(error) is not IndexerError:
            raise
        raise Problem(409, sentence(error)) from error
