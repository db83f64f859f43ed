"""A scan does only what is needed, and the library ends as a fresh scan would leave it."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.errors import LibraryError
from indexer.library.report import details, failures, status
from indexer.library.search.search import by_keywords
from indexer.pipeline.scan import identity
from indexer.pipeline.scan.plan import plan
from indexer.pipeline.scan.run import run
from indexer.values.outcomes import Failed, Indexed, Moved, Outcome, Removed, Unchanged, kind_of


def kinds(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


def counts(outcomes: list[Outcome]) -> Counter[str]:
    """Count outcomes as a summary does."""
    return Counter(map(kind_of, outcomes))


def touch(path: Path, seconds: int = 10) -> None:
    """Give a file another stamp."""
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + seconds * 10**9))


def test_new_photos_are_indexed_and_found(scanner, photos: Path) -> None:
    assert kinds(scanner(photos)) == {"Indexed": 3}
    assert [hit.path for hit in by_keywords(scanner.library, ["cat"])] == [photos / "cat.jpg"]


def test_an_unchanged_photo_is_not_opened(scanner, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanner(photos)
    monkeypatch.setattr(identity, "content_hash", pytest.fail)
    assert kinds(scanner(photos)) == {"Unchanged": 3}
    assert scanner.seen == []


def test_a_photo_with_other_rights_or_another_name_besides_is_hashed_once_and_not_analyzed(
    scanner, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner(photos)
    (photos / "cat.jpg").chmod(0o600)
    (photos.parent / "link.jpg").hardlink_to(photos / "trip" / "flower.jpg")
    assert counts(scanner(photos)) == {"unchanged": 3}
    assert scanner.seen == []
    monkeypatch.setattr(identity, "content_hash", pytest.fail)
    assert kinds(scanner(photos)) == {"Unchanged": 3}


def test_a_changed_photo_is_analyzed_again(scanner, photos: Path, small: dict[str, Path]) -> None:
    scanner(photos)
    shutil.copy(small["temple"], photos / "cat.jpg")
    touch(photos / "cat.jpg")
    assert kinds(scanner(photos)) == {"Indexed": 1, "Unchanged": 2}
    assert by_keywords(scanner.library, ["cat"]) == []


def test_a_photo_with_a_new_date_but_the_same_bytes_is_not_analyzed(scanner, photos: Path) -> None:
    scanner(photos)
    touch(photos / "cat.jpg")
    scanner(photos)
    assert scanner.seen == []
    assert kinds(scanner(photos)) == {"Unchanged": 3}


def test_a_moved_photo_keeps_all_that_is_known(scanner, photos: Path) -> None:
    scanner(photos)
    before = details(scanner.library, photos / "cat.jpg")
    (photos / "cat.jpg").rename(photos / "trip" / "kitty.jpg")
    outcomes = scanner(photos)
    assert kinds(outcomes) == {"Moved": 1, "Unchanged": 2}
    assert scanner.seen == []
    after = details(scanner.library, photos / "trip" / "kitty.jpg")
    assert after.analysis == before.analysis
    assert details(scanner.library, photos / "cat.jpg") is None


def test_a_renamed_folder_analyzes_nothing(scanner, photos: Path) -> None:
    scanner(photos)
    (photos / "trip").rename(photos / "Italy 2023")
    assert kinds(scanner(photos)) == {"Moved": 2, "Unchanged": 1}
    assert kinds(scanner(photos)) == {"Unchanged": 3}


def test_two_equal_photos_that_moved_are_both_moved(scanner, photos: Path) -> None:
    shutil.copy2(photos / "cat.jpg", photos / "twin.jpg")
    scanner(photos)
    (photos / "cat.jpg").rename(photos / "a.jpg")
    (photos / "twin.jpg").rename(photos / "b.jpg")
    assert kinds(scanner(photos)) == {"Moved": 2, "Unchanged": 2}
    assert status(scanner.library).photos == 4
    assert status(scanner.library).missing == 0


def test_photos_that_swap_their_names_swap_what_is_known_of_them(scanner, photos: Path) -> None:
    scanner(photos)
    cat, coffee, aside = photos / "cat.jpg", photos / "trip" / "coffee.jpg", photos / "aside"
    before = [details(scanner.library, path).analysis.tags for path in (cat, coffee)]
    cat.rename(aside)
    coffee.rename(cat)
    aside.rename(coffee)
    touch(cat)
    touch(coffee)
    scanner(photos)
    assert [details(scanner.library, path).analysis.tags for path in (coffee, cat)] == before


def test_two_copies_of_a_photo_that_is_gone_are_both_known(scanner, photos: Path) -> None:
    scanner(photos)
    shutil.copy(photos / "cat.jpg", photos / "a.jpg")
    shutil.copy(photos / "cat.jpg", photos / "b.jpg")
    (photos / "cat.jpg").unlink()
    scanner(photos)
    assert scanner.seen == []
    assert {hit.path.name for hit in by_keywords(scanner.library, ["cat"])} == {"a.jpg", "b.jpg"}
    assert kinds(scanner(photos)) == {"Unchanged": 4}


def test_a_copy_takes_the_analysis_of_its_twin(scanner, photos: Path) -> None:
    scanner(photos)
    shutil.copy(photos / "cat.jpg", photos / "copy.jpg")
    outcomes = scanner(photos)
    assert scanner.seen == []
    assert [outcome.gone for outcome in outcomes if isinstance(outcome, Moved)] == [False]
    assert {hit.path.name for hit in by_keywords(scanner.library, ["cat"])} == {"cat.jpg", "copy.jpg"}


def test_a_deleted_photo_is_missing_and_no_longer_found(scanner, photos: Path) -> None:
    scanner(photos)
    (photos / "cat.jpg").unlink()
    assert Removed(photos / "cat.jpg") in scanner(photos)
    assert by_keywords(scanner.library, ["cat"]) == []
    assert status(scanner.library).missing == 1


def test_a_missing_photo_that_comes_back_is_not_analyzed_again(scanner, photos: Path, tmp_path: Path) -> None:
    scanner(photos)
    (photos / "cat.jpg").rename(tmp_path / "away.jpg")
    scanner(photos)
    (tmp_path / "away.jpg").rename(photos / "cat.jpg")
    assert counts(scanner(photos)) == {"unchanged": 3}
    assert scanner.seen == []
    assert status(scanner.library).missing == 0
    assert len(by_keywords(scanner.library, ["cat"])) == 1


def test_an_empty_mount_point_never_empties_the_library(scanner, photos: Path) -> None:
    scanner(photos)
    shutil.rmtree(photos)
    photos.mkdir()
    os.utime(photos, (1_000_000_000, 1_000_000_000))  # made long before the disk was mounted there
    assert scanner(photos) == []
    assert status(scanner.library).missing == 0
    assert "not mounted" in scanner.troubles[0][1]


def test_a_missing_root_is_an_error_and_changes_nothing(scanner, photos: Path) -> None:
    scanner(photos)
    photos.rename(photos.with_name("gone"))
    with pytest.raises(LibraryError, match="does not exist"):
        scanner(photos)
    assert status(scanner.library).missing == 0


def test_a_scan_of_a_sub_folder_leaves_the_rest_alone(scanner, photos: Path) -> None:
    scanner(photos)
    (photos / "cat.jpg").unlink()
    (photos / "trip" / "coffee.jpg").unlink()
    assert kinds(scanner(photos / "trip")) == {"Removed": 1, "Unchanged": 1}
    assert status(scanner.library).missing == 1


def test_nested_and_repeated_folders_give_each_photo_once(scanner, photos: Path) -> None:
    assert kinds(scanner(photos / "trip", photos, photos)) == {"Indexed": 3}
    assert kinds(scanner(photos)) == {"Unchanged": 3}
    assert status(scanner.library).photos == 3


def test_a_bad_photo_is_recorded_once_and_tried_again_on_request(scanner, photos: Path) -> None:
    (photos / "bad.jpg").write_text("no picture")
    assert kinds(scanner(photos)) == {"Indexed": 3, "Failed": 1}
    assert [failed.file.path.name for failed in failures(scanner.library)] == ["bad.jpg"]
    assert kinds(scanner(photos)) == {"Unchanged": 4}
    assert kinds(scanner(photos, retry_failed=True)) == {"Unchanged": 3, "Failed": 1}


def test_a_bad_photo_is_tried_again_when_it_changes(scanner, photos: Path, small: dict[str, Path]) -> None:
    (photos / "bad.jpg").write_bytes(small["temple"].read_bytes()[:3000])
    scanner(photos)
    shutil.copy(small["temple"], photos / "bad.jpg")
    assert kinds(scanner(photos)) == {"Indexed": 1, "Unchanged": 3}
    assert failures(scanner.library) == []


def test_a_file_that_is_no_photo_is_passed_over(scanner, photos: Path) -> None:
    (photos / "notes.txt").write_text("hello")
    (photos / "mystery").write_bytes(b"\x00\x01\x02 something")
    assert kinds(scanner(photos)) == {"Indexed": 3, "Skipped": 1}
    assert status(scanner.library).photos == 3


def test_a_file_that_is_no_photo_is_opened_again_only_when_it_changes(
    scanner, photos: Path, small: dict[str, Path]
) -> None:
    (photos / "mystery").write_bytes(b"\x00\x01\x02 something")
    scanner(photos)
    assert kinds(scanner(photos)) == {"Unchanged": 3}
    assert scanner.seen == []
    shutil.copy(small["temple"], photos / "mystery")
    assert kinds(scanner(photos)) == {"Unchanged": 3, "Indexed": 1}
    assert kinds(scanner(photos)) == {"Unchanged": 4}
    (photos / "mystery").write_bytes(b"\x00\x01 something else")
    assert kinds(scanner(photos)) == {"Unchanged": 3, "Skipped": 1}
    assert status(scanner.library).missing == 1


def test_new_models_make_a_scan_look_again(scanner, photos: Path) -> None:
    scanner(photos)
    model_ids = scanner.analyzer.model_ids
    scanner(photos, model_ids=replace(model_ids, scene=(*model_ids.scene, "another-00000000")))
    assert len(scanner.seen) == 3


def test_what_is_finished_is_stored_when_a_scan_is_stopped(scanner, photos: Path) -> None:
    class Stopped:
        model_ids = scanner.analyzer.model_ids

        def outcomes(self, files, _):
            first = next(iter(files))
            yield [Failed(first, "decode", "for this test")]
            raise KeyboardInterrupt

    planned = plan(scanner.library, [photos], Stopped.model_ids, on_error=print)
    with pytest.raises(KeyboardInterrupt):
        list(run(scanner.library, planned, Stopped(), 100, 100.0, lambda: 0.0))
    assert status(scanner.library).failed == 1


def test_a_file_that_vanishes_before_it_is_read_leaves_no_trace_and_the_rest_goes_on(scanner, photos: Path) -> None:
    planned = plan(scanner.library, [photos], scanner.analyzer.model_ids, on_error=print)
    (photos / "cat.jpg").unlink()
    assert kinds(scanner.run(planned)) == {"Indexed": 2}
    assert status(scanner.library).photos == 2


def test_unchanged_and_indexed_are_told_with_their_files(scanner, photos: Path) -> None:
    indexed = {outcome.file for outcome in scanner(photos) if isinstance(outcome, Indexed)}
    unchanged = {outcome.file for outcome in scanner(photos) if isinstance(outcome, Unchanged)}
    assert indexed == unchanged


def test_a_date_that_the_name_gave_follows_the_name(scanner, photos: Path) -> None:
    scanner(photos)
    (photos / "cat.jpg").rename(photos / "IMG_20230514_101112.jpg")
    shutil.copy(photos / "trip" / "coffee.jpg", photos / "IMG_20190101_000001.jpg")
    scanner(photos)
    assert scanner.seen == []
    found = [
        details(scanner.library, photos / name).analysis.metadata
        for name in ("IMG_20230514_101112.jpg", "IMG_20190101_000001.jpg")
    ]
    assert [(each.taken_at, each.taken_from) for each in found] == [
        ("2023-05-14T10:11:12", "name"),
        ("2019-01-01T00:00:01", "name"),
    ]
