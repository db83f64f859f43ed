"""The daemon as a user and a service manager meet it: start, ask, change the settings, stop."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from indexer.library.report import status
from indexer.library.store import Library
from indexer.pipeline.daemon.lock import daemon_status

PATIENCE_SECONDS = 30.0


class Daemon:
    """`indexer watch` in a process of its own."""

    def __init__(self, program, *arguments: str | Path, **environ: str) -> None:
        self.program = program
        settings = {"INDEXER_SETTLE_SECONDS": "0.2", "INDEXER_WORKERS": "1", "INDEXER_FACES": "false", **environ}
        self.process = program.start("watch", *arguments, **settings)

    def status(self) -> dict[str, Any]:
        """Return what `indexer status --json` reads, without the start of a process."""
        with Library.open(self.program.library, read_only=True) as library:
            held = asdict(status(library))
        now = daemon_status(self.program.library)
        return {**held, "daemon": now and asdict(now)}

    def wait(self, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the status of the library is as wanted."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, self.process.communicate()
            if daemon_status(self.program.library) and (now := self.status())["daemon"] and until(now):
                return now
            time.sleep(0.02)
        raise AssertionError(self.status())

    def stop(self, kind: int = signal.SIGTERM) -> tuple[int, list[str]]:
        """Ask it to stop; return its exit code and what it has printed."""
        self.process.send_signal(kind)
        _, printed = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, printed.decode().splitlines()


@pytest.fixture
def own(program, tmp_path: Path):
    """The program with a library of this test."""
    return program.with_library(tmp_path / "l.sqlite")


@pytest.fixture
def start(own) -> Iterator[Callable[..., Daemon]]:
    """Start daemons; those that are left are ended after the test."""
    started: list[Daemon] = []

    def begin(*arguments: str | Path, **environ: str) -> Daemon:
        started.append(Daemon(own, *arguments, **environ))
        return started[-1]

    yield begin
    for daemon in started:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.communicate()


def photos(number: int) -> Callable[[dict[str, Any]], bool]:
    return lambda now: now["photos"] - now["missing"] == number and now["daemon"]["phase"] == "watching"


def test_a_photo_that_arrives_is_found_and_one_that_goes_is_not(start, own, small_photos: Path, samples) -> None:
    daemon = start(small_photos)
    daemon.wait(photos(2))
    told = json.loads(own("status", "--json").stdout)
    assert told["daemon"]["pid"] == daemon.process.pid
    assert [folder["how"] for folder in told["daemon"]["folders"]] == ["events"]
    shutil.copy(samples["cat"], small_photos / "kitty.png")
    daemon.wait(photos(3))
    assert "kitty.png" in own("search", "--keyword", "cat", "--format", "paths").stdout
    (small_photos / "kitty.png").unlink()
    daemon.wait(lambda now: now["missing"] == 1)
    assert "kitty.png" not in own("search", "--keyword", "cat", "--format", "paths").stdout
    began = time.monotonic()
    code, printed = daemon.stop()
    assert code == 0
    assert time.monotonic() - began < 10  # it waits for no photo and no clock; a busy machine takes its time
    assert "stopped: 3 photos indexed, 0 failed" in printed[-1]
    assert own("status", "--json").stdout.count('"daemon": null') == 1


def test_one_daemon_a_library_and_its_owner_is_named(start, own, small_photos: Path) -> None:
    daemon = start(small_photos)
    daemon.wait(photos(2))
    second = own("watch", small_photos, code=5)
    assert f"is being watched by process {daemon.process.pid} on" in second.stderr
    assert own("scan", small_photos, INDEXER_FACES="false").stdout.startswith("0 photos indexed")


def test_the_log_can_be_json_lines(start, small_photos: Path) -> None:
    (small_photos / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    daemon = start(small_photos, "--log", "json")
    daemon.wait(lambda now: now["failed"] == 1)
    code, printed = daemon.stop(signal.SIGINT)
    assert code == 0
    events = [json.loads(line) for line in printed]
    assert {"start", "follow", "failed", "stop"} <= {each["event"] for each in events}
    (failed,) = [each for each in events if each["event"] == "failed"]
    assert failed["path"] == str(small_photos / "broken.jpg")
    assert failed["stage"] == "identify"


def test_a_hangup_reads_the_settings_again(start, own, small_photos: Path, tmp_path: Path, samples) -> None:
    more = tmp_path / "more"
    more.mkdir()
    shutil.copy(samples["flower"], more)
    settings = tmp_path / "config.toml"
    settings.write_text(f'folders = ["{small_photos}"]\n')
    daemon = start("--config", settings)
    daemon.wait(photos(2))
    settings.write_text(f'folders = ["{small_photos}", "{more}"]\nworkers = "many"\n')
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.process.stderr is not None
    while "the settings were not changed" not in (line := daemon.process.stderr.readline().decode()):
        assert line
    assert "workers" in line
    settings.write_text(f'folders = ["{small_photos}", "{more}"]\n')
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait(lambda now: photos(3)(now) and len(now["daemon"]["folders"]) == 2)


def test_a_folder_that_nobody_knows_is_an_error(own, small_photos: Path) -> None:
    assert "it does not exist" in own("watch", small_photos / "typo", code=3).stderr
    assert "no folder is given" in own("watch", code=2).stderr


def test_a_folder_of_the_settings_may_come_later(start, tmp_path: Path, small_photos: Path) -> None:
    later = tmp_path / "later"
    settings = tmp_path / "config.toml"
    settings.write_text(f'folders = ["{later}"]\n')
    daemon = start("--config", settings)
    now = daemon.wait(lambda now: now["daemon"]["phase"] == "watching")
    assert now["daemon"]["folders"][0]["reason"] == "it is not there"
    small_photos.rename(later)
    daemon.wait(photos(2))


def test_a_pause_is_heeded_and_shown(start, own, small_photos: Path, samples) -> None:
    daemon = start(small_photos)
    daemon.wait(photos(2))
    own("pause")
    daemon.wait(lambda now: now["daemon"]["phase"] == "paused")
    shutil.copy(samples["flower"], small_photos)
    now = daemon.wait(lambda now: now["daemon"]["phase"] == "paused" and now["daemon"]["queued"] == 1)
    assert now["photos"] == 2
    own("resume")
    daemon.wait(photos(3))


def test_the_unit_runs_this_program_on_these_folders(own, small_photos: Path) -> None:
    unit = own("watch", small_photos, "--workers", "2", "--print-unit").stdout
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert '"watch" "--workers" "2"' in line
    assert line.endswith(f'"{small_photos}"')
    (writable,) = [line for line in unit.splitlines() if line.startswith("ReadWritePaths=")]
    assert f'"-{own.library.parent}"' in writable
    assert f'"--library" "{own.library}"' in line
    assert f'Environment="INDEXER_MODELS_FOLDER={own.models}"' in unit


def test_every_other_command_works_beside_it(start, own, small_photos: Path, tmp_path: Path) -> None:
    cat = (small_photos / "cat.jpg").read_bytes()
    daemon = start(small_photos, INDEXER_BATCH_PHOTOS="1", INDEXER_SETTLE_SECONDS="0")
    daemon.wait(photos(2))
    for number in range(60):
        (small_photos / f"{number:02}.jpg").write_bytes(cat + bytes([number]))  # the daemon writes all the time
    commands = [
        ("scan", small_photos),
        ("search", "cat"),
        ("retag",),
        ("tag", "add", "mine", small_photos / "cat.jpg"),
        ("people", "list"),
        ("backup", tmp_path / "copy.sqlite"),
        ("prune",),
        ("status",),
        ("duplicates",),
        ("doctor", "--quiet"),
    ]
    running = [own.start(*command, INDEXER_FACES="false") for command in commands]
    said = [process.communicate(timeout=PATIENCE_SECONDS)[1] for process in running]
    for command, process, errors in zip(commands, running, said, strict=True):
        assert process.returncode == 0, (command, errors)
        assert b"locked" not in errors, (command, errors)
    daemon.wait(photos(62))
