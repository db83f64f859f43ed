"""A plan compares what it is asked for, keeps out what is to be left alone, and never trusts an empty disk."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.library.report import status
from indexer.pipeline.scan.missing import MissingFileCheck
from indexer.pipeline.scan.plan import Plan, plan, plan_touched
from indexer.values.outcomes import Moved


def touched(scanner, *paths: Path) -> Plan:
    return plan_touched(scanner.library, paths, scanner.analyzer.model_ids, scanner._trouble)


def age(folder: Path) -> None:
    """Say that a folder was last changed long ago."""
    os.utime(folder, (1_000_000_000, 1_000_000_000))


def test_only_what_was_touched_is_compared(scanner, photos: Path, small: dict[str, Path]) -> None:
    scanner(photos)
    for name in ("new.jpg", "trip/new.jpg"):
        shutil.copy(small["temple"], photos / name)
    (photos / "cat.jpg").unlink()
    planned = touched(scanner, photos / "trip" / "new.jpg", photos / "trip" / "coffee.jpg")
    assert [file.path for file in planned.work] == [photos / "trip" / "new.jpg"]
    assert [file.path for file in planned.unchanged] == [photos / "trip" / "coffee.jpg"]
    assert planned.gone == ()
    assert touched(scanner, photos / "cat.jpg").gone == (photos / "cat.jpg",)


def test_a_touched_folder_is_compared_as_a_whole(scanner, photos: Path, small: dict[str, Path]) -> None:
    scanner(photos)
    (photos / "trip" / "deep").mkdir()
    shutil.copy(small["temple"], photos / "trip" / "deep" / "new.jpg")
    (photos / "trip" / "coffee.jpg").unlink()
    planned = touched(scanner, photos / "trip")
    assert [file.path.name for file in planned.work] == ["new.jpg"]
    assert [file.path.name for file in planned.unchanged] == ["flower.jpg"]
    assert planned.gone == (photos / "trip" / "coffee.jpg",)


def test_a_folder_that_is_gone_takes_its_photos_along(scanner, photos: Path) -> None:
    scanner(photos)
    shutil.rmtree(photos / "trip")
    assert set(touched(scanner, photos / "trip").gone) == {
        photos / "trip" / "coffee.jpg",
        photos / "trip" / "flower.jpg",
    }


def test_a_touched_path_of_no_root_is_passed_over(scanner, photos: Path, tmp_path: Path) -> None:
    scanner(photos)
    planned = touched(scanner, tmp_path / "else.jpg")
    assert not planned.work_count
    assert not planned.gone


def test_photos_of_a_root_that_is_away_are_kept(scanner, photos: Path) -> None:
    scanner(photos)
    photos.rename(photos.with_name("away"))
    assert touched(scanner, photos / "cat.jpg", photos).gone == ()


def test_the_rules_of_outer_folders_hold_for_what_was_touched(scanner, photos: Path, small: dict[str, Path]) -> None:
    (photos / ".indexerignore").write_text("*.png\nprivate/\n")
    (photos / "private").mkdir()
    scanner(photos)
    paths = [photos / "private" / "a.jpg", photos / "a.png", photos / "trip" / "b.png", photos / "trip" / "b.jpg"]
    for path in paths:
        shutil.copy(small["temple"], path)
    assert [file.path for file in touched(scanner, *paths).work] == [photos / "trip" / "b.jpg"]


def test_a_scan_of_a_sub_folder_follows_the_rules_of_its_root(scanner, photos: Path) -> None:
    (photos / ".indexerignore").write_text("coffee*\n")
    assert len(scanner(photos)) == 2
    planned = plan(scanner.library, [photos / "trip"], scanner.analyzer.model_ids, on_error=print)
    assert [file.path.name for file in planned.unchanged] == ["flower.jpg"]
    assert not planned.work_count


def test_photos_that_are_to_be_left_alone_from_now_on_are_no_longer_found(scanner, photos: Path) -> None:
    scanner(photos)
    (photos / "trip" / ".nomedia").touch()
    scanner(photos)
    assert status(scanner.library).missing == 2
    (photos / "trip" / ".nomedia").unlink()
    scanner(photos)
    assert status(scanner.library).missing == 0
    assert scanner.seen == []


def test_photos_on_a_disk_that_is_not_mounted_in_its_folder_are_kept(scanner, photos: Path) -> None:
    age(photos / "trip")
    scanner(photos)
    shutil.move(photos / "trip", photos.with_name("disk"))
    (photos / "trip").mkdir()
    age(photos / "trip")
    scanner(photos)
    assert status(scanner.library).missing == 0
    assert [path for path, reason in scanner.troubles if "not mounted" in reason] == [photos / "trip"]


def test_photos_deleted_from_a_folder_that_stays_are_missing(scanner, photos: Path) -> None:
    scanner(photos)
    for path in (photos / "trip").iterdir():
        path.unlink()
    scanner(photos)
    assert status(scanner.library).missing == 2


def test_photos_of_a_root_that_was_emptied_on_purpose_are_missing(scanner, photos: Path) -> None:
    scanner(photos)
    (photos / "cat.jpg").unlink()
    shutil.rmtree(photos / "trip")
    scanner(photos)
    assert status(scanner.library).missing == 3
    assert scanner.troubles == []


@pytest.mark.parametrize("kept", ["trip", "notes"])
def test_photos_deleted_from_all_folders_of_a_root_are_missing(scanner, photos: Path, kept: str) -> None:
    (photos / "cat.jpg").rename(photos / "trip" / "cat.jpg")
    (photos / "notes").mkdir()
    age(photos)
    scanner(photos)
    for path in (photos / "trip").iterdir():
        path.unlink()
    if kept == "notes":
        (photos / "trip").rmdir()
    scanner(photos)
    assert status(scanner.library).missing == 3


def test_a_mount_point_in_which_somebody_left_a_file_keeps_its_photos(scanner, photos: Path) -> None:
    scanner(photos)
    shutil.move(photos, photos.with_name("disk"))
    (photos / "lost+found").mkdir(parents=True)
    (photos / "NOT MOUNTED").touch()
    age(photos)
    scanner(photos)
    assert status(scanner.library).missing == 0
    assert "not mounted" in scanner.troubles[0][1]


def test_nothing_is_sure_of_a_folder_that_the_disk_does_not_tell_of(scanner, photos: Path, monkeypatch) -> None:
    scanner(photos)
    absence = MissingFileCheck(scanner.library, lambda *_: None)
    known, stat = photos / "trip" / "coffee.jpg", os.stat

    def failing(path: Path, *rest: object, **named: object) -> os.stat_result:
        if Path(path) == photos / "trip":
            raise OSError(errno.EIO, "Input/output error")
        return stat(path, *rest, **named)

    monkeypatch.setattr(os, "stat", failing)
    assert not absence.is_sure(known)


def test_a_photo_whose_disk_is_away_is_copied_not_moved(
    scanner, photos: Path, small: dict[str, Path], tmp_path: Path
) -> None:
    scanner(photos)
    photos.rename(photos.with_name("away"))
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(small["cat"], other / "kitty.jpg")
    assert [outcome for outcome in scanner(other) if isinstance(outcome, Moved) and outcome.gone] == []
    photos.with_name("away").rename(photos)
    scanner(photos)
    assert scanner.seen == []
    assert status(scanner.library).missing == 0


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_links_are_told(scanner, photos: Path, tmp_path: Path, kind: str, small: dict[str, Path]) -> None:
    scanner(photos)
    if kind == "file":
        (photos / "link.jpg").symlink_to(small["temple"])
    else:
        (photos / "link.jpg").symlink_to(small["temple"].parent)
    planned = touched(scanner, photos / "link.jpg")
    assert planned.links == (photos / "link.jpg",)
    assert planned.work


def test_equal_numbers_are_told_and_keep_no_photo_from_being_missing(
    scanner, photos: Path, small: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(photos / "trip", photos / "walk")
    monkeypatch.setattr("indexer.intake.walk.equal_numbers._numbers", lambda folder: (1, folder.count("/")))
    scanner(photos)
    assert status(scanner.library).photos == 5
    (photos / "walk" / "flower.jpg").unlink()
    notices: list[Path] = []
    planned = plan(
        scanner.library,
        [photos],
        scanner.analyzer.model_ids,
        on_error=print,
        on_notice=lambda path, _: notices.append(path),
    )
    assert notices == [photos / "walk"]
    assert planned.gone == (photos / "walk" / "flower.jpg",)


@pytest.mark.parametrize("kind", ["link", "bind"])
def test_a_root_scanned_again_under_another_name_is_the_same(
    scanner, photos: Path, mount: Callable[..., None], kind: str
) -> None:
    scanner(photos)
    other = photos.with_name("another")
    if kind == "link":
        other.symlink_to(photos)
    else:
        other.mkdir()
        mount("--bind", photos, other)
    for folders in ([other], [other, photos], [other / "trip"]):
        planned = plan(scanner.library, folders, scanner.analyzer.model_ids, on_error=print)
        assert list(planned.work) == []
        assert not planned.gone
    assert len(planned.unchanged) == 2


def test_what_is_behind_a_link_that_is_not_followed_is_kept(scanner, photos: Path, small: dict[str, Path]) -> None:
    (photos / "trip" / "link").symlink_to(small["temple"].parent)
    scanner(photos)
    touched = plan_touched(scanner.library, [photos / "trip"], scanner.analyzer.model_ids, scanner._trouble, follow=())
    assert touched.links == (photos / "trip" / "link",)
    assert list(touched.work) == []
    assert not touched.gone


def test_a_link_to_a_folder_beside_is_passed_over(scanner, photos: Path, small: dict[str, Path]) -> None:
    second = photos.with_name("second")
    second.mkdir()
    shutil.copy(small["temple"], second / "temple.jpg")
    scanner(photos)
    (second / "link").symlink_to(photos / "trip")
    planned = plan(scanner.library, [second], scanner.analyzer.model_ids, on_error=print, beside=[photos])
    assert [file.path for file in planned.work] == [second / "temple.jpg"]

    assert planned.work_count
