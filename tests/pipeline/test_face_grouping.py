"""New faces are grouped in the background, once the library is at rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from indexer.errors import IndexerError, ProcessLostError
from indexer.geometry import Box
from indexer.library.people.grouping import Grouped
from indexer.pipeline.daemon.face_grouping import FaceGrouping
from indexer.subprocess_call import CallGroup
from indexer.values.analysis import Analysis, Descriptor, Face
from indexer.values.files import Hashes, Metadata, PhotoFile, PixelStats
from indexer.values.outcomes import Indexed

DONE = Grouped(1, 2, 5, 0, 0)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def photo(faces: int) -> Indexed:
    face = Face(Box(0, 0, 1, 1), 0.9, 0.9, (), Descriptor("d-1", bytes(512)))
    look = PixelStats(0.5, 0.5, 0.2, 0.0)
    analysis = Analysis(Metadata("JPEG", 4, 3), Hashes(bytes(32), bytes(8)), look, (), (), (face,) * faces, b"", ())
    return Indexed(PhotoFile(Path("/a.jpg"), 1, 1), analysis)


class Background:
    """A grouping whose work ends when it is told to."""

    def __init__(self, result: Callable[[], Grouped] = lambda: DONE) -> None:
        self.clock, self.began, self.go = Clock(), 0, Event()
        self.told: list[Grouped | IndexerError] = []
        self._result = result
        self._last: Thread | None = None
        self.grouping = FaceGrouping(self._group, self.told.append, self.clock)

    def _group(self, _: CallGroup) -> Grouped:
        assert self.go.wait(10)
        return self._result()

    def at(self, seconds: float, *, is_idle: bool = True) -> int:
        """Return how many groupings have begun after a turn at a time."""
        self.clock.now = seconds
        self.grouping.turn(is_idle=is_idle)
        if self.grouping._thread not in (None, self._last):
            self._last, self.began = self.grouping._thread, self.began + 1
        return self.began

    def finish(self) -> None:
        self.go.set()
        thread = self.grouping._thread
        assert thread is not None
        thread.join()


def test_faces_are_grouped_once_none_has_come_for_a_while_and_nothing_else_is_to_be_done() -> None:
    background = Background()
    background.grouping.note(photo(0))
    assert background.at(1000) == 0
    background.grouping.note(photo(1))
    assert background.at(1020) == 0
    background.grouping.note(photo(2))
    assert background.at(1040) == 0
    assert background.at(1051, is_idle=False) == 0
    assert background.at(1051) == 1
    background.finish()
    assert background.at(1052) == 1
    assert background.told == [DONE]


def test_faces_that_come_meanwhile_are_grouped_next_and_not_too_often() -> None:
    background = Background()
    background.grouping.note(photo(1))
    assert background.at(31) == 1
    background.grouping.note(photo(1))
    assert background.at(100) == 1  # one at a time
    background.finish()
    assert background.at(131) == 1  # it took 100 s
    assert background.at(2000) == 1
    assert background.at(2132) == 2


def test_a_grouping_that_fails_is_told_and_tried_again_with_the_next_face() -> None:
    def lost() -> Grouped:
        raise ProcessLostError

    background = Background(lost)
    background.grouping.note(photo(1))
    background.at(31)
    background.finish()
    background.at(32)
    assert isinstance(background.told[0], ProcessLostError)
    background.grouping.note(photo(1))
    assert background.at(500) == 2


@pytest.mark.parametrize("is_running", [True, False])
def test_it_ends_with_the_daemon(is_running: bool) -> None:
    background = Background()
    if is_running:
        background.grouping.note(photo(1))
        background.at(31)
        background.go.set()
    background.grouping.close()
