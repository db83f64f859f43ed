"""The change log over HTTP: acts of the user, and their undo."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from indexer.errors import IndexerError
from indexer.library.history import undo as undoing
from indexer.library.history.change_log import count_entries, history
from indexer.records.history import HistoryRecord, LastRecord, UndoneRecord, entry_record, undone_record
from indexer.web.api.parameters import LARGEST, Limit, Offset
from indexer.web.background import BackgroundOf
from indexer.web.http import cached
from indexer.web.problems import Problem, documented
from indexer.web.site import Site, SiteOf

router = APIRouter(prefix="/api", tags=["history"])
_PEOPLE = "people"
_Kind = Annotated[str | None, Query(max_length=50, description="Only entries of one kind: 'people', 'words', ….")]


class UndoWanted(BaseModel):
    """The entry to undo; null: the newest act that is not undone. Of an undo: redo the act."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: int | None = Field(default=None, ge=1, le=LARGEST, examples=[12])


@router.get("/history", summary="List what users said", responses=documented(304))
def show(
    site: SiteOf,
    behind: BackgroundOf,
    request: Request,
    response: Response,
    kind: _Kind = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> HistoryRecord:
    """List what users said of photos and people, and what was undone, the newest first; scans are not in it."""
    cached(request, response, behind.memory.mark(), "history", kind, limit, offset)
    found = history(site.library, kind=kind, limit=limit, offset=offset)
    return {"total": count_entries(site.library, kind), "entries": [entry_record(each) for each in found]}


@router.post("/undo", summary="Take back what was said last, or one entry of the history", responses=documented(409))
def undo(site: SiteOf, wanted: UndoWanted | None = None) -> UndoneRecord:
    """Take back a word, stars, hiding, a name, an import, by whoever said it; without an id again: the one before."""
    return _undone(site, None if wanted is None else wanted.id)


@router.get("/people/undo", summary="Tell what would be undone")
def would_undo(site: SiteOf) -> LastRecord:
    """Tell what was said of people last and can be taken back."""
    last = undoing.last(site.library, _PEOPLE)
    return {"about": None if last is None else last.about}


@router.post("/people/undo", summary="Take back what was said of people last", responses=documented(409))
def undo_people(site: SiteOf) -> UndoneRecord:
    """Take back the last name, merge, split, move or hiding, by whoever said it; again: the one before."""
    return _undone(site, kind=_PEOPLE)


def _undone(site: Site, number: int | None = None, kind: str | None = None) -> UndoneRecord:
    try:
        return undone_record(undoing.undo(site.library, number, kind=kind))
    except IndexerError as error:
        if type(error) is not IndexerError:
            raise
        raise Problem(409, str(error)) from error
