"""Which library, networks and workers are to be looked at: the one value that every check of a doctor takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from indexer.vision.model_set import ModelSet


@dataclass(frozen=True, slots=True)
class DoctorContext:
    """What a doctor looks at.

    library: the file.  eyes: the networks of the settings.  workers: worker processes of a scan.
    now: when the doctor looks, with its time zone.  busy_seconds: how long a check waits for who locks the file.
    """

    library: Path
    eyes: ModelSet
    workers: int
    now: datetime
    busy_seconds: float = 10.0
