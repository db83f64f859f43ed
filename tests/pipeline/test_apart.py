"""Long tasks in processes of their own."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Thread

import pytest

from indexer.errors import StoreError
from indexer.library.store import Library
from indexer.pipeline.workers.run_apart import ProcessLostError, ProcessRunner, duplicates_in


def test_a_task_is_done_in_another_process() -> None:
    apart = ProcessRunner()
    assert apart.do(os.getpid) != os.getpid()
    assert apart.do(sorted, [3, 1, 2]) == [1, 2, 3]


def test_copies_of_a_library_are_found(tmp_path: Path) -> None:
    Library.open(tmp_path / "library.sqlite").close()
    assert ProcessRunner().do(duplicates_in, tmp_path / "library.sqlite", None) == []


def test_its_error_is_the_caller_s(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none\.sqlite"):
        ProcessRunner().do(duplicates_in, tmp_path / "none.sqlite", None)


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(ProcessLostError):
        ProcessRunner().do(os._exit, 3)


def test_a_mistake_of_the_program_is_told_as_such(capfd) -> None:
    with pytest.raises(ProcessLostError):
        ProcessRunner().do(int, "no number")
    assert "ValueError" in capfd.readouterr().err


def test_what_runs_is_ended_with_the_program() -> None:
    apart, ends = ProcessRunner(), []

    def wait() -> None:
        try:
            apart.do(time.sleep, 60)
        except ProcessLostError as error:
            ends.append(error)

    thread = Thread(target=wait)
    thread.start()
    time.sleep(0.2)
    apart.close()
    thread.join(20)
    assert len(ends) == 1
    with pytest.raises(ProcessLostError):
        apart.do(os.getpid)
