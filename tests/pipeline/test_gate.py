"""When photos may be begun: not in a pause, and not while others keep the machine busy."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.pipeline.daemon.pause import pause, resume
from indexer.pipeline.daemon.throttle import Throttle, machine_load


class Machine:
    """A machine whose load follows what runs on it, as Linux reckons it."""

    def __init__(self) -> None:
        self.now, self.own, self.others, self.load = 0.0, 0, 0.0, 0.0

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            self.load += (self.own + self.others - self.load) / 60


def test_a_pause_holds_until_it_is_ended(tmp_path: Path) -> None:
    library, machine = tmp_path / "l.sqlite", Machine()
    throttle = Throttle(library, 0.0, lambda: 0, lambda: machine.now)
    assert throttle.is_open()
    pause(library)
    machine.pass_time(1)
    assert not throttle.is_open()
    assert "until it is resumed" in throttle.reason()
    resume(library)
    machine.pass_time(1)
    assert throttle.is_open()


def test_the_work_rests_while_others_work_and_goes_on_afterwards(tmp_path: Path) -> None:
    machine = Machine()
    throttle = Throttle(tmp_path / "l.sqlite", 1.5, lambda: machine.own, lambda: machine.now, lambda: machine.load)
    assert throttle.is_open()
    machine.others = 4
    machine.pass_time(120)
    assert throttle.reason().startswith("the load of other programs, 3.")
    machine.others = 0
    machine.pass_time(120)
    assert throttle.is_open()


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_our_own_work_never_stops_us(tmp_path: Path, workers: int) -> None:
    machine = Machine()
    throttle = Throttle(tmp_path / "l.sqlite", 0.5, lambda: machine.own, lambda: machine.now, lambda: machine.load)
    for busy in (workers, 0, workers):
        machine.own = busy
        for _ in range(300):
            machine.pass_time(1)
            assert throttle.is_open()


def test_the_machine_has_a_load() -> None:
    assert machine_load() >= 0
