"""Walking folders: every photo once, by a path that is stable, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.errors import LibraryError, PhotoError
from indexer.intake.discover import discover, stamp
from indexer.values.files import PhotoFile


def _file(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _found(*roots: Path) -> list[Path]:
    def refuse(path: Path, reason: str) -> None:
        raise AssertionError(f"{path}: {reason}")

    return [file.path for file in discover(roots, refuse)]


def test_a_photo_comes_with_its_stamp(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.jpg", b"12345")
    os.utime(path, ns=(1, 1_600_000_000_123_456_789))
    file = PhotoFile(path, 5, path.stat().st_mtime_ns, path.stat().st_ctime_ns)
    assert list(discover([tmp_path], print)) == [file]
    assert stamp(path) == file


def test_files_come_in_the_order_of_their_names_before_the_folders_beside_them(tmp_path: Path) -> None:
    names = ["b/2.jpg", "z.jpg", "a/c/3.jpg", "a/9.jpg", "b/10.jpg", "a.jpg"]
    for name in names:
        _file(tmp_path / name)
    found = [str(path.relative_to(tmp_path)) for path in _found(tmp_path)]
    assert found == ["a.jpg", "z.jpg", "a/9.jpg", "a/c/3.jpg", "b/10.jpg", "b/2.jpg"]


@pytest.mark.parametrize(
    "name",
    ["A.JPG", "a.heic", "a.jpeg", "no extension", "a.strange", "x.CR2", "new\nline.jpg", "tab\t.png", "trailing .jpg"],
)
def test_what_may_be_a_photo_is_found(tmp_path: Path, name: str) -> None:
    assert _found(_file(tmp_path / name).parent) == [tmp_path / name]


@pytest.mark.parametrize(
    "name",
    [
        "film.MP4",
        "notes.txt",
        "photo.xmp",
        ".hidden.jpg",
        "drawing.svg",
        "half.jpg.part",
        ".thumbnails/1.jpg",
        ".Trash-1000/files/1.jpg",
        "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg",
        "#recycle/1.jpg",
        "$RECYCLE.BIN/1.jpg",
        "Catalog Previews.lrdata/1/2.jpg",
        "My.photoslibrary/resources/derivatives/1.jpg",
    ],
)
def test_what_is_surely_no_photo_of_the_user_is_passed_over(tmp_path: Path, name: str) -> None:
    _file(tmp_path / name)
    assert _found(tmp_path) == []


def test_the_originals_inside_an_apple_library_are_found(tmp_path: Path) -> None:
    photo = _file(tmp_path / "My.photoslibrary/originals/0/1.heic")
    assert _found(tmp_path) == [photo]


def test_a_root_may_be_a_folder_that_would_be_passed_over(tmp_path: Path) -> None:
    photo = _file(tmp_path / ".private/1.jpg")
    assert _found(photo.parent) == [photo]


def test_a_name_that_is_not_utf8_passes_unharmed(tmp_path: Path) -> None:
    name = b"caf\xe9.jpg"
    try:
        _file(tmp_path / os.fsdecode(name))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert [os.fsencode(path.name) for path in _found(tmp_path)] == [name]


def test_the_same_folder_under_several_roots_comes_once(tmp_path: Path) -> None:
    photo = _file(tmp_path / "a/b/1.jpg")
    link = tmp_path / "elsewhere"
    link.symlink_to(tmp_path / "a/b")
    assert _found(tmp_path / "a/b", tmp_path / "a", tmp_path / "a", tmp_path / "a/b/../b") == [photo]
    assert _found(tmp_path, link) == [photo]


def test_a_relative_root_gives_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = _file(tmp_path / "a/1.jpg")
    monkeypatch.chdir(tmp_path / "a")
    assert _found(Path("../a")) == [photo]
    assert stamp(Path("1.jpg")).path == photo


def test_a_linked_root_keeps_the_path_the_user_chose(tmp_path: Path) -> None:
    _file(tmp_path / "disk/1.jpg")
    (tmp_path / "Photos").symlink_to(tmp_path / "disk")
    assert _found(tmp_path / "Photos") == [tmp_path / "Photos/1.jpg"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    photo = _file(tmp_path / "a/1.jpg")
    (tmp_path / "a/self").symlink_to(tmp_path / "a")
    (tmp_path / "a/up").symlink_to(tmp_path)
    assert _found(tmp_path) == [photo]


def test_a_link_to_a_folder_never_hides_the_folder_itself(tmp_path: Path) -> None:
    photo = _file(tmp_path / "library/z/1.jpg")
    (tmp_path / "library/a").symlink_to(tmp_path / "library/z")
    assert _found(tmp_path / "library") == [photo]


def test_a_link_to_a_folder_outside_is_followed_once(tmp_path: Path) -> None:
    _file(tmp_path / "outside/1.jpg")
    for name in ("a", "b"):
        _file(tmp_path / "library/here.jpg")
        (tmp_path / "library" / name).symlink_to(tmp_path / "outside")
    assert _found(tmp_path / "library") == [tmp_path / "library/here.jpg", tmp_path / "library/a/1.jpg"]


def test_a_linked_file_comes_by_its_own_path_unless_its_target_comes(tmp_path: Path) -> None:
    inside, outside = _file(tmp_path / "library/z.jpg"), _file(tmp_path / "outside.jpg")
    for name, target in {"a": inside, "b": outside, "c": outside}.items():
        (tmp_path / "library" / f"{name}.jpg").symlink_to(target)
    assert _found(tmp_path / "library") == [inside, tmp_path / "library/b.jpg"]


@pytest.mark.parametrize(
    ("target", "reason"), [("gone.jpg", "it does not exist (any more)"), ("a.jpg", "the disk cannot read it")]
)
def test_a_link_that_leads_nowhere_is_told_and_the_walk_goes_on(tmp_path: Path, target: str, reason: str) -> None:
    photo = _file(tmp_path / "b.jpg")
    (tmp_path / "a.jpg").symlink_to(target)
    told: list[tuple[Path, str]] = []
    assert [file.path for file in discover([tmp_path], lambda *what: told.append(what))] == [photo]
    assert [path for path, _ in told] == [tmp_path / "a.jpg"]
    assert told[0][1].startswith(reason)


def test_a_pipe_is_no_photo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert _found(tmp_path) == []
    with pytest.raises(PhotoError, match="not an ordinary file"):
        stamp(tmp_path / "pipe.jpg")


def test_a_folder_that_cannot_be_read_is_told_and_the_walk_goes_on(tmp_path: Path) -> None:
    photo = _file(tmp_path / "z/1.jpg")
    _too_deep(tmp_path / "a")
    told: list[tuple[Path, str]] = []
    assert [file.path for file in discover([tmp_path], lambda *what: told.append(what))] == [photo]
    assert len(told) == 1
    assert "the disk cannot read it" in told[0][1]


def _too_deep(folder: Path) -> None:
    """Make folders within folders until their path is longer than the system takes."""
    folder.mkdir()
    place = os.open(folder, os.O_RDONLY)
    for _ in range(24):
        os.mkdir("x" * 200, dir_fd=place)
        inner = os.open("x" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_folder_is_told(tmp_path: Path) -> None:
    forbidden = _file(tmp_path / "a/1.jpg").parent
    forbidden.chmod(0)
    told: list[tuple[Path, str]] = []
    assert list(discover([tmp_path], lambda *what: told.append(what))) == []
    assert told == [(forbidden, "there is no permission to read it")]
    with pytest.raises(LibraryError, match="no permission"):
        discover([forbidden], print)


@pytest.mark.parametrize("root", ["missing", "photo.jpg", "nul\0"])
def test_a_root_that_cannot_be_walked_is_an_error_before_the_walk(tmp_path: Path, root: str) -> None:
    _file(tmp_path / "photo.jpg")
    with pytest.raises(LibraryError):
        discover([tmp_path, tmp_path / root], print)


def test_a_root_that_was_never_there_is_not_said_to_be_gone(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"missing: it does not exist$"):
        discover([tmp_path / "missing"], print)


def test_a_missing_file_has_no_stamp(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="does not exist"):
        stamp(tmp_path / "a.jpg")
