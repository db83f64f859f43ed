"""Lock of the daemon: one daemon works on a library, and publishes its status."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from indexer.atomic_write import atomic_write
from indexer.errors import StoreError
from indexer.pipeline.daemon.status_file import Clock, DaemonStatus, beside, iso, now, read_status, unwritable

_CLAIM_PATIENCE_SECONDS = 1.0  # a status request holds the lock for a moment
_ASK_PATIENCE_SECONDS = 0.2


class DaemonLock:
    """The lock of a library's only daemon, a context manager; its holder publishes the daemon's status."""

    def __init__(self, state: Path, lock: FileLock, daemon_status: DaemonStatus) -> None:
        self._state = state
        self._lock = lock
        self._told: DaemonStatus | None = None
        self.presence = daemon_status
        self.tell(daemon_status)

    @classmethod
    def claim(cls, library: Path, patience_seconds: float = _CLAIM_PATIENCE_SECONDS, clock: Clock = now) -> DaemonLock:
        """Take the lock, and publish that the daemon is starting.

        Errors: StoreError that names the owner where there is one, or where the folder may not be written to.
        """
        state = beside(library, ".watch.json")
        if not state.parent.is_dir():  # some releases of filelock would make it
            raise StoreError(library, "cannot be watched: its folder does not exist; check that the disk is mounted")
        # Not bound to a thread: who leaves need not be who came.
        lock = FileLock(beside(library, ".watch.lock"), timeout=patience_seconds, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            raise StoreError(library, _taken(read_status(state))) from None
        except (OSError, NotImplementedError) as error:
            raise StoreError(library, f"cannot be watched: {unwritable(library, error)}") from error
        return cls(state, lock, DaemonStatus(os.getpid(), socket.gethostname(), iso(clock())))

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
    lock = beside(library, ".watch.lock")
    if not lock.exists() or not _is_held(lock, beside(library, ".watch.json")):
        return None
    return read_status(beside(library, ".watch.json")) or DaemonStatus(0, "", "")


def _is_held(lock: Path, state: Path, patience_seconds: float = 0.0) -> bool:
    try:
        with FileLock(lock, timeout=patience_seconds, thread_local=False):
            return False
    except Timeout:
        # Two status requests may collide at the lock: another request soon releases it, a daemon does not.
        return bool(patience_seconds) or _is_alive(read_status(state)) or _is_held(lock, state, _ASK_PATIENCE_SECONDS)
    except (OSError, NotImplementedError):  # the file is another user's, or the folder read-only
        return _is_alive(read_status(state))


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
