"""Photos that could not be indexed flow in; JSON objects flow out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.records.plain import PhotoPathRecord, path_record

if TYPE_CHECKING:
    from indexer.photo import Failed


class FailureRecord(PhotoPathRecord):
    """A photo that could not be indexed. stage: read, identify, metadata, decode, analyze."""

    stage: str
    reason: str


def failure_record(photo: int, failed: Failed) -> FailureRecord:
    """Return a photo that could not be indexed, and why."""
    return {"photo": photo, **path_record(failed.file.path), "stage": failed.stage, "reason": failed.reason}
