"""Named cases of photos that changed their names or their bytes, with real pictures and the real models."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from indexer.library.history.undo import undo
from indexer.library.indexing.files import file_states
from indexer.library.people.corrections import give_faces
from indexer.library.people.people import face_at, faces_in, labels
from indexer.library.report import details, status
from indexer.library.user import own_tags as own
from indexer.values.analysis import ModelIds
from indexer.values.outcomes import kind_of


@pytest.fixture
def series(small: dict[str, Path], tmp_path: Path) -> Path:
    """A folder with p1.jpg … p5.jpg, all different."""
    folder = tmp_path / "series"
    folder.mkdir()
    for number, name in enumerate(("cat", "coffee", "astronaut", "hopper", "flower"), 1):
        shutil.copy(small[name], folder / f"p{number}.jpg")
    return folder


def kinds(outcomes: list[object]) -> dict[str, int]:
    told = [kind_of(outcome) for outcome in outcomes]  # type: ignore[arg-type]
    return {kind: told.count(kind) for kind in sorted(set(told))}


def words(scanner, path: Path) -> tuple[str, ...]:
    return own.said(scanner.library, path).given


def name_faces(scanner, path: Path, name: str) -> None:
    with scanner.library.writing() as connection:
        give_faces(connection, [face_at(connection, path, 1)], name)


def names_in(scanner, path: Path) -> list[str]:
    called = labels(scanner.library)
    return [called[face.person] for face in faces_in(scanner.library, path) if face.person is not None]


def test_a_numbered_series_that_moves_on_by_one_keeps_each_word_with_its_photo(scanner, series: Path) -> None:
    scanner(series)
    before = {number: details(scanner.library, series / f"p{number}.jpg") for number in range(1, 6)}
    for number in range(1, 6):
        own.add_tag(scanner.library, f"word{number}", [series / f"p{number}.jpg"])
    for number in range(5, 0, -1):
        (series / f"p{number}.jpg").rename(series / f"p{number + 1}.jpg")
    assert kinds(scanner(series)) == {"moved": 5}
    assert scanner.seen == []
    for number in range(1, 6):
        after = details(scanner.library, series / f"p{number + 1}.jpg")
        assert (after.number, after.analysis.hashes) == (before[number].number, before[number].analysis.hashes)
        assert words(scanner, series / f"p{number + 1}.jpg") == (f"word{number}",)
    assert status(scanner.library).missing == 0


def test_folders_that_move_on_by_one_take_their_photos_along(scanner, small: dict[str, Path], tmp_path: Path) -> None:
    root = tmp_path / "trip"
    for day, name in enumerate(("cat", "coffee"), 1):
        (root / f"Day{day}").mkdir(parents=True)
        shutil.copy(small[name], root / f"Day{day}" / "IMG_0001.jpg")
    scanner(root)
    for day in (1, 2):
        own.add_tag(scanner.library, f"day {day}", [root / f"Day{day}"])
    for day in (2, 1):
        (root / f"Day{day}").rename(root / f"Day{day + 1}")
    assert kinds(scanner(root)) == {"moved": 2}
    assert [words(scanner, root / f"Day{day}" / "IMG_0001.jpg") for day in (2, 3)] == [("day 1",), ("day 2",)]


def test_a_name_that_is_used_again_gets_nothing_of_the_photo_that_had_it(
    scanner, photos: Path, small: dict[str, Path]
) -> None:
    scanner(photos)
    cat, archived = photos / "cat.jpg", photos / "Archive" / "cat.jpg"
    own.add_tag(scanner.library, "grandma", [cat])
    own.rate(scanner.library, 5, [cat])
    own.hide(scanner.library, [cat])
    archived.parent.mkdir()
    cat.rename(archived)
    shutil.copy(small["temple"], cat)
    assert kinds(scanner(photos)) == {"indexed": 1, "moved": 1, "unchanged": 2}
    assert own.said(scanner.library, cat) == own.UserLayer((), (), None, is_hidden=False, people=())
    assert own.said(scanner.library, archived) == own.UserLayer(("grandma",), (), 5, is_hidden=True, people=())


def test_the_name_of_a_deleted_photo_that_is_used_again_gets_nothing_and_loses_nothing(
    scanner, photos: Path, small: dict[str, Path], tmp_path: Path
) -> None:
    scanner(photos)
    cat = photos / "cat.jpg"
    own.add_tag(scanner.library, "grandma", [cat])
    cat.rename(tmp_path / "kept.jpg")
    scanner(photos)
    shutil.copy(small["temple"], cat)
    assert kinds(scanner(photos)) == {"indexed": 1, "replaced": 1, "unchanged": 2}
    assert words(scanner, cat) == ()
    assert status(scanner.library).missing == 1
    (tmp_path / "kept.jpg").rename(photos / "back.jpg")
    assert kinds(scanner(photos)) == {"moved": 1, "unchanged": 3}
    assert words(scanner, photos / "back.jpg") == ("grandma",)


def test_two_portraits_that_swap_their_names_keep_their_people(scanner, series: Path) -> None:
    scanner(series)
    astronaut, hopper, aside = series / "p3.jpg", series / "p4.jpg", series / "aside"
    name_faces(scanner, astronaut, "Eileen")
    name_faces(scanner, hopper, "Grace")
    astronaut.rename(aside)
    hopper.rename(astronaut)
    aside.rename(hopper)
    assert kinds(scanner(series)) == {"moved": 2, "unchanged": 3}
    assert (names_in(scanner, astronaut), names_in(scanner, hopper)) == (["Grace"], ["Eileen"])


def test_another_portrait_in_the_same_place_is_not_given_the_name(scanner, series: Path) -> None:
    scanner(series)
    name_faces(scanner, series / "p3.jpg", "Eileen")
    shutil.copy(series / "p4.jpg", series / "p3.jpg.new")
    with (series / "p3.jpg.new").open("ab") as stream:
        stream.write(b"bytes that nobody knows")
    (series / "p3.jpg.new").replace(series / "p3.jpg")
    assert kinds(scanner(series)) == {"indexed": 1, "replaced": 1, "unchanged": 4}
    assert names_in(scanner, series / "p3.jpg") == []


def test_an_edited_photo_keeps_its_words_and_the_names_of_its_faces(scanner, series: Path) -> None:
    scanner(series)
    path = series / "p4.jpg"
    own.add_tag(scanner.library, "admiral", [path])
    name_faces(scanner, path, "Grace")
    picture = Image.open(path)
    picture.crop((10, 10, picture.width - 10, picture.height - 15)).save(path, quality=85)
    assert kinds(scanner(series)) == {"indexed": 1, "unchanged": 4}
    assert words(scanner, path) == ("admiral",)
    assert names_in(scanner, path) == ["Grace"]


def test_an_edit_that_keeps_size_and_time_is_seen(scanner, series: Path) -> None:
    scanner(series)
    path = series / "p1.jpg"
    stat, data = path.stat(), bytearray(path.read_bytes())
    data[-40:-30] = bytes(10)  # of the last rows
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert kinds(scanner(series)) == {"indexed": 1, "unchanged": 4}


def test_what_was_copied_back_with_new_change_times_is_hashed_and_not_analyzed(scanner, series: Path) -> None:
    scanner(series)
    shutil.copytree(series, series.with_name("restored"), copy_function=shutil.copy2)
    shutil.rmtree(series)
    series.with_name("restored").rename(series)
    assert kinds(scanner(series)) == {"unchanged": 5}
    assert scanner.seen == []


def test_a_library_without_change_times_learns_them_without_hashing(
    scanner, series: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from indexer.pipeline.scan import identity

    scanner(series)
    with scanner.library.writing() as connection:
        connection.exec_driver_sql("UPDATE photos SET ctime_ns = NULL")
    monkeypatch.setattr(identity, "content_hash", pytest.fail)
    assert kinds(scanner(series)) == {"unchanged": 5}
    known = file_states(scanner.library)
    assert {path: known[path].ctime_ns for path in known} == {path: path.stat().st_ctime_ns for path in known}


def test_a_copy_of_a_portrait_shows_the_same_people(scanner, series: Path) -> None:
    scanner(series)
    name_faces(scanner, series / "p4.jpg", "Grace")
    shutil.copy(series / "p4.jpg", series / "copy.jpg")
    assert kinds(scanner(series)) == {"copied": 1, "unchanged": 5}
    assert names_in(scanner, series / "copy.jpg") == ["Grace"]


def test_a_photo_that_moves_where_no_faces_may_be_known_keeps_its_words_and_loses_its_faces(
    scanner, series: Path
) -> None:
    scanner(series)
    own.add_tag(scanner.library, "admiral", [series / "p4.jpg"])
    private = series / "private"
    private.mkdir()
    (series / "p4.jpg").rename(private / "p4.jpg")
    model_ids = scanner.analyzer.model_ids
    scanner(series, model_ids=ModelIds(model_ids.scene, model_ids.faces, (private,)))
    assert words(scanner, private / "p4.jpg") == ("admiral",)
    assert scanner.seen == [private / "p4.jpg"]


def test_photos_that_moved_before_a_new_model_came_keep_their_words_and_are_seen_by_it(scanner, series: Path) -> None:
    scanner(series)
    own.add_tag(scanner.library, "kitty", [series / "p1.jpg"])
    (series / "p1.jpg").rename(series / "cat.jpg")
    model_ids = scanner.analyzer.model_ids
    scanner(series, model_ids=ModelIds((*model_ids.scene, "another-00000000"), model_ids.faces))
    assert len(scanner.seen) == 5
    assert words(scanner, series / "cat.jpg") == ("kitty",)
    assert status(scanner.library).missing == 0


def test_a_scan_that_is_told_to_looks_at_everything_anew(scanner, series: Path) -> None:
    scanner(series)
    assert kinds(scanner(series, again=True)) == {"indexed": 5}
    assert len(scanner.seen) == 5
    assert status(scanner.library).photos == 5


def test_photos_that_were_swapped_under_equal_stamps_are_told_apart_when_looked_at_anew(
    scanner, tmp_path: Path, small: dict[str, Path]
) -> None:
    """As on a file system without change times: size and time of both are the same."""
    folder = tmp_path / "twins"
    folder.mkdir()
    data = {name: small[name].read_bytes() for name in ("cat", "coffee")}
    size = max(map(len, data.values()))
    paths = {name: folder / f"{name}.jpg" for name in data}
    for name, path in paths.items():
        path.write_bytes(data[name].ljust(size, b"\0"))
        os.utime(path, (1_600_000_000, 1_600_000_000))
    scanner(folder)
    for name, path in paths.items():
        own.add_tag(scanner.library, name, [path])
    paths["cat"].rename(folder / "aside")
    paths["coffee"].rename(paths["cat"])
    (folder / "aside").rename(paths["coffee"])
    with scanner.library.writing() as connection:
        connection.exec_driver_sql("UPDATE photos SET ctime_ns = NULL")
    assert kinds(scanner(folder)) == {"unchanged": 2}
    scanner(folder, again=True)
    assert (words(scanner, paths["cat"]), words(scanner, paths["coffee"])) == (("coffee",), ("cat",))


def test_a_photo_whose_file_is_damaged_meanwhile_and_whose_bytes_are_found_elsewhere_moves_there(
    scanner, series: Path
) -> None:
    scanner(series)
    cat = series / "p1.jpg"
    own.add_tag(scanner.library, "kitty", [cat])
    whole = cat.read_bytes()
    cat.write_bytes(whole[: len(whole) // 2])
    assert kinds(scanner(series)) == {"failed": 1, "unchanged": 4}
    (series / "whole.jpg").write_bytes(whole)
    assert kinds(scanner(series)) == {"moved": 1, "unchanged": 5}
    assert words(scanner, series / "whole.jpg") == ("kitty",)
    assert kinds(scanner(series)) == {"failed": 1, "unchanged": 5}


def test_what_was_said_of_a_photo_that_cannot_be_read_follows_its_bytes(scanner, series: Path) -> None:
    broken = series / "broken.jpg"
    broken.write_bytes((series / "p1.jpg").read_bytes()[:3000])
    scanner(series)
    own.add_tag(scanner.library, "rescue me", [broken])
    broken.rename(series / "moved.jpg")
    assert kinds(scanner(series)) == {"moved": 1, "unchanged": 5}
    assert words(scanner, series / "moved.jpg") == ("rescue me",)
    assert status(scanner.library).failed == 1


def test_an_edited_photo_beside_which_its_original_is_kept_has_the_words_too(scanner, series: Path) -> None:
    """As exiftool does it: the old bytes get another name, the new ones the old name."""
    scanner(series)
    path, original = series / "p4.jpg", series / "p4.jpg_original.jpg"
    own.add_tag(scanner.library, "admiral", [path])
    own.rate(scanner.library, 3, [path])
    name_faces(scanner, path, "Grace")
    data = path.read_bytes()
    path.rename(original)
    path.write_bytes(data + b"and more")
    assert kinds(scanner(series)) == {"indexed": 1, "moved": 1, "unchanged": 4}
    for each in (path, original):
        assert own.said(scanner.library, each) == own.UserLayer(("admiral",), (), 3, is_hidden=False, people=("Grace",))


def test_another_photo_under_the_name_of_one_that_moved_gets_nothing(
    scanner, series: Path, small: dict[str, Path]
) -> None:
    scanner(series)
    own.add_tag(scanner.library, "admiral", [series / "p4.jpg"])
    (series / "p4.jpg").rename(series / "kept.jpg")
    shutil.copy(small["temple"], series / "p4.jpg")
    scanner(series)
    assert (words(scanner, series / "p4.jpg"), words(scanner, series / "kept.jpg")) == ((), ("admiral",))


def test_a_copy_of_a_photo_that_is_there_is_not_taken_for_one_that_went_before(scanner, series: Path) -> None:
    shutil.copy(series / "p1.jpg", series / "other.jpg")
    scanner(series)
    own.add_tag(scanner.library, "good", [series / "p1.jpg"])
    own.add_tag(scanner.library, "bad", [series / "other.jpg"])
    own.hide(scanner.library, [series / "other.jpg"])
    (series / "other.jpg").unlink()
    scanner(series)
    shutil.copy(series / "p1.jpg", series / "copy.jpg")
    assert kinds(scanner(series)) == {"copied": 1, "unchanged": 5}
    assert own.said(scanner.library, series / "copy.jpg") == own.UserLayer(
        ("good",), (), None, is_hidden=False, people=()
    )
    shutil.copy(series / "p1.jpg", series / "other.jpg")
    scanner(series)
    assert words(scanner, series / "other.jpg") == ("bad",)


def test_a_face_that_was_named_outlives_a_version_in_which_it_is_not_found(scanner, series: Path) -> None:
    scanner(series)
    path = series / "p4.jpg"
    name_faces(scanner, path, "Grace")
    data = path.read_bytes()
    Image.open(path).transpose(Image.Transpose.ROTATE_180).save(path)
    scanner(series)
    path.write_bytes(data)
    scanner(series)
    assert names_in(scanner, path) == ["Grace"]
    assert len(details(scanner.library, path).analysis.faces) == 1


def test_a_name_can_be_taken_back_though_a_copy_has_it_too(scanner, series: Path) -> None:
    scanner(series)
    name_faces(scanner, series / "p4.jpg", "Grace")
    shutil.copy(series / "p4.jpg", series / "copy.jpg")
    scanner(series)
    assert undo(scanner.library) is not None
    assert (names_in(scanner, series / "p4.jpg"), names_in(scanner, series / "copy.jpg")) == ([], [])
