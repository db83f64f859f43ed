"""Native noise stays out of the terminal, reasons for a failure do not."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.vision.silence import silence_native_stderr


def test_what_native_code_writes_is_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    with silence_native_stderr():
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_it_is_let_out_when_the_block_fails(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with silence_native_stderr():
            os.write(2, b"ERROR: out of memory\n")
            raise ValueError("reason")

    with pytest.raises(ValueError, match="reason"):
        fail()
    assert capfd.readouterr().err == "ERROR: out of memory\n"


def test_threads_leave_the_terminal_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    def noise(_: int) -> None:
        with silence_native_stderr():
            os.write(2, b"noise\n")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(noise, range(100)))
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_a_process_without_stderr_is_served() -> None:
    kept = os.dup(2)
    os.close(2)
    try:
        with silence_native_stderr():
            served = True
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    assert served
