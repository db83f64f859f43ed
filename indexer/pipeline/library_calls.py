"""Calls on a library in processes of their own, which keep their time and memory out of a server's.

The child is `python -m indexer.pipeline.library_calls < request.json`.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from indexer.errors import ProcessLostError
from indexer.library.people.grouping import Grouped, group_in
from indexer.library.similar.copies import Copy, CopyGroup
from indexer.library.similar.similar import duplicates
from indexer.library.store import Library
from indexer.pipeline.duplicates.same_picture import PixelComparison
from indexer.pipeline.root_state import away_roots
from indexer.subprocess_call import CallGroup, Report, serve, subprocess_call

_LOG = logging.getLogger("indexer.library_calls")
_NICENESS = 10  # pages that people wait for have priority


class FaceLimits(NamedTuple):
    """How faces are grouped: the describer's id, the distance of `clustering.cluster`, the minimum quality (0..1)."""

    model: str
    distance: float
    quality: float


def find_duplicates(
    library: Path, model: str | None, max_pixels: int = 0, group: CallGroup | None = None
) -> list[CopyGroup]:
    """Return the copies in a library file, as `library.similar.similar.duplicates` finds them.

    max_pixels: the largest photo that is opened to compare its pixels; 0: none is.  group: with which the call ends.
    Errors: StoreError; ProcessLostError where the process is lost.
    """
    found = _call("duplicates", group, library=library, model=model, max_pixels=max_pixels)
    return [CopyGroup(Copy(**each["best"]), tuple(Copy(**other) for other in each["others"])) for each in found]


def group_faces(library: Path, model: str, distance: float, quality: float, group: CallGroup | None = None) -> Grouped:
    """Group the faces of a library file as `library.people.grouping.group_in` does. Errors: as of `find_duplicates`."""
    return Grouped(**_call("faces", group, library=library, model=model, distance=distance, quality=quality))


def _call(task: str, group: CallGroup | None, **given: Any) -> Any:
    request = {"task": task, "given": given}

    def lost(how: str) -> ProcessLostError:
        if group is None or not group.is_closed:
            _LOG.error("%s: %s", task, how)
        return ProcessLostError()

    return subprocess_call("indexer.pipeline.library_calls", request, lost, group=group)


def _duplicates(library: Path, model: str | None, max_pixels: int) -> list[dict[str, Any]]:
    compare = PixelComparison(max_pixels, threads=1) if max_pixels else None
    with Library.open(library, read_only=True) as opened:
        return [asdict(each) for each in duplicates(opened, model, away=away_roots(opened), compare=compare)]


def _faces(library: Path, model: str, distance: float, quality: float) -> dict[str, Any]:
    return asdict(group_in(library, model, distance, quality))


_TASKS: Mapping[str, Callable[..., Any]] = {"duplicates": _duplicates, "faces": _faces}


def _serve(asked: dict[str, Any], _report: Report) -> Any:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    with suppress(OSError, AttributeError):
        os.nice(_NICENESS)
    return _TASKS[asked["task"]](**asked["given"])


if __name__ == "__main__":
    serve(_serve)
