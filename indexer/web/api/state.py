"""State of the library over HTTP: totals, failures, daemon; and scans."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from indexer.errors import LibraryError
from indexer.library.photo_summary import numbers_of
from indexer.library.report import failures as read_failures
from indexer.library.roots import root_folders
from indexer.records.browse import FailuresRecord, failure_record
from indexer.records.scan import ScanRecord, scan_record
from indexer.records.status import ServerStatus
from indexer.web.advice import joined, sentence
from indexer.web.api.parameters import Limit, Offset
from indexer.web.background import BackgroundOf
from indexer.web.problems import Problem, documented
from indexer.web.site import SiteOf

router = APIRouter(prefix="/api", tags=["state"])
Stage = Literal["read", "identify", "metadata", "decode", "analyze"]


class ScanWanted(BaseModel):
    """How to scan. retry_failed: retry photos that failed before."""

    model_config = ConfigDict(extra="forbid", strict=True)
    retry_failed: bool = False


@router.get("/status", summary="Show the size of the library, failures, and running work")
def status(behind: BackgroundOf) -> ServerStatus:
    """Return numbers of photos, faces and tags, and the state of the daemon ('indexer watch') and of the scan."""
    return behind.status()


@router.get(
    "/events",
    summary="Stream the status as server-sent events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(behind: BackgroundOf) -> StreamingResponse:
    """Send `event: status` with the record of /api/status, immediately and after each change."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(behind.events.stream(), media_type="text/event-stream", headers=headers)


@router.get("/failures", summary="List the photos that could not be indexed, with the reasons")
def failures(
    site: SiteOf,
    stage: Annotated[Stage | None, Query(description="Only photos that failed at this stage.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> FailuresRecord:
    """List the photos that failed, ordered by path."""
    found = read_failures(site.library, stage)
    shown = found[offset : offset + limit]
    numbers = numbers_of(site.library, [each.file.path for each in shown])
    told = [failure_record(numbers[each.file.path], each) for each in shown if each.file.path in numbers]
    return {"total": len(found), "failures": told}


@router.post(
    "/scan",
    summary="Start a scan for new and changed photos",
    status_code=202,
    responses=documented(409),
)
def scan(site: SiteOf, behind: BackgroundOf, wanted: ScanWanted | None = None) -> ScanRecord:
    """Scan the folders of the library and of the settings. /api/status and /api/events report the progress."""
    folders = [*site.config.folders, *root_folders(site.library)]
    if not folders:
        raise Problem(
            409, "The library has no folders yet; run 'indexer folders add FOLDER' or 'indexer scan FOLDER' first."
        )
    try:
        begun = behind.scanner.start(folders, retry_failed=wanted is not None and wanted.retry_failed)
    except LibraryError as error:
        raise Problem(409, sentence(error)) from error
    return scan_record(begun, joined)


@router.post("/scan/stop", summary="Stop the scan", status_code=202, responses=documented(409))
def stop(behind: BackgroundOf) -> ScanRecord:
    """Stop the running scan; its results are kept, and the next scan continues where it stopped."""
    stopped = behind.scanner.stop()
    if stopped is None or stopped.is_over:
        raise Problem(409, "No scan is running.")
    return scan_record(stopped, joined)
