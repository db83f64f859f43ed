"""Settings: four layers, each over the one before; a mistake is a sentence."""

from __future__ import annotations

import os
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from indexer.config import config
from indexer.config.config import Config
from indexer.errors import ConfigError

PROJECT = Path(__file__).parents[1]


def test_the_example_file_holds_every_key_with_its_default() -> None:
    text = (PROJECT / "config.example.toml").read_text()
    assert text == config.example()
    assert set(tomllib.loads(text)) == {item.name for item in fields(Config)}
    assert config.load(PROJECT / "config.example.toml", environ={}).config == Config()


def test_flags_win_over_variables_over_the_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("workers = 2\nbatch_photos = 10\nmax_megapixels = 50")
    environ = {"INDEXER_WORKERS": "3", "INDEXER_BATCH_PHOTOS": "11"}
    settings = config.load(file, {"workers": 4, "library": None}, environ)
    assert settings.config == Config(workers=4, batch_photos=11, max_megapixels=50.0)
    assert [settings.origins[key] for key in ("workers", "batch_photos", "max_megapixels", "faces")] == [
        "flag",
        "environment",
        str(file),
        "default",
    ]


def test_paths_in_the_file_are_relative_to_it(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('library = "my.sqlite"\nfolders = ["photos", "~/more"]')
    loaded = config.load(file, environ={}).config
    assert loaded.library == tmp_path / "my.sqlite"
    assert loaded.folders == (tmp_path / "photos", Path.home() / "more")


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text("faces = false")
    assert config.load(environ={"INDEXER_CONFIG": str(file)}).config.faces is False


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("wrokers = 2", "wrokers", "not a setting"),
        ("workers = -1", "workers", "at least 0"),
        ("niceness = 20", "niceness", "at most 19"),
        ("niceness = -1", "niceness", "at least 0"),
        ('io_priority = "realtime"', "io_priority", "one of normal, low, idle"),
        ("workers = true", "workers", "whole number"),
        ('faces = "no"', "faces", "true or false"),
        ('runtime = "cuda"', "runtime", "one of auto, litert, tensorflow"),
        ('folders = "photos"', "folders", "list of folders"),
        ('max_megapixels = "big"', "max_megapixels", "a number"),
        ("serve_port = 65536", "serve_port", "at most 65535"),
        ('serve_hosts = "photos"', "serve_hosts", "list of names"),
        ('serve_address = ""', "serve_address", "a text"),
        ("serve_upload_mb = 0", "serve_upload_mb", "at least 1"),
        ("workers = [", "", "cannot be read"),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path: Path, text: str, key: str, hint: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=hint) as caught:
        config.load(file, environ={})
    assert key in caught.value.key


def test_a_variable_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match="whole number"):
        config.load(environ={"INDEXER_WORKERS": "many", "INDEXER_CONFIG": str(PROJECT / "config.example.toml")})


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "none.toml", environ={})


def test_a_missing_file_that_nobody_named_is_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config.load(environ={}).config == Config()


def test_zero_workers_means_one_a_core() -> None:
    assert Config().worker_count >= 1
    assert Config(workers=5).worker_count == 5


def test_thumbnails_have_a_place_of_their_own(tmp_path: Path) -> None:
    assert Config().thumbnails_path.name == "thumbnails"
    assert Config(thumbnails_folder=tmp_path).thumbnails_path == tmp_path


def test_the_service_manager_is_found_in_the_environment() -> None:
    environ = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(os.getpid())}
    assert config.service_manager(environ) == config.ServiceManager("/run/notify", 120.0)
    assert config.service_manager({"NOTIFY_SOCKET": "@notify"}) == config.ServiceManager("@notify", None)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"NOTIFY_SOCKET": "", "WATCHDOG_USEC": ""},
        {"NOTIFY_SOCKET": "vsock:2:1234", "WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "-5"},
        {"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"},
    ],
)
def test_without_a_service_manager_nobody_listens(environ: dict[str, str]) -> None:
    assert config.service_manager(environ) == config.ServiceManager(None, None)
