"""A pause is a wish that holds, whether a daemon runs or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.library.store import Library
from indexer.pipeline.daemon.lock import DaemonLock
from indexer.pipeline.daemon.pause import paused_since


@pytest.fixture
def ours(program, tmp_path: Path):
    Library.open(tmp_path / "l.sqlite").close()
    return program.with_library(tmp_path / "l.sqlite")


def test_a_pause_without_a_daemon_holds_for_the_next_one(ours) -> None:
    assert "No daemon is running; the next one waits" in ours("pause").stdout
    assert "Already paused since 20" in ours("pause").stdout
    assert ours.record("status")["paused_since"] == paused_since(ours.library)
    assert "paused        since 20" in ours("status").stdout
    assert "No daemon is running; the next one will work again" in ours("resume").stdout
    assert "The daemon was not paused" in ours("resume").stdout
    assert ours.record("status")["paused_since"] is None


def test_a_running_daemon_is_named(ours) -> None:
    with DaemonLock.claim(ours.library):
        assert "Paused: the daemon (process " in ours("pause").stdout
        assert "Resumed: the daemon (process " in ours("resume").stdout


@pytest.mark.parametrize("wish", ["pause", "resume"])
def test_a_library_that_does_not_exist_is_no_wish(program, tmp_path: Path, wish: str) -> None:
    assert "does not exist yet" in program.with_library(tmp_path / "typo.sqlite")(wish, code=5).stderr
    assert list(tmp_path.iterdir()) == []
