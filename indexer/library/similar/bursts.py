"""Burst detection: photos that one camera took in quick succession, which look like copies and are not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

_LONGEST = timedelta(minutes=10)  # between two photos of one scene


def are_burst(one: Row[Any], other: Row[Any]) -> bool:
    """Return whether two photos were taken within minutes, but not at the same time, by what may be one camera.

    one, other: rows with taken_at, taken_from, camera_make, camera_model. Only times that a camera wrote into a file
    count, neither its name nor its own time. Whoever edits, scales or sends a photo may drop the fraction of a second
    and the offset from UTC, or all; nobody changes the time.
    """
    if not all(row.taken_at and (row.taken_from or "").startswith("exif:") for row in (one, other)):
        return False
    if _differ(one.camera_make, other.camera_make) or _differ(one.camera_model, other.camera_model):
        return False
    first, second = (datetime.fromisoformat(row.taken_at).replace(tzinfo=None) for row in (one, other))
    if not (first.microsecond and second.microsecond):  # one of the copies may lack it
        first, second = first.replace(microsecond=0), second.replace(microsecond=0)
    return timedelta(0) < abs(first - second) <= _LONGEST


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other
