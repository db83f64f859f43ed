"""Folders of the library: nested, joined, relocated, with names of any bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_photos import dump, faults, made_photo

from indexer.errors import LibraryError
from indexer.library.indexing.files import file_states, missing_photos
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import add_root, relocate_folder, root_folders
from indexer.library.store import Library

PHOTOS = Path("/photos")


def test_a_folder_inside_a_root_belongs_to_it(library: Library) -> None:
    assert add_root(library, PHOTOS / "2024") == PHOTOS
    assert add_root(library, PHOTOS) == PHOTOS
    assert add_root(library, Path("/photos-2")) == Path("/photos-2")
    assert root_folders(library) == [Path("/photos-2"), PHOTOS]


def test_an_outer_folder_takes_over_what_is_known_in_the_inner_ones(library: Library) -> None:
    inner = [PHOTOS / "a.jpg", Path("/pictures") / os.fsdecode(b"\xff\n") / "b.jpg"]
    add_root(library, Path("/pictures") / os.fsdecode(b"\xff\n"))
    record_outcomes(library, [made_photo(path, seed) for seed, path in enumerate(inner)])
    before = dump(library)
    assert add_root(library, Path("/")) == Path("/")
    assert root_folders(library) == [Path("/")]
    assert dump(library) == before


def test_a_root_can_move_with_all_its_photos(library: Library) -> None:
    record_outcomes(library, [made_photo(PHOTOS / "a.jpg", 1), made_photo(PHOTOS / "2024" / "b.jpg", 2)])
    assert relocate_folder(library, PHOTOS, Path("/mnt/nas")) == 2
    assert root_folders(library) == [Path("/mnt/nas")]
    assert sorted(file_states(library)) == [Path("/mnt/nas/2024/b.jpg"), Path("/mnt/nas/a.jpg")]
    assert faults(library.path) == []


def test_a_folder_of_a_root_can_move_elsewhere(library: Library) -> None:
    record_outcomes(library, [made_photo(PHOTOS / "a.jpg", 1), made_photo(PHOTOS / "2024" / "b.jpg", 2)])
    assert relocate_folder(library, PHOTOS / "2024", Path("/mnt/nas")) == 1
    assert root_folders(library) == [Path("/mnt/nas"), PHOTOS]
    assert sorted(file_states(library)) == [Path("/mnt/nas/b.jpg"), PHOTOS / "a.jpg"]


def test_missing_photos_are_there_again_at_their_new_place(library: Library) -> None:
    from indexer.values.outcomes import Removed

    record_outcomes(library, [made_photo(PHOTOS / "a.jpg", 1), Removed(PHOTOS / "a.jpg")])
    relocate_folder(library, PHOTOS, Path("/mnt"))
    assert missing_photos(library) == []


def test_a_folder_that_is_not_in_the_library_cannot_be_relocated(library: Library) -> None:
    with pytest.raises(LibraryError, match="/other"):
        relocate_folder(library, Path("/other"), Path("/mnt"))


def test_all_roots_in_a_folder_move_with_it(library: Library) -> None:
    for name in ("x", "y"):
        add_root(library, Path("/disk") / name)
        record_outcomes(library, [made_photo(Path("/disk") / name / "a.jpg", 1)])
    assert relocate_folder(library, Path("/disk"), Path("/mnt/disk")) == 2
    assert root_folders(library) == [Path("/mnt/disk/x"), Path("/mnt/disk/y"), PHOTOS]


@pytest.mark.parametrize("new", ["/", "/disk", "/disk/2020/other", "/disk/2020/trip/in", "/elsewhere"])
def test_a_folder_of_a_root_can_move_anywhere_also_above_its_root(library: Library, new: str) -> None:
    for year in ("2020", "2021"):
        add_root(library, Path("/disk") / year)
    old, stays = Path("/disk/2020/trip"), Path("/disk/2021/b.jpg")
    record_outcomes(library, [made_photo(old / "a.jpg", 1, faces=0), made_photo(stays, 2, faces=0)])
    assert relocate_folder(library, old, Path(new)) == 1
    assert set(dump(library)) == {Path(new) / "a.jpg", stays}


# Two-letter names make folders that lie in one another, and names that begin alike.
folders = st.lists(st.sampled_from([b"a", b"ab", b"\xff", b"b"]), max_size=3).map(
    lambda parts: Path(os.fsdecode(b"/" + b"/".join(parts)))
)


@settings(max_examples=40, deadline=None)
@given(
    roots=st.lists(folders, min_size=1, max_size=3),
    photos=st.sets(st.tuples(folders, st.sampled_from(["1.jpg", "2.jpg"])), max_size=6),
    moves=st.lists(st.tuples(folders, folders), max_size=3),
)
def test_relocating_renames_exactly_what_lies_in_the_folder(
    roots: list[Path], photos: set[tuple[Path, str]], moves: list[tuple[Path, Path]]
) -> None:
    with Library.empty(Path("none")) as library:
        for root in roots:
            add_root(library, root)
        owned = [folder / name for folder, name in photos if any(folder.is_relative_to(root) for root in roots)]
        record_outcomes(library, [made_photo(path, seed, faces=0) for seed, path in enumerate(sorted(owned))])
        expected = {path: seen[1] for path, seen in dump(library).items()}
        assert sorted(expected) == sorted(owned)
        for old, new in moves:
            _relocate(library, expected, old, new)
        assert {path: seen[1] for path, seen in dump(library).items()} == expected
        known = root_folders(library)
        assert not [one for one in known for other in known if one != other and one.is_relative_to(other)]


def _relocate(library: Library, expected: dict[Path, object], old: Path, new: Path) -> None:
    """Relocate in the library, and say the same in plain Python."""
    roots = root_folders(library)
    if not any(old.is_relative_to(root) or root.is_relative_to(old) for root in roots):
        with pytest.raises(LibraryError):
            relocate_folder(library, old, new)
        return
    moving = {path: expected.pop(path) for path in list(expected) if path.is_relative_to(old)}
    arrived = {new / path.relative_to(old): analysis for path, analysis in moving.items()}
    assert relocate_folder(library, old, new) == len(arrived.keys() - expected.keys())  # another photo keeps its path
    expected |= {path: analysis for path, analysis in arrived.items() if path not in expected}
