"""Login sessions, stored beside the library.

The cookie is a random number, of which only the SHA-256 is stored: who reads the file cannot log in with it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from time import time

from indexer.atomic_write import atomic_write

UNUSED_SECONDS = 30 * 86_400
LONGEST_SECONDS = 180 * 86_400
_TOUCH_SECONDS = 86_400  # precision of the last use
_MOST = 200
_ID_BYTES = 32


@dataclass(frozen=True, slots=True)
class _Session:
    mark: str
    began: float
    used: float


class Sessions:
    """The sessions, which survive a restart unless the file cannot be written."""

    def __init__(self, file: Path | None, mark: str, clock: Callable[[], float] = time) -> None:
        """Read the stored sessions.  mark: of the password; sessions of another one are over."""
        self._file, self._mark, self._clock = file, mark, clock
        self._lock = Lock()
        self._held = {name: each for name, each in _read(file).items() if self._is_good(each)}

    def begin(self) -> str:
        """Return the cookie of a new session; the least recently used one ends where there are too many."""
        cookie = secrets.token_urlsafe(_ID_BYTES)
        now = self._clock()
        with self._lock:
            self._held = {name: each for name, each in self._held.items() if self._is_good(each)}
            while len(self._held) >= _MOST:
                del self._held[min(self._held, key=lambda name: self._held[name].used)]
            self._held[_name(cookie)] = _Session(self._mark, now, now)
            self._keep()
        return cookie

    def hold(self, cookie: str) -> bool:
        """Return whether a cookie is that of a session, and mark the session as used."""
        name, now = _name(cookie), self._clock()
        with self._lock:
            session = self._held.get(name)
            if session is None or not self._is_good(session):
                return False
            if now - session.used > _TOUCH_SECONDS:
                self._held[name] = replace(session, used=now)
                self._keep()
        return True

    def end(self, cookie: str) -> None:
        """End a session, if it is one: its cookie becomes invalid."""
        with self._lock:
            if self._held.pop(_name(cookie), None) is not None:
                self._keep()

    def _is_good(self, session: _Session) -> bool:
        now = self._clock()
        fresh = now - session.used < UNUSED_SECONDS and now - session.began < LONGEST_SECONDS
        return session.mark == self._mark and fresh

    def _keep(self) -> None:
        if self._file is None:
            return
        text = json.dumps({name: asdict(each) for name, each in self._held.items()})
        with suppress(OSError), atomic_write(self._file, prefix=f".{self._file.name}-", suffix="") as new:
            new.write(text.encode())


def csrf_token(cookie: str) -> str:
    """Return the token that proves that a page was made for this session; the cookie cannot be derived from it."""
    return hmac.new(cookie.encode(), b"csrf", hashlib.sha256).hexdigest()


def _read(file: Path | None) -> dict[str, _Session]:
    try:
        read = json.loads(file.read_text()) if file else {}
        return {
            str(name): _Session(str(each["mark"]), float(each["began"]), float(each["used"]))
            for name, each in read.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # absent or damaged: nobody is logged in
        return {}


def _name(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).hexdigest()
