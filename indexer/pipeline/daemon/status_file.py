"""Status file of a daemon beside the library, and where else its files lie.

NAME.watch.lock is held as long as a daemon runs, NAME.watch.json holds its status, NAME.paused asks it to pause.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indexer.advice import Advice

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A folder that a daemon watches.

    how: 'events', 'polling', or another mode.  reason: why it is watched so, '' for none.
    """

    folder: Path
    how: str
    reason: str


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """The status of a running daemon.

    pid: 0 where a daemon runs whose status is not readable.
    since, last_photo_at, last_scan_at: UTC, ISO 8601; the last: of the last complete comparison with the disk.
    phase: starting, scanning, watching, paused, stopping.  reason: why it is in this phase, '' for none;
    advice: what to do about it.
    queued: photos that wait.  indexed, failed: photos since the start.  photos_per_second: now.
    """

    pid: int
    host: str
    since: str
    phase: str = "starting"
    reason: str = ""
    advice: Advice | None = None
    folders: tuple[WatchedFolder, ...] = ()
    queued: int = 0
    indexed: int = 0
    failed: int = 0
    photos_per_second: float = 0.0
    last_photo: Path | None = None
    last_photo_at: str | None = None
    last_scan_at: str | None = None


def read_status(state: Path) -> DaemonStatus | None:
    """Return the content of a status file; fields that an older or newer release writes differently are ignored."""
    try:
        raw = json.loads(state.read_bytes())
        datetime.fromisoformat(raw["since"])
        return _presence(raw)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def beside(library: Path, ending: str) -> Path:
    """Return the path of a file of the daemon. A library that is named through a link still has one daemon."""
    real = Path(os.path.realpath(library))
    return real.with_name(real.name + ending)


def now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """Return a time as UTC, ISO 8601."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def unwritable(library: Path, error: Exception) -> str:
    """Return why the folder of a library cannot be written to, as a clause."""
    if not library.parent.is_dir():
        return "its folder does not exist; check that the disk is mounted"
    return f"its folder cannot be written to: {getattr(error, 'strerror', None) or error}"


def _presence(raw: Mapping[str, Any]) -> DaemonStatus:
    plain = DaemonStatus(0, "", "", last_photo_at="", last_scan_at="")
    values = {
        name: raw[name]
        for name, example in asdict(plain).items()
        if isinstance(example, int | float | str) and _alike(raw.get(name), example)
    }
    photo = raw.get("last_photo")
    return DaemonStatus(
        **{"pid": 0, "host": "", **values},
        advice=_advice(raw.get("advice")),
        folders=tuple(map(_followed, raw.get("folders", ()))),
        last_photo=Path(photo) if isinstance(photo, str) else None,
    )


def _followed(raw: Mapping[str, Any]) -> WatchedFolder:
    return WatchedFolder(Path(raw["folder"]), str(raw["how"]), str(raw["reason"]))


def _advice(raw: object) -> Advice | None:
    match raw:
        case [str(key), [*values]]:
            return Advice(key, tuple(map(str, values)))
    return None


def _alike(value: object, example: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number if isinstance(example, float) else type(value) is type(example)
