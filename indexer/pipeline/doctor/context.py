"""Doctor context: the library, models and workers that every check takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from indexer.vision.model_set import ModelSet


@dataclass(frozen=True, slots=True)
class DoctorContext:
    """The input of a doctor's checks.

    library: the file.  eyes: the models of the settings.  workers: worker processes of a scan.
    now: the time of the examination, with its time zone.  busy_seconds: how long a check waits for a lock on the file.
    """

    library: Path
    model_set: ModelSet
    workers: int
    now: datetime
    busy_seconds: float = 10.0
