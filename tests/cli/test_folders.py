"""Folders that are away, emptied or gone for good: what is said of them, what a search shows, what is forgotten."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tomllib
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from indexer.pipeline.daemon.lock import DaemonLock
from indexer.pipeline.daemon.status_file import WatchedFolder


@pytest.fixture(scope="module")
def known(program, samples: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small/ (cat.jpg, coffee.jpg, trip/face.png) and a library of it."""
    folder = tmp_path_factory.mktemp("known")
    (folder / "small" / "trip").mkdir(parents=True)
    for name, target in (("cat", "cat.jpg"), ("coffee", "coffee.jpg"), ("astronaut", "trip/face.jpg")):
        picture = Image.open(samples[name]).convert("RGB")
        picture.thumbnail((320, 320))
        picture.save(folder / "small" / target)
    program.with_library(folder / "library.sqlite")("scan", folder / "small")
    return folder


@pytest.fixture
def small_photos(known: Path, tmp_path: Path) -> Path:
    """A copy of the photos, with their times."""
    return Path(shutil.copytree(known / "small", tmp_path / "small"))


@pytest.fixture
def ours(fresh, known: Path, small_photos: Path) -> Any:
    """The program with a copy of the library, whose root is the copy of the photos."""
    for file in known.glob("library.sqlite*"):
        shutil.copy(file, fresh.library.parent)
    with closing(sqlite3.connect(fresh.library)) as connection:
        path = f"{small_photos}/"
        connection.execute("UPDATE roots SET path = ?, path_text = ?", (path.encode(), path))
        connection.commit()
    return fresh


def folders(ours: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ours.json("folders")
    return found


def state(ours: Any) -> str:
    return str(folders(ours)[0]["state"])


def settings(ours: Any) -> list[str]:
    file = ours.home / ".config" / "indexer" / "config.toml"
    named: list[str] = tomllib.loads(file.read_text())["folders"] if file.exists() else []
    return named


def descriptors(library: Path) -> list[bytes]:
    with closing(sqlite3.connect(library)) as connection:
        return [row[0] for row in connection.execute("SELECT data FROM descriptors")]


def test_folders_say_whether_they_are_there_and_are_in_the_settings(ours, small_photos: Path) -> None:
    (told,) = folders(ours)
    assert told.pop("last_indexed")
    assert told == {
        "path": str(small_photos),
        "state": "there",
        "reason": "",
        "photos": 3,
        "missing": 0,
        "in_library": True,
        "in_settings": False,
    }
    assert ours("folders").stdout.splitlines()[1].split()[-2:] == ["–", str(small_photos)]
    assert ours("folders", "--format", "paths").stdout == f"{small_photos}\n"


def test_a_folder_of_the_settings_that_was_never_scanned_is_told(ours, tmp_path: Path) -> None:
    environ = {"INDEXER_FOLDERS": str(tmp_path / "later")}
    table = ours("folders", **environ).stdout.splitlines()
    assert table[2].split()[:5] == ["away", "0", "0", "–", "yes"]
    assert table[2].endswith("  not scanned yet; it does not exist (any more)")


def test_a_folder_that_is_away_is_told_and_its_photos_are_marked(ours, small_photos: Path) -> None:
    small_photos.rename(small_photos.with_name("renamed"))
    assert state(ours) == "away"
    assert [hit["away"] for hit in ours.json("search", "is:away")] == [True, True, True]
    assert ours("search", "coffee").stdout.splitlines()[1].split()[1:3] == [
        f"{small_photos / 'coffee.jpg'}",
        "(away)",
    ]
    assert ours("search", "--count", "coffee -is:away").stdout == "0\n"
    assert f"folder        {small_photos}  away (it does not exist (any more)), last" in ours("status").stdout
    small_photos.with_name("renamed").rename(small_photos)
    assert state(ours) == "there"
    assert [hit["away"] for hit in ours.json("search", "coffee")] == [False]
    assert ours("search", "--count", "is:away").stdout == "0\n"


@pytest.mark.parametrize("style", ["paths", "paths0"])
def test_photos_that_are_away_are_left_out_of_paths_and_counted(
    ours, small_photos: Path, samples: dict[str, Path], tmp_path: Path, style: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    shutil.copy(samples["cat"], disk / "a.png")
    ours("scan", disk)
    shutil.rmtree(disk)
    told = ours("search", "cat", "--limit", "1", "--format", style)
    assert told.stdout.rstrip("\n\0") == str(small_photos / "cat.jpg")
    assert told.stderr == "1 photo is in folders that are not available ('indexer folders'); left out.\n"
    none = ours("search", "is:away", "--format", style)
    assert (none.stdout, none.stderr) == ("", told.stderr)


def test_look_alikes_that_are_away_are_left_out_of_paths(ours, known: Path, small_photos: Path) -> None:
    small_photos.rename(small_photos.with_name("renamed"))
    cat, face = known / "small" / "cat.jpg", known / "small" / "trip" / "face.jpg"
    assert ours("similar", cat, "--format", "paths").stdout == ""
    told = ours("similar-faces", face, "--format", "paths0")
    assert (told.stdout, told.stderr.splitlines()[-1]) == (
        "",
        "1 photo is in folders that are not available ('indexer folders'); left out.",
    )
    assert len(ours.json("similar", cat)) == 3


def test_photos_that_are_away_are_marked_in_every_table_of_photos(ours, known: Path, small_photos: Path) -> None:
    ours("people", "move", f"{small_photos / 'trip' / 'face.jpg'}#1", "--to", "Eileen")
    asked = known / "small" / "trip" / "face.jpg"
    small_photos.rename(small_photos.with_name("unplugged"))
    for command in (("similar", asked), ("similar-faces", asked), ("people", "show", "Eileen")):
        assert "(away)" in ours(*command).stdout, command
    told = ours("people", "show", "Eileen", "--format", "paths")
    assert (told.stdout, "left out" in told.stderr) == ("", True)


def test_a_missing_photo_whose_name_another_one_has_is_marked_and_is_no_path_to_act_on(
    ours, small_photos: Path
) -> None:
    cat, face = small_photos / "cat.jpg", small_photos / "trip" / "face.jpg"
    ours("tag", "add", "our tiger", cat)
    cat.write_bytes(face.read_bytes())
    ours("scan", small_photos)
    table = ours("search", 'is:missing "our tiger"').stdout
    assert f"{cat} (replaced by another photo of the same name)" in table
    listed = ours("search", 'is:missing "our tiger"', "--format", "paths")
    assert listed.stdout == ""
    assert "1 missing photo left out: another photo now has its name" in listed.stderr
    (entry,) = ours.json("history", "--kind", "identity")
    assert "('our tiger')" in entry["about"]
    assert entry["about"] in ours("undo", str(entry["id"]), "--dry-run").stdout


def test_an_empty_mount_point_is_away_and_a_folder_that_was_emptied_is_not(ours, small_photos: Path) -> None:
    shutil.rmtree(small_photos)
    small_photos.mkdir()
    assert state(ours) == "empty"
    os.utime(small_photos, (1_000_000_000, 1_000_000_000))
    assert state(ours) == "away"
    assert ours("search", "--count", "is:away").stdout == "3\n"


def test_a_folder_that_is_added_belongs_to_the_library_and_the_settings(fresh, small_photos: Path) -> None:
    fresh("folders", "add", small_photos)
    assert settings(fresh) == [str(small_photos)]
    assert [(each["state"], each["in_settings"]) for each in folders(fresh)] == [("there", True)]
    fresh("folders", "add", small_photos)
    assert settings(fresh) == [str(small_photos)]
    fresh("scan")
    assert [(each["state"], each["photos"]) for each in folders(fresh)] == [("there", 3)]


def test_what_is_no_folder_is_not_added(fresh, small_photos: Path) -> None:
    assert "it does not exist" in fresh("folders", "add", small_photos / "trap", code=3).stderr
    assert "it is not a folder" in fresh("folders", "add", small_photos / "cat.jpg", code=3).stderr
    assert settings(fresh) == []


def test_a_folder_that_is_gone_for_good_is_forgotten_with_everything(ours, small_photos: Path) -> None:
    ours("folders", "add", small_photos)
    ours("tag", "add", "grandmother", small_photos / "cat.jpg")
    known = descriptors(ours.library)
    assert known
    small_photos.rename(small_photos.with_name("gone"))
    ours("folders", "remove", small_photos, "--yes", "--no-backup")
    assert ours.json("folders") == []
    assert settings(ours) == []
    with closing(sqlite3.connect(ours.library)) as connection:
        for table in ("photos", "faces", "descriptors", "roots", "tags", "own_tags"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    left = b"".join(each.read_bytes() for each in ours.library.parent.glob(f"{ours.library.name}*"))
    assert not [each for each in known if each[100:140] in left]
    assert b"grandmother" not in left


def test_nothing_is_forgotten_before_somebody_says_yes(ours, small_photos: Path) -> None:
    ours("tag", "add", "mine", small_photos / "cat.jpg")
    ours("rate", "4", small_photos / "cat.jpg")
    told = ours("folders", "remove", small_photos, code=1).stderr
    assert f"Remove 3 photos of {small_photos} from the library? This also erases 1 tag, 1 rating. The folder" in told
    assert "nothing was erased" in told
    assert folders(ours)[0]["photos"] == 3


def test_a_copy_of_the_library_is_made_before_and_named(ours, small_photos: Path) -> None:
    told = ours("folders", "remove", small_photos, "--yes").stderr
    (copy,) = ours.library.parent.glob("library.sqlite.before-remove-*.bak")
    assert f"{copy} is an earlier copy and still contains the erased data" in told
    assert ours.with_library(copy).json("folders")[0]["photos"] == 3


def test_a_folder_inside_another_can_be_forgotten(ours, small_photos: Path) -> None:
    shutil.rmtree(small_photos / "trip")
    ours("folders", "remove", small_photos / "trip", "--yes", "--no-backup")
    assert [(each["path"], each["photos"]) for each in folders(ours)] == [(str(small_photos), 2)]
    assert descriptors(ours.library) == []


def test_a_link_in_the_place_of_a_folder_leads_to_no_other(ours, small_photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(small_photos / "trip", other)
    ours("folders", "add", other)
    shutil.rmtree(small_photos)
    small_photos.symlink_to(other)
    ours("folders", "remove", small_photos, "--yes", "--no-backup")
    assert [each["path"] for each in folders(ours)] == [str(other)]
    assert settings(ours) == [str(other)]


def test_a_folder_that_was_forgotten_is_new_when_it_is_scanned_again(ours, small_photos: Path) -> None:
    ours("tag", "add", "mine", small_photos / "cat.jpg")
    ours("folders", "remove", small_photos, "--yes", "--no-backup")
    assert ours.record("scan", small_photos)["indexed"] == 3
    assert ours("search", "--count", "mine").stdout == "0\n"
    assert descriptors(ours.library)


def test_thumbnails_go_unless_a_photo_elsewhere_has_the_same_content(ours, small_photos: Path) -> None:
    shutil.copy(small_photos / "cat.jpg", small_photos / "trip" / "cat.jpg")
    ours("scan", small_photos)
    hashes = {
        name: hashlib.sha256((small_photos / name).read_bytes()).hexdigest() for name in ("cat.jpg", "coffee.jpg")
    }
    hashes["face"] = hashlib.sha256((small_photos / "trip" / "face.jpg").read_bytes()).hexdigest()
    cache = ours.home / "thumbnails"
    for digest in hashes.values():
        (cache / digest[:2]).mkdir(parents=True)
        for name in (f"{digest}-320-1.webp", f"{digest}-0123456789abcdef-160-1.webp"):
            (cache / digest[:2] / name).touch()
    ours("folders", "remove", small_photos / "trip", "--yes", "--no-backup", INDEXER_THUMBNAILS_FOLDER=str(cache))
    left = {each.name.partition("-")[0] for each in cache.rglob("*.webp")}
    assert left == {hashes["cat.jpg"], hashes["coffee.jpg"]}


def test_a_folder_that_a_daemon_follows_is_not_forgotten(ours, small_photos: Path, tmp_path: Path) -> None:
    with DaemonLock.claim(ours.library) as daemon_lock:
        for folder, code in ((small_photos, 3), (small_photos.parent, 3), (tmp_path / "other", 0)):
            daemon_lock.tell(replace(daemon_lock.presence, folders=(WatchedFolder(folder, "events", ""),)))
            said = ours("folders", "remove", small_photos, "--yes", "--no-backup", code=code).stderr
            assert ("is watched by 'indexer watch'" in said) == bool(code)


def test_what_is_no_folder_of_the_library_cannot_be_removed(ours, tmp_path: Path) -> None:
    told = ours("folders", "remove", tmp_path / "else", "--yes", code=3).stderr
    assert "is not a folder of the library; 'indexer folders' lists them" in told


def test_options_before_the_name_of_a_command_are_refused_not_ignored(ours, tmp_path: Path) -> None:
    told = ours("folders", "--library", tmp_path / "other.sqlite", "remove", tmp_path, code=2).stderr
    assert "Put the options after 'remove'" in told
