"""Status files of a daemon beside the library: its lock, its current status, and the request to pause.

NAME.watch.lock is held as long as a daemon runs, NAME.watch.json holds its status, NAME.paused asks it to pause.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from indexer.atomic_write import atomic_write
from indexer.errors import StoreError

Clock = Callable[[], datetime]
_CLAIM_PATIENCE_SECONDS = 1.0  # a status request holds the lock for a moment
_ASK_PATIENCE_SECONDS = 0.2


def _now() -> datetime:
    return datetime.now(UTC)


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
    phase: starting, scanning, watching, paused, stopping.  reason: why it is in this phase, '' for none.
    queued: photos that wait.  indexed, failed: photos since the start.  photos_per_second: now.
    """

    pid: int
    host: str
    since: str
    phase: str = "starting"
    reason: str = ""
    folders: tuple[WatchedFolder, ...] = ()
    queued: int = 0
    indexed: int = 0
    failed: int = 0
    photos_per_second: float = 0.0
    last_photo: Path | None = None
    last_photo_at: str | None = None
    last_scan_at: str | None = None


class DaemonLock:
    """The lock of a library's only daemon, a context manager; its holder publishes the daemon's status."""

    def __init__(self, state: Path, lock: FileLock, daemon_status: DaemonStatus) -> None:
        self._state = state
        self._lock = lock
        self._told: DaemonStatus | None = None
        self.presence = daemon_status
        self.tell(daemon_status)

    @classmethod
    def claim(cls, library: Path, patience_seconds: float = _CLAIM_PATIENCE_SECONDS, clock: Clock = _now) -> DaemonLock:
        """Take the lock, and publish that the daemon is starting.

        Errors: StoreError that names the owner where there is one, or where the folder may not be written to.
        """
        state = _beside(library, ".watch.json")
        if not state.parent.is_dir():  # some releases of filelock would make it
            raise StoreError(library, "cannot be watched: its folder does not exist; check that the disk is mounted")
        # Not bound to a thread: who leaves need not be who came.
        lock = FileLock(_beside(library, ".watch.lock"), timeout=patience_seconds, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            raise StoreError(library, _taken(_read(state))) from None
        except (OSError, NotImplementedError) as error:
            raise StoreError(library, f"cannot be watched: {_unwritable(library, error)}") from error
        return cls(state, lock, DaemonStatus(os.getpid(), socket.gethostname(), _iso(clock())))

    def tell(self, daemon_status: DaemonStatus) -> None:
        """Publish the status; a full or missing disk is no reason to stop."""
        self.presence = daemon_status
        if daemon_status == self._told:  # a sleeping disk is not woken up for nothing
            return
        fresh = self._state.with_name(f"{self._state.name}.new")
        with suppress(OSError):
            with atomic_write(self._state, mode=0o666, temporary=fresh) as new:
                # ASCII: bytes of a name that are not UTF-8 survive as lone surrogates.
                new.write(json.dumps(asdict(daemon_status), default=os.fspath).encode("ascii"))
            self._told = daemon_status

    def close(self) -> None:
        """Remove the status and release the lock."""
        for left in (self._state.with_name(f"{self._state.name}.new"), self._state):
            with suppress(OSError):
                left.unlink()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def daemon_status(library: Path) -> DaemonStatus | None:
    """Return the status of a library's daemon, None where none runs, whatever file a killed one has left."""
    lock = _beside(library, ".watch.lock")
    if not lock.exists() or not _is_held(lock, _beside(library, ".watch.json")):
        return None
    return _read(_beside(library, ".watch.json")) or DaemonStatus(0, "", "")


def pause(library: Path, clock: Clock = _now) -> None:
    """Ask the daemon of a library to pause, this one and any later one, until `resume`; idempotent.

    Errors: StoreError where the folder may not be written to.
    """
    try:
        with _beside(library, ".paused").open("x", encoding="ascii") as stream:
            stream.write(_iso(clock()))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(library, f"cannot be paused: {_unwritable(library, error)}") from error


def resume(library: Path) -> None:
    """Let the daemon of a library work again. Errors: StoreError where the folder may not be written to."""
    try:
        _beside(library, ".paused").unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(library, f"cannot be resumed: {_unwritable(library, error)}") from error


def paused_since(library: Path) -> str | None:
    """Return since when the daemon of a library has been paused (UTC, ISO 8601), None where it is not."""
    file = _beside(library, ".paused")
    try:
        told = file.read_text(encoding="ascii").strip()
        datetime.fromisoformat(told)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # cut off by a power cut, made by hand, or another user's
        with suppress(OSError):
            return _iso(datetime.fromtimestamp(file.stat().st_mtime, UTC))
        return None
    return told


def _beside(library: Path, ending: str) -> Path:
    # A library that is named through a link still has one daemon.
    real = Path(os.path.realpath(library))
    return real.with_name(real.name + ending)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _is_held(lock: Path, state: Path, patience_seconds: float = 0.0) -> bool:
    try:
        with FileLock(lock, timeout=patience_seconds, thread_local=False):
            return False
    except Timeout:
        # Two status requests may collide at the lock: another request soon releases it, a daemon does not.
        return bool(patience_seconds) or _is_alive(_read(state)) or _is_held(lock, state, _ASK_PATIENCE_SECONDS)
    except (OSError, NotImplementedError):  # the file is another user's, or the folder read-only
        return _is_alive(_read(state))


def _is_alive(owner: DaemonStatus | None) -> bool:
    if owner is None or owner.host != socket.gethostname():
        return False
    from psutil import pid_exists

    return pid_exists(owner.pid)


def _taken(owner: DaemonStatus | None) -> str:
    if owner is None:
        return "is being watched by another process; stop that one first"
    since = datetime.fromisoformat(owner.since).astimezone()
    return f"is being watched by process {owner.pid} on {owner.host} since {since:%Y-%m-%d %H:%M}; stop that one first"


def _unwritable(library: Path, error: Exception) -> str:
    if not library.parent.is_dir():
        return "its folder does not exist; check that the disk is mounted"
    return f"its folder cannot be written to: {getattr(error, 'strerror', None) or error}"


def _read(state: Path) -> DaemonStatus | None:
    """Return the content of a status file; fields that an older or newer release writes differently are ignored."""
    try:
        raw = json.loads(state.read_bytes())
        datetime.fromisoformat(raw["since"])
        return _presence(raw)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


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
        folders=tuple(map(_followed, raw.get("folders", ()))),
        last_photo=Path(photo) if isinstance(photo, str) else None,
    )


def _followed(raw: Mapping[str, Any]) -> WatchedFolder:
    return WatchedFolder(Path(raw["folder"]), str(raw["how"]), str(raw["reason"]))


def _alike(value: object, example: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number if isinstance(example, float) else type(value) is type(example)
