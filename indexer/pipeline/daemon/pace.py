"""Pace: the time settings of the daemon."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """The daemon's time settings.

    settle_seconds: how long a file must be unchanged.  rescan_seconds: between full comparisons, 0 for never.
    poll_seconds: the same, for folders without events.  idle_seconds: time without work after which the workers end.
    batch_photos, batch_seconds: as for a scan.  look_seconds: between checks for folders that vanished or came back.
    """

    settle_seconds: float
    rescan_seconds: float
    poll_seconds: float
    idle_seconds: float
    batch_photos: int
    batch_seconds: float
    look_seconds: float = 5.0
