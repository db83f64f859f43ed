"""Pause of the daemon: a file beside the library asks it to rest, this one and any later one."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from indexer.errors import StoreError
from indexer.pipeline.daemon.status_file import Clock, beside, iso, now, unwritable


def pause(library: Path, clock: Clock = now) -> None:
    """Ask the daemon of a library to pause, this one and any later one, until `resume`; idempotent.

    Errors: StoreError where the folder may not be written to.
    """
    try:
        with beside(library, ".paused").open("x", encoding="ascii") as stream:
            stream.write(iso(clock()))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(library, f"cannot be paused: {unwritable(library, error)}") from error


def resume(library: Path) -> None:
    """Let the daemon of a library work again. Errors: StoreError where the folder may not be written to."""
    try:
        beside(library, ".paused").unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(library, f"cannot be resumed: {unwritable(library, error)}") from error


def paused_since(library: Path) -> str | None:
    """Return since when the daemon of a library has been paused (UTC, ISO 8601), None where it is not."""
    file = beside(library, ".paused")
    try:
        told = file.read_text(encoding="ascii").strip()
        datetime.fromisoformat(told)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # cut off by a power cut, made by hand, or another user's
        with suppress(OSError):
            return iso(datetime.fromtimestamp(file.stat().st_mtime, UTC))
        return None
    return told
