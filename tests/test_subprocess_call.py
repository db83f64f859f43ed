"""Subprocess calls: what goes there and back, and how a child ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from indexer.errors import ModelError, PhotoError
from indexer.subprocess_call import CallGroup, subprocess_call

CHILD = """
import os, signal, sys, time
from pathlib import Path
from indexer.errors import PhotoError
from indexer.subprocess_call import serve

def work(asked, report):
    report(f"pid {os.getpid()}")
    print("a library prints this")
    match asked["do"]:
        case "fail": raise PhotoError(asked["path"], "read", "it is red")
        case "break": raise ValueError("broken")
        case "die": os.kill(os.getpid(), signal.SIGKILL)
        case "leave": os._exit(0)
        case "wait": time.sleep(60)
    return asked

if __name__ == "__main__":
    serve(work)
"""
PARENT = """
import sys
from indexer.errors import IndexerError
from indexer.subprocess_call import CallGroup, subprocess_call
subprocess_call("called_module", {"do": "wait"}, IndexerError, lambda text: print(text, flush=True))
"""
lost = partial(ModelError, "m")


@pytest.fixture(autouse=True)
def called_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "called_module.py").write_text(CHILD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_requests_and_results_keep_numbers_text_and_paths() -> None:
    path = Path(os.fsdecode(b"/not utf-8: \xff"))
    request: dict[str, Any] = {"do": "answer", "path": path, "more": [1.5, None, "Ünï\n", {"path": "text"}]}
    reports: list[str] = []
    assert subprocess_call("called_module", request, lost, reports.append) == request
    assert [report[:4] for report in reports] == ["pid "]


def test_errors_are_those_of_the_child() -> None:
    with pytest.raises(PhotoError, match="it is red") as caught:
        subprocess_call("called_module", {"do": "fail", "path": Path("a.jpg")}, lost)
    assert (caught.value.path, caught.value.stage) == (Path("a.jpg"), "read")


@pytest.mark.parametrize(
    ("do", "reason"),
    [("break", "code 1: ValueError: broken"), ("die", "code -9: "), ("leave", "code 0: ")],
)
def test_a_child_that_does_not_answer_is_lost(do: str, reason: str) -> None:
    with pytest.raises(ModelError, match=f"model m: its process ended with {reason}"):
        subprocess_call("called_module", {"do": do}, lost)


def test_an_error_here_kills_the_child() -> None:
    seen: list[int] = []

    def report(text: str) -> None:
        seen.append(int(text.split()[1]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        subprocess_call("called_module", {"do": "wait"}, lost, report)
    assert not is_alive(seen[0])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for the child in /proc")
def test_a_child_does_not_outlive_a_killed_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline().split()[1])
        assert is_alive(child)
        parent.send_signal(signal.SIGKILL)
    ends = time.monotonic() + 20
    while is_alive(child) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not is_alive(child)


def test_the_calls_of_a_group_end_with_it_and_later_ones_are_lost() -> None:
    group, pids = CallGroup(), []

    def begun(text: str) -> None:
        pids.append(int(text.removeprefix("pid ")))
        group.close()

    for _ in range(2):
        with pytest.raises(ModelError, match="its process ended"):
            subprocess_call("called_module", {"do": "wait"}, lost, begun, group)
    assert not any(is_alive(pid) for pid in pids)
