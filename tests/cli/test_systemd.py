"""The unit is one that systemd takes, and the manager hears what the daemon says."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.cli.service.sd_notify import Notifier
from indexer.cli.service.systemd import SERVE, unit
from indexer.config.config import Config
from indexer.errors import ConfigError

COMMAND = [sys.executable, "-m", "indexer", "watch"]
AWKWARD = 'my photos, 100% "x" \\ $HOME; é'
analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def settings(text: str) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser["Service"]


def analyzed(tmp_path: Path, text: str, *command: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "indexer.service"
    file.write_text(text)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    return subprocess.run(
        ["systemd-analyze", "--user", *command, file], capture_output=True, text=True, env=environ, check=False
    )


def made(tmp_path: Path, *arguments: str, library: str = "library.sqlite", **config: object) -> str:
    return unit([*COMMAND, *arguments], {}, tmp_path / library, tmp_path / "models", [], Config(**config))


@analyze
@pytest.mark.parametrize("name", ["library.sqlite", f"{AWKWARD}/{AWKWARD}.sqlite"])
@pytest.mark.parametrize("io_priority", ["normal", "low", "idle"])
def test_systemd_finds_nothing_wrong_with_a_unit(tmp_path: Path, name: str, io_priority: str) -> None:
    text = made(tmp_path, "--library", str(tmp_path / name), "two\nlines", library=name, io_priority=io_priority)
    done = analyzed(tmp_path, text, "verify")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@analyze
def test_a_unit_is_hardened(tmp_path: Path) -> None:
    done = analyzed(tmp_path, made(tmp_path), "security", "--offline=true", "--threshold=25")
    if "unrecognized option" in done.stderr or "Unknown" in done.stderr:
        pytest.skip("this systemd cannot judge a file")
    assert done.returncode == 0, done.stdout[-300:]


def test_a_unit_writes_to_its_own_folders_only() -> None:
    library, cache = Path("/srv/my photos/l.sqlite"), Path("/var/cache/indexer")
    service = settings(
        unit(
            ["/usr/bin/indexer", "watch"], {"INDEXER_WORKERS": "2"}, library, cache, [Path("/home/me/photos")], Config()
        )
    )
    assert service["ProtectSystem"] == "strict"
    assert service["ReadWritePaths"] == '"-/srv/my photos" "-/var/cache/indexer"'
    assert service["RestrictAddressFamilies"] == "AF_UNIX"
    assert service["UMask"] == "0077"


def test_a_server_as_a_service_may_answer_and_writes_to_its_own_folders_only(tmp_path: Path) -> None:
    text = unit(["/usr/bin/indexer", "serve"], {}, Path("/l/l.sqlite"), Path("/m"), [], Config(), SERVE, [Path("/t")])
    service = settings(text)
    assert service["RestrictAddressFamilies"] == "AF_UNIX AF_INET AF_INET6"
    assert service["ReadWritePaths"] == '"-/l" "-/m" "-/t"'
    assert "Nice" not in service
    assert "ExecReload" not in service
    assert "systemctl --user enable --now indexer-serve\n" in text
    if shutil.which("systemd-analyze"):
        text = unit([*COMMAND[:-1], "serve"], {}, tmp_path / "l", tmp_path / "m", [], Config(), SERVE, [tmp_path])
        done = analyzed(tmp_path, text, "verify")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_photos_in_tmp_are_not_hidden_by_a_private_one() -> None:
    library, cache = Path("/srv/l.sqlite"), Path("/srv/models")

    def private(program: str, folder: str) -> str:
        return settings(unit([program], {}, library, cache, [Path(folder)], Config()))["PrivateTmp"]

    assert private("/usr/bin/indexer", "/srv/photos") == "yes"
    assert private("/usr/bin/indexer", "/tmp/photos") == "no"
    assert private("/tmp/venv/bin/indexer", "/srv/photos") == "no"


def test_a_unit_follows_the_settings(tmp_path: Path) -> None:
    service = settings(made(tmp_path, niceness=3, io_priority="low", workers=2, photo_memory_mb=500))
    assert (service["Nice"], service["IOSchedulingClass"], service["IOSchedulingPriority"]) == ("3", "best-effort", "7")
    assert service["MemoryHigh"] == "2024M"


def test_arguments_are_quoted_as_systemd_reads_them(tmp_path: Path) -> None:
    start = settings(made(tmp_path, AWKWARD, "two\nlines"))["ExecStart"]
    assert start.startswith(f':"{sys.executable}" "-m"')
    assert start.endswith(r'"my photos, 100%% \"x\" \\ $HOME; é" "two\x0alines"')


def test_a_unit_says_how_it_is_installed_in_two_lines(tmp_path: Path) -> None:
    comments = re.match(r"(# .*\n)+", made(tmp_path))
    assert comments is not None
    assert len(comments[0].splitlines()) == 2
    assert "systemctl --user enable --now" in comments[0]
    assert "loginctl enable-linger" in comments[0]


def test_what_a_unit_cannot_name_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"caf�.* a systemd unit cannot contain this name"):
        made(tmp_path, os.fsdecode(b"caf\xe9"))
    with pytest.raises(ConfigError, match=r"a\\nb.* a systemd unit cannot contain this name"):
        made(tmp_path, library="a\nb/l.sqlite")


@pytest.mark.parametrize("abstract", [False, True], ids=["file", "abstract"])
def test_the_manager_hears_what_the_daemon_says(tmp_path: Path, abstract: bool) -> None:
    name = f"@indexer-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0"))
        manager.settimeout(5)
        notifier = Notifier(name)
        notifier.ready()
        notifier.status("12 photos\nwait in caf\udce9")
        notifier.alive()
        notifier.reloading()
        notifier.stopping()
        heard = [manager.recv(4096).decode() for _ in range(5)]
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", heard.pop(3))
    assert heard == ["READY=1", "STATUS=12 photos wait in caf�", "WATCHDOG=1", "STOPPING=1"]


def test_without_a_manager_nothing_is_said(tmp_path: Path) -> None:
    Notifier(None).ready()
    Notifier(str(tmp_path / "nobody")).ready()
    assert not list(tmp_path.iterdir())


def test_a_manager_that_does_not_listen_stops_nobody(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        notifier = Notifier(str(tmp_path / "notify"))
        for _ in range(1000):
            notifier.alive()
