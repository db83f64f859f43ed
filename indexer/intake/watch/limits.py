"""System limits of folder watches, and advice in words where the system refuses more."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

_FOLDERS, _QUEUES = "max_user_watches", "max_user_instances"
_LEAST_ADVISED = 1024


def advice(error: OSError) -> str:
    """Return why a folder cannot be watched, and what to do about it."""
    if sys.platform == "linux" and error.errno == errno.ENOSPC:
        return _raise("folders that may be watched", _FOLDERS)
    if sys.platform == "linux" and error.errno == errno.EMFILE:
        return _raise("programs that may watch folders", _QUEUES)
    return f"the system cannot watch it ({error.strerror or error})"


def _raise(what: str, key: str) -> str:
    limit = _limit(key)
    now = f"{limit:,} " if limit else ""
    more = max(2 * (limit or 0), _LEAST_ADVISED)
    return f"no more than {now}{what} are allowed; allow more with: sysctl fs.inotify.{key}={more}"


def _limit(key: str) -> int | None:
    try:
        return int(Path("/proc/sys/fs/inotify", key).read_text())
    except (OSError, ValueError):
        return None
