"""Coming to rest: a path comes when nobody touched it and its stamp stayed the same, once for its touches."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from indexer.intake.watch.settle import Settling, Stamp, disk_stamp

SECONDS = 2.0
A, B = Path("/photos/a.jpg"), Path("/photos/b.jpg")


class Disk:
    """A disk and a clock that only tests move; it counts how often each path is looked at."""

    def __init__(self) -> None:
        self.now = 100.0
        self.stamps: dict[Path, Stamp] = {}
        self.looks: dict[Path, int] = {}
        self._written = 0
        self.settling = Settling(SECONDS, lambda: self.now, self._stat)

    def _stat(self, path: Path) -> Stamp | None:
        self.looks[path] = self.looks.get(path, 0) + 1
        return self.stamps.get(path)

    def write(self, path: Path) -> None:
        self._written += 1
        self.stamps[path] = (self._written, self._written)

    def after(self, seconds: float) -> list[Path]:
        self.now += seconds
        return self.settling.settled()


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_a_file_comes_when_it_was_still_long_enough_and_only_once(disk: Disk) -> None:
    disk.write(A)
    disk.settling.touch(A)
    assert disk.settling.settled() == []
    assert disk.after(SECONDS - 0.1) == []
    assert disk.after(0.1) == [A]
    assert disk.after(100) == []


def test_a_file_written_in_pieces_comes_after_the_last_piece(disk: Disk) -> None:
    for _ in range(5):
        disk.write(A)
        disk.settling.touch(A)
        assert disk.after(SECONDS * 0.9) == []
    assert disk.after(SECONDS) == [A]


def test_a_file_that_grows_without_being_touched_is_waited_for(disk: Disk) -> None:
    disk.settling.touch(A)
    disk.settling.settled()
    for _ in range(5):
        disk.write(A)
        assert disk.after(SECONDS) == []
    assert disk.after(SECONDS) == [A]


def test_a_file_renamed_into_place_comes_under_its_name_and_what_it_replaced_needs_no_telling(disk: Disk) -> None:
    part = A.with_suffix(".part")
    disk.write(A)
    disk.write(part)
    disk.settling.touch(part)
    disk.after(1)
    disk.stamps[A] = disk.stamps.pop(part)
    disk.settling.touch(part)
    disk.settling.touch(A)
    disk.settling.settled()
    assert sorted(disk.after(SECONDS)) == [A, part]


def test_a_file_that_vanished_comes_too(disk: Disk) -> None:
    disk.write(A)
    disk.settling.touch(A)
    disk.after(1)
    del disk.stamps[A]
    assert disk.after(SECONDS) == []
    assert disk.after(SECONDS) == [A]


def test_a_file_replaced_while_it_waits_begins_anew(disk: Disk) -> None:
    disk.write(A)
    disk.settling.touch(A)
    disk.after(0)
    disk.write(A)
    assert disk.after(SECONDS) == []
    assert disk.after(SECONDS) == [A]


def test_what_never_rests_keeps_nobody_waiting(disk: Disk) -> None:
    disk.settling.touch(A)
    disk.settling.touch(B)
    disk.settling.settled()
    came = []
    for _ in range(30):
        disk.write(A)
        disk.settling.touch(A)
        came += disk.after(0.1)
    assert came == [B]


def test_a_touch_during_the_look_begins_anew(disk: Disk) -> None:
    def stat(path: Path) -> Stamp | None:
        if disk.now >= 102:
            settling.touch(path)
        return None

    settling = Settling(SECONDS, lambda: disk.now, stat)
    settling.touch(A)
    assert settling.settled() == []
    disk.now += SECONDS
    assert settling.settled() == []
    assert A in settling


def test_the_time_left_is_that_of_the_first(disk: Disk) -> None:
    assert disk.settling.seconds_left() is None
    disk.settling.touch(A)
    assert disk.settling.seconds_left() == 0.0
    disk.after(0)
    assert disk.settling.seconds_left() == SECONDS
    disk.settling.touch(B)
    disk.after(0.5)
    assert disk.settling.seconds_left() == SECONDS - 0.5
    disk.now += 10
    assert disk.settling.seconds_left() == 0.0
    assert disk.settling.settled() == [A, B]
    assert disk.settling.seconds_left() is None


def test_each_path_of_a_burst_is_looked_at_twice_and_asking_in_between_costs_nothing(disk: Disk) -> None:
    paths = [Path(f"/photos/{number}.jpg") for number in range(10_000)]
    for path in paths:
        disk.settling.touch(path)
    disk.settling.settled()
    begun = perf_counter()
    for _ in range(100):
        assert disk.after(0.01) == []
    assert perf_counter() - begun < 0.1
    assert disk.after(SECONDS) == paths
    assert set(disk.looks.values()) == {2}


def test_the_stamp_on_the_disk_is_that_of_the_target(tmp_path: Path) -> None:
    file, link = tmp_path / "a.jpg", tmp_path / "link.jpg"
    file.write_bytes(b"12345")
    link.symlink_to(file)
    stat = file.stat()
    assert disk_stamp(link) == disk_stamp(file) == (5, stat.st_mtime_ns, stat.st_ctime_ns)
    assert disk_stamp(tmp_path / "none.jpg") is None
    assert disk_stamp(file / "below") is None
    assert disk_stamp(Path("\0")) is None


class AnythingHappens(RuleBasedStateMachine):
    """Whatever happens in whatever order: nothing comes early, nothing twice, nothing is forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = Disk()
        self.owed: dict[Path, float] = {}  # touched, not yet returned: when last
        self.changed: dict[Path, float] = {}  # when its stamp became what it is

    paths = st.sampled_from([A, B, Path("/photos/c.jpg")])

    @rule(path=paths)
    def touch(self, path: Path) -> None:
        self.disk.settling.touch(path)
        self.owed[path] = self.disk.now

    @rule(path=paths)
    def write(self, path: Path) -> None:
        self.disk.write(path)
        self.changed[path] = self.disk.now

    @rule(path=paths)
    def vanish(self, path: Path) -> None:
        self.disk.stamps.pop(path, None)
        # That a file came and went between two looks cannot be seen, and does not matter: there is none.
        self.changed.pop(path, None)

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 3.0]))
    def ask(self, seconds: float) -> None:
        for path in self.disk.after(seconds):
            assert self.disk.now - self.owed.pop(path) >= SECONDS
            assert self.disk.now - self.changed.get(path, 0.0) >= SECONDS

    @invariant()
    def what_is_owed_waits(self) -> None:
        assert len(self.disk.settling) == len(self.owed)
        assert all(path in self.disk.settling for path in self.owed)
        assert (self.disk.settling.seconds_left() is None) is (not self.owed)

    def teardown(self) -> None:
        for _ in range(3):  # the stamp after the last touch, once more if it changed since, and the end
            self.ask(SECONDS)
        assert not self.owed


TestAnythingHappens = AnythingHappens.TestCase
TestAnythingHappens.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
