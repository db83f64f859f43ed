"""Folders with several names: each is found once, by its own path, and no photo is left out."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.intake.discover import discover
from indexer.intake.mounts import mounts
from indexer.intake.names import is_junk_folder
from indexer.intake.walk import equal_numbers
from indexer.intake.walk.bind_mounts import MountTree
from indexer.intake.walk.canonical import canonical_folders

Mounting = Callable[..., None]
KINDS = ["link", "bind"]


def make(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(str(path).encode())
    return path


def found(*roots: Path, within: list[Path] | None = None, notices: list[str] | None = None) -> list[str]:
    """Return what a walk finds, relative to the folder of the first root."""
    told: list[str] = [] if notices is None else notices

    def refuse(path: Path, reason: str) -> None:
        raise AssertionError(f"{path}: {reason}")

    files = discover(roots, refuse, within, on_notice=lambda path, reason: told.append(f"{path} {reason}"))
    return [os.path.relpath(file.path, roots[0].parent) for file in files]


@pytest.fixture(params=KINDS)
def name(request: pytest.FixtureRequest, mount: Mounting) -> Callable[[Path, Path], Path]:
    """Give a folder, or a file, another name: name(target, path)."""

    def link(target: Path, path: Path) -> Path:
        path.symlink_to(target)
        return path

    def bind(target: Path, path: Path) -> Path:
        if target.is_dir():
            path.mkdir()
        else:
            path.touch()
        mount("--bind", target, path)
        return path

    return link if request.param == "link" else bind


Name = Callable[[Path, Path], Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for photo in ("y/1.jpg", "y/deep/2.jpg", "z/3.jpg"):
        make(tmp_path / "root" / photo)
    return tmp_path / "root"


OWN = ["root/y/1.jpg", "root/y/deep/2.jpg", "root/z/3.jpg"]


# Another name of a folder that comes by itself


@pytest.mark.parametrize("target", ["y", "y/deep", "."])
def test_another_name_of_a_folder_of_the_root_is_passed_over(root: Path, name: Name, target: str) -> None:
    other = name(root / target, root / "another")
    assert found(root) == OWN
    assert found(root, within=[other]) == []
    assert found(root, within=[other / "deep"]) == []
    assert found(root, within=[other, root / "y"]) == OWN[:2]


def test_another_name_of_a_folder_of_another_root_is_passed_over(root: Path, name: Name, tmp_path: Path) -> None:
    make(tmp_path / "second/4.jpg")
    name(root / "y", tmp_path / "second/another")
    assert found(tmp_path / "second", root) == ["second/4.jpg", *OWN]
    assert found(tmp_path / "second", root, within=[tmp_path / "second"]) == ["second/4.jpg"]


def test_a_root_beside_the_walked_ones_counts(root: Path, name: Name, tmp_path: Path) -> None:
    make(tmp_path / "second/4.jpg")
    name(root / "y", tmp_path / "second/another")
    files = discover([tmp_path / "second"], print, beside=[root])
    assert [file.path for file in files] == [tmp_path / "second/4.jpg"]
    assert len(found(tmp_path / "second")) == 3


@pytest.mark.parametrize(
    ("file", "text"), [("y/.nomedia", ""), ("y/.indexerignore", "deep/\n"), (".indexerignore", "y/\n")]
)
def test_a_folder_that_is_left_alone_by_its_own_path_comes_by_another(
    root: Path, name: Name, file: str, text: str
) -> None:
    name(root / "y/deep", root / "another")
    (root / file).write_text(text)
    assert "root/another/2.jpg" in found(root)
    assert found(root, within=[root / "another"]) == ["root/another/2.jpg"]


def test_a_folder_in_a_junk_folder_comes_by_another_name(root: Path, name: Name) -> None:
    make(root / ".private/shown/4.jpg")
    name(root / ".private/shown", root / "shown")
    assert "root/shown/4.jpg" in found(root)


def test_a_folder_around_the_root_is_walked_without_the_root(root: Path, name: Name, tmp_path: Path) -> None:
    make(tmp_path / "beside/4.jpg")
    name(tmp_path, root / "all")
    assert sorted(found(root)) == ["root/all/beside/4.jpg", *OWN]
    assert found(root, within=[root / "all"]) == ["root/all/beside/4.jpg"]


def test_a_folder_outside_comes_once_however_often_it_is_named(root: Path, name: Name, tmp_path: Path) -> None:
    make(tmp_path / "outside/in/4.jpg")
    name(tmp_path / "outside", root / "a")
    name(tmp_path / "outside", root / "b")
    (root / "c").symlink_to(tmp_path / "outside/in")
    (root / "d").symlink_to(tmp_path / "outside")
    assert sorted(found(root)) == ["root/a/in/4.jpg", *OWN]


def test_a_root_given_under_two_names_is_one(root: Path, name: Name, tmp_path: Path) -> None:
    other = name(root, tmp_path / "another")
    inner = name(root / "y", tmp_path / "inner")
    assert sorted(found(root, other, inner)) == OWN
    assert len(found(inner, other, root)) == 3


def test_a_root_under_another_name_is_walked_by_that_name(root: Path, name: Name, tmp_path: Path) -> None:
    other = name(root, tmp_path / "another")
    (root / "loop").symlink_to(root)
    assert found(other) == [photo.replace("root", "another") for photo in OWN]


def test_a_folder_has_the_name_below_a_known_root(root: Path, name: Name, tmp_path: Path) -> None:
    other = name(root / "y", tmp_path / "another")
    tree = MountTree(mounts())
    assert canonical_folders([other], [root], tree) == [root / "y"]
    assert canonical_folders([other, root / "y"], [], tree) == [root / "y"]
    (root / "y/.nomedia").touch()
    assert canonical_folders([other], [root], tree) == [Path(os.path.realpath(other))]


# Files


def test_another_name_of_a_file_is_passed_over_unless_the_file_is_left_alone(
    root: Path, name: Name, tmp_path: Path
) -> None:
    outside = make(tmp_path / "outside.jpg")
    name(root / "y/1.jpg", root / "z/same.jpg")
    name(outside, root / "z/outside.jpg")
    name(outside, root / "z/twice.jpg")
    once = sorted([*OWN, "root/z/outside.jpg"])
    assert sorted(found(root)) == once
    assert found(root, within=[root / "z/same.jpg"]) == []
    (root / ".indexerignore").write_text("/y/1.jpg\n")
    assert sorted(found(root)) == sorted([*OWN[1:], "root/z/outside.jpg", "root/z/same.jpg"])
    assert found(root, within=[root / "z/same.jpg"]) == ["root/z/same.jpg"]


def test_a_linked_file_that_came_through_a_linked_folder_comes_once(root: Path, tmp_path: Path) -> None:
    outside = make(tmp_path / "outside/4.jpg")
    (root / "folder").symlink_to(outside.parent)
    (root / "file.jpg").symlink_to(outside)
    assert found(root) == [*OWN, "root/folder/4.jpg"]


# Mounts


def test_a_loop_of_bind_mounts_ends(root: Path, mount: Mounting) -> None:
    (root / "y/loop").mkdir()
    mount("--rbind", root, root / "y/loop")
    mount("--rbind", root, root / "y/loop/y/loop")
    assert found(root) == OWN


def test_of_two_mounts_of_a_disk_the_one_that_shows_more_is_kept_then_the_first(
    root: Path, mount: Mounting, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    for folder in (disk, root / "a", root / "b", root / "c"):
        folder.mkdir()
    mount("-t", "tmpfs", "none", disk)
    make(disk / "in/4.jpg")
    make(disk / "5.jpg")
    mount("--bind", disk / "in", root / "a")
    mount("--bind", disk, root / "c")
    mount("--bind", disk, root / "b")
    assert [photo for photo in found(root) if photo not in OWN] == ["root/c/5.jpg", "root/c/in/4.jpg"]
    assert found(root, within=[root / "a", root / "b"]) == []


def test_a_folder_hidden_by_a_mount_comes_by_its_bind_mount(root: Path, mount: Mounting) -> None:
    (root / "another").mkdir()
    mount("--bind", root / "y", root / "another")
    mount("-t", "tmpfs", "none", root / "y")
    make(root / "y/1.jpg")
    assert found(root) == ["root/another/1.jpg", "root/another/deep/2.jpg", "root/y/1.jpg", "root/z/3.jpg"]


def test_a_name_with_blanks_and_other_signs_is_known(root: Path, mount: Mounting) -> None:
    place = root / "a b\\c\td\n\u00e9"
    place.mkdir()
    mount("--bind", root / "y", place)
    assert found(root) == OWN


# Equal numbers of different folders


def _number_alike(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """Let folders show one number, as behind bindfs."""
    stat = os.stat
    alike = {str(folder) for folder in folders}

    def show(path: str) -> object:
        return SimpleNamespace(st_dev=1, st_ino=1) if path in alike else stat(path)

    monkeypatch.setattr(equal_numbers, "os", SimpleNamespace(stat=show, scandir=os.scandir))


def test_different_folders_with_equal_numbers_are_walked_and_told_of_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _number_alike(monkeypatch, root / "y", root / "y/deep", root / "z")
    notices: list[str] = []
    assert found(root, notices=notices) == OWN
    assert len(notices) == 1
    assert notices[0].startswith(f"{root / 'y/deep'} has the device and inode number of {root / 'y'}")


def test_a_disk_within_a_disk_that_looks_the_same_is_walked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(root)
    make(root / "a/a/1.jpg")
    _number_alike(monkeypatch, root, root / "a", root / "a/a")
    assert found(root) == ["root/a/a/1.jpg"]


def test_a_share_that_contains_itself_ends(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(root)
    photo = make(root / "1.jpg")
    folder = root
    for _ in range(20):
        folder /= "up"
        folder.mkdir()
        os.link(photo, folder / "1.jpg")
    folders = [root, *(each for each in root.rglob("up"))]
    _number_alike(monkeypatch, *folders)

    @contextmanager
    def scan(folder: str) -> Iterator[Iterator[object]]:
        yield iter([SimpleNamespace(name=name, inode=lambda: 1) for name in ("1.jpg", "up")])

    equal_numbers.os.scandir = scan  # type: ignore[assignment]
    notices: list[str] = []
    assert found(root, notices=notices) == ["root/1.jpg", "root/up/1.jpg"]
    assert "contains itself" in notices[-1]


def test_disks_behind_bindfs_are_walked_each(root: Path, mount: Mounting, tmp_path: Path) -> None:
    if not shutil.which("bindfs"):
        pytest.skip("the program bindfs, which shows several disks with equal numbers, is not installed")
    shutil.rmtree(root)
    for disk in ("a", "b", "c"):
        (root / disk).mkdir(parents=True)
        mount("-t", "tmpfs", "none", root / disk)
        make(root / disk / "x/1.jpg")
        make(root / disk / "2.jpg")
    seen = tmp_path / "seen"
    seen.mkdir()
    if subprocess.run(["bindfs", root, seen], check=False, capture_output=True).returncode:
        pytest.skip("bindfs may not mount here: there is no /dev/fuse, or no right to use it")
    try:
        assert len({((seen / disk).stat().st_dev, (seen / disk).stat().st_ino) for disk in "abc"}) == 1
        notices: list[str] = []
        assert len(found(seen, notices=notices)) == 6
        assert len(notices) == 1
    finally:
        subprocess.run(["umount", seen], check=True)


# Any mixture

_FOLDERS = ("a", "a/b", "a/b/c", "d", "d/.hidden", "d/.hidden/e", "f", "out", "out/g", "out/g/h")
_names = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(("", *_FOLDERS)), st.sampled_from(_FOLDERS)), max_size=6
)
_ignored = st.sets(st.sampled_from(_FOLDERS), max_size=2)


@settings(max_examples=60, deadline=None)
@given(names=_names, ignored=_ignored, walked=st.sampled_from([["root"], ["root/a", "root/d"]]))
def test_every_photo_comes_once_and_by_its_own_path_if_it_has_one(
    names: list[tuple[str, str, str]], ignored: set[str], walked: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        for each in _FOLDERS:
            make(top / "root" / each / "1.jpg")
        outside = top / "root/out"
        outside.rename(top / "out")
        for each in ignored - {"out", "out/g", "out/g/h"}:
            (top / "root" / each / ".nomedia").touch()
        bound = [place for number, each in enumerate(names) if (place := _name(top, number, *each))]
        try:
            _check([top / root for root in walked], top)
            if "link" not in {kind for kind, _, _ in names}:  # of two links only a walk of everything tells which
                _check_parts([top / root for root in walked], top)
        finally:
            for place in reversed(bound):
                subprocess.run(["umount", "--lazy", place], check=True)


def _place(top: Path, folder: str) -> Path:
    return top / folder if folder.startswith("out") else top / "root" / folder


def _name(top: Path, number: int, kind: str, target: str, folder: str) -> Path | None:
    """Give a folder another name in a folder; return what is to be unmounted."""
    place = _place(top, folder) / f"name {number}"
    if kind == "link" or os.geteuid():
        place.symlink_to(_place(top, target))
        return None
    place.mkdir()
    done = subprocess.run(["mount", "--bind", _place(top, target), place], check=False, capture_output=True)
    return None if done.returncode else place


def _check(roots: list[Path], top: Path) -> None:
    notices: list[str] = []
    files = discover(roots, lambda *_: None, on_notice=lambda _, reason: notices.append(reason))
    came = [file.path for file in files]
    assert notices == []
    numbers = [(path.stat().st_dev, path.stat().st_ino) for path in came]  # of one disk, where they can be trusted
    assert len(set(numbers)) == len(numbers)
    own = {
        path
        for root in roots
        for path in [root / "1.jpg", *(root / folder / "1.jpg" for folder in _FOLDERS)]
        if path.is_file() and _is_walked(path.parent, root)
    }
    assert own <= set(came)
    reached = {(path.stat().st_dev, path.stat().st_ino) for root in roots for path in _all(root, set())}
    assert set(numbers) == reached


def _check_parts(roots: list[Path], top: Path) -> None:
    """See that a part of a walk finds in a folder what all of the walk does."""
    came = {file.path for file in discover(roots, lambda *_: None)}
    for folder, _, _ in os.walk(top):
        part = {file.path for file in discover(roots, lambda *_: None, within=[Path(folder)])}
        assert part == {path for path in came if path.is_relative_to(folder)}


def _is_walked(folder: Path, root: Path) -> bool:
    above = [root, *(root.joinpath(*folder.relative_to(root).parts[:n]) for n in range(1, 9))]
    return not any((each / ".nomedia").exists() or (is_junk_folder(each.name) and each != root) for each in above)


def _all(folder: Path, above: set[tuple[int, int]]) -> Iterator[Path]:
    """Walk by every name, as slowly as it gets: only what is above itself ends it."""
    number = folder.stat().st_dev, folder.stat().st_ino
    if number in above or (folder / ".nomedia").exists():
        return
    for path in folder.iterdir():
        if not path.is_dir():
            yield from [path] if path.suffix == ".jpg" else []
        elif not is_junk_folder(path.name):
            yield from _all(path, {*above, number})
