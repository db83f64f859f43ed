"""Bad input: a clear sentence, the right exit code, nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.vision.spec import read_specs


def no_library(folder: Path) -> list[str]:
    return ["search", "--keyword", "dog"]


def missing_folder(folder: Path) -> list[str]:
    return ["scan", str(folder / "nowhere")]


def file_for_folder(folder: Path) -> list[str]:
    (folder / "file.jpg").write_text("x")
    return ["scan", str(folder / "file.jpg")]


def no_folder(folder: Path) -> list[str]:
    return ["scan"]


def wrong_setting(folder: Path) -> list[str]:
    (folder / "c.toml").write_text("workers = 'many'")
    return ["status", "--config", str(folder / "c.toml")]


def damaged_library(folder: Path) -> list[str]:
    (folder / "library.sqlite").write_bytes(b"This is no database, whatever its name says. " * 100)
    return ["status"]


def foreign_library(folder: Path) -> list[str]:
    database = sqlite3.connect(folder / "library.sqlite")
    database.execute("CREATE TABLE other (x)")
    database.close()
    return ["status"]


def unknown_model(folder: Path) -> list[str]:
    (folder / "c.toml").write_text("classifier = 'resnet-9000'")
    return ["scan", str(folder), "--config", str(folder / "c.toml")]


def wrong_model(folder: Path) -> list[str]:
    (folder / "c.toml").write_text("classifier = 'dlib-face-resnet'")
    return ["scan", str(folder), "--config", str(folder / "c.toml")]


def missing_query_picture(folder: Path) -> list[str]:
    sqlite_library(folder)
    return ["similar-faces", str(folder / "none.jpg")]


def text_as_query_picture(folder: Path) -> list[str]:
    sqlite_library(folder)
    (folder / "text.jpg").write_text("hello")
    return ["similar-faces", str(folder / "text.jpg")]


def faces_switched_off(folder: Path) -> list[str]:
    sqlite_library(folder)
    (folder / "c.toml").write_text("faces = false")
    return ["similar-faces", str(folder / "x.jpg"), "--config", str(folder / "c.toml")]


def unknown_option(folder: Path) -> list[str]:
    return ["scan", "--fast"]


def sqlite_library(folder: Path) -> None:
    from indexer.library.store import Library

    Library.open(folder / "library.sqlite").close()


CASES = [
    (no_library, 5, "with 'indexer scan FOLDER'"),
    (missing_folder, 3, "does not exist"),
    (file_for_folder, 3, "not a folder"),
    (no_folder, 2, "no folder is given"),
    (wrong_setting, 2, "workers: must be a whole number"),
    (damaged_library, 5, "is not a library of indexer"),
    (foreign_library, 5, "another program"),
    (unknown_model, 4, "resnet-9000"),
    (wrong_model, 4, "not a classifier"),
    (missing_query_picture, 7, "does not exist"),
    (text_as_query_picture, 7, "not a picture"),
    (faces_switched_off, 2, "faces"),
    (unknown_option, 2, "--fast"),
]


@pytest.mark.parametrize(("make", "code", "sentence"), CASES, ids=lambda value: getattr(value, "__name__", None))
def test_bad_input_is_a_sentence_and_an_exit_code(program, tmp_path: Path, make, code: int, sentence: str) -> None:
    arguments = make(tmp_path)
    done = program.with_library(tmp_path / "library.sqlite")(*arguments, code=code)
    assert sentence in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_a_damaged_model_is_refused_and_can_be_built_again(program, small_photos: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(program.models, models)
    lite = models / read_specs()["efficientnet-lite0"].id / "model.tflite"
    data = bytearray(lite.read_bytes())
    data[len(data) // 2] ^= 1
    lite.write_bytes(data)
    ours = type(program)(program.home, models, tmp_path / "l.sqlite")
    assert "is damaged" in ours("models", "verify", code=4).stderr
    assert "is damaged" in ours("scan", small_photos, code=4).stderr
    ours("models", "build", "efficientnet-lite0")
    ours("models", "verify")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_told_and_the_rest_goes_on(program, small_photos: Path, tmp_path: Path) -> None:
    locked = small_photos / "locked"
    locked.mkdir(mode=0)
    done = program.with_library(tmp_path / "l.sqlite")("scan", small_photos)
    locked.chmod(0o700)
    assert "no permission" in done.stderr
    assert "2 photos indexed" in done.stdout


def test_a_closed_stdout_and_a_reader_that_has_seen_enough_are_no_crash(scanned) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(scanned.program.home)}
    command = f"{sys.executable} -m indexer search -k cat --library {scanned.program.library}"
    for line in (f"{command} >&-", f"{command} --format jsonl | true"):
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=environ, check=False)
        assert "Traceback" not in done.stderr
        assert "Exception" not in done.stderr


def test_more_workers_than_photos_are_not_started(program, small_photos: Path, tmp_path: Path) -> None:
    done = program.with_library(tmp_path / "l.sqlite")("scan", small_photos, "--workers", "99")
    assert "2 photos indexed" in done.stdout
    assert done.stderr == ""


def test_a_root_that_is_not_mounted_never_empties_the_library(program, small_photos: Path, tmp_path: Path) -> None:
    ours = program.with_library(tmp_path / "l.sqlite")
    ours("scan", small_photos)
    small_photos.rename(tmp_path / "aside")
    small_photos.mkdir()
    (small_photos / "NOT_MOUNTED").touch()
    os.utime(small_photos, (1_000_000_000, 1_000_000_000))  # the mount point is older than what was mounted there
    for name in (small_photos, small_photos / ".." / small_photos.name):
        assert "perhaps a disk is not mounted" in ours("scan", name).stderr
    assert ours.record("status")["missing"] == 0


def test_a_folder_under_two_names_is_one_folder(program, small_photos: Path, tmp_path: Path) -> None:
    ours = program.with_library(tmp_path / "l.sqlite")
    ours("scan", small_photos)
    (tmp_path / "link").symlink_to(small_photos)
    assert "2 unchanged" in ours("scan", tmp_path / "link").stdout
    assert ours.json("show", tmp_path / "link" / "cat.jpg")["width"] == 320


def test_only_a_scan_makes_a_library(program, small_photos: Path, tmp_path: Path) -> None:
    ours = program.with_library(tmp_path / "typo.sqlite")
    for command in (["retag"], ["prune"], ["relocate", small_photos, tmp_path]):
        assert "does not exist yet" in ours(*command, code=5).stderr
    ours("scan", tmp_path / "nowhere", code=3)
    assert not (tmp_path / "typo.sqlite").exists()
    absent = program.with_library(tmp_path / "disk" / "l.sqlite")
    assert "check that the disk is mounted" in absent("scan", small_photos, code=5).stderr


def test_relocating_nothing_or_to_nowhere_is_an_error(program, small_photos: Path, tmp_path: Path) -> None:
    ours = program.with_library(tmp_path / "l.sqlite")
    ours("scan", small_photos)
    assert "contains no photos" in ours("relocate", small_photos / "none", tmp_path, code=3).stderr
    assert "is not a folder" in ours("relocate", small_photos, tmp_path / "none", code=3).stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["search", "-k", ""], 6),
        (["search", "-k", os.fsdecode(b"\xff")], 6),
        (["search", "-k", "cat", "--limit", "9" * 20], 2),
        (["status", "--config", "~nobody-of-this-name/c.toml"], 2),
    ],
)
def test_questions_that_make_no_sense_are_refused(scanned, arguments: list[str], code: int) -> None:
    assert scanned.program(*arguments, code=code).stdout == ""
