"""Folders to learn from: what is read, what is left out and why, and how pictures are dealt out."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.errors import LibraryError
from indexer.pipeline.models.training_data import PARTS, TrainingSet, gather, split
from indexer.zoo.train.params import TrainingParams

SIDE = 32
INPUT = TrainingParams((), SIDE, 1, 0, 8, 0).input


def picture(seed: int) -> Image.Image:
    """Return a picture that is like no other."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((160, 120), Image.Resampling.BICUBIC)


def fill(folder: Path, count: int, first: int) -> None:
    folder.mkdir(parents=True)
    for number in range(first, first + count):
        picture(number).save(folder / f"{number}.png")


def read(folder: Path, seed: int = 0) -> tuple[TrainingSet, np.ndarray, dict[str, str]]:
    """Return the lesson, its pictures, and what was left out, by name."""
    left_out: dict[str, str] = {}
    into = folder.parent / "pictures.u8"
    lesson = gather(
        folder, INPUT, into, 10**8, seed, lambda path, why: left_out.update({path.name: why}), print_nothing
    )
    return lesson, np.fromfile(into, np.uint8).reshape(-1, SIDE, SIDE, 3), left_out


def print_nothing(done: int, total: int) -> None:
    assert 0 < done <= total


def parts_of(lesson: TrainingSet) -> dict[str, Counter[str]]:
    return {
        label: Counter(part for part, each in zip(lesson.parts, lesson.numbers, strict=True) if each == number)
        for number, label in enumerate(lesson.labels)
    }


def test_each_label_is_dealt_out_by_its_own(tmp_path: Path) -> None:
    fill(tmp_path / "photos" / "No Finding", 25, 0)
    fill(tmp_path / "photos" / "atelectasis", 50, 100)
    lesson, pictures, left_out = read(tmp_path / "photos")
    assert lesson.labels == ("No Finding", "atelectasis")
    assert parts_of(lesson) == {
        "No Finding": {"train": 16, "validation": 4, "test": 5},
        "atelectasis": {"train": 32, "validation": 8, "test": 10},
    }
    assert len(pictures) == 75
    assert not left_out
    assert read(tmp_path / "photos")[0] == lesson
    assert read(tmp_path / "photos", seed=1)[0] != lesson


def test_pictures_are_kept_as_the_model_will_see_them(tmp_path: Path) -> None:
    from indexer.vision.preprocess import fitted

    fill(tmp_path / "photos" / "a", 5, 0)
    fill(tmp_path / "photos" / "b", 5, 10)
    _, pictures, _ = read(tmp_path / "photos")
    np.testing.assert_array_equal(pictures[0], fitted(np.asarray(picture(0)), INPUT))


def test_what_cannot_be_read_and_what_came_before_is_left_out_with_a_reason(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    fill(photos / "a", 5, 0)
    fill(photos / "b", 5, 10)
    shutil.copy(photos / "a" / "0.png", photos / "a" / "again.png")
    shutil.copy(photos / "a" / "0.png", photos / "b" / "wrong.png")
    (photos / "b" / "torn.png").write_bytes((photos / "b" / "10.png").read_bytes()[:200])
    (photos / "b" / "notes.txt").write_text("ten of each")
    (photos / "b" / "stranger").write_text("no picture either")
    lesson, pictures, left_out = read(photos)
    assert len(pictures) == len(lesson.parts) == 10
    assert left_out.keys() == {"again.png", "wrong.png", "torn.png"}
    assert left_out["wrong.png"] == f"is the same file as {photos / 'a' / '0.png'}"


def test_copies_that_were_saved_anew_stay_on_one_side(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    fill(photos / "b", 8, 100)
    (photos / "a").mkdir()
    for number in range(8):
        for quality in (70, 80, 90, 95):
            picture(number).save(photos / "a" / f"{number}-{quality}.jpg", quality=quality)
    lesson, _, _ = read(photos)
    names = sorted(path.name for path in (photos / "a").iterdir())
    sides = {number: {lesson.parts[row] for row, name in enumerate(names) if name.startswith(f"{number}-")}
             for number in range(8)}  # fmt: skip
    assert all(len(parts) == 1 for parts in sides.values())
    assert {part for parts in sides.values() for part in parts} == set(PARTS)


@pytest.mark.parametrize("held", ["test", "val", "Validation"])
def test_folders_decide_where_there_are_some(tmp_path: Path, held: str) -> None:
    for label, first in (("a", 0), ("b", 100)):
        fill(tmp_path / "photos" / "train" / label, 10, first)
        fill(tmp_path / "photos" / held / label, 3, first + 50)
    lesson, _, _ = read(tmp_path / "photos")
    assert parts_of(lesson)["b"] == {"train": 8, "validation": 2, "test": 3}


def test_with_three_folders_nothing_is_left_to_chance(tmp_path: Path) -> None:
    for label, first in (("a", 0), ("b", 100)):
        for number, (part, count) in enumerate((("train", 6), ("val", 2), ("test", 3))):
            fill(tmp_path / "photos" / part / label, count, first + 20 * number)
    lesson, _, _ = read(tmp_path / "photos")
    assert parts_of(lesson)["a"] == {"train": 6, "validation": 2, "test": 3}


def test_train_may_be_a_label_like_others(tmp_path: Path) -> None:
    for number, label in enumerate(("bus", "train")):
        fill(tmp_path / "photos" / label, 5, 10 * number)
    assert read(tmp_path / "photos")[0].labels == ("bus", "train")


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({}, "pictures in 0 subfolders"),
        ({"a": 9}, "pictures in 1 subfolders"),
        ({"a": 9, "b": 4}, "4 different pictures of 'b'"),
        ({"a": 9, "b\nc": 9}, "cannot be a label"),
        ({"train/a": 9, "train/b": 9, "test/a": 2}, "no picture of 'b' for test"),
        ({"train/a": 9, "train/b": 9, "test/a": 2, "test/c": 2}, "0 different pictures of 'c'"),
    ],
)
def test_too_little_to_learn_from_is_told(tmp_path: Path, counts: dict[str, int], message: str) -> None:
    (tmp_path / "photos").mkdir()
    for number, (name, count) in enumerate(counts.items()):
        fill(tmp_path / "photos" / name, count, 20 * number)
    with pytest.raises(LibraryError, match=message):
        read(tmp_path / "photos")


@given(
    sizes=st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=30), min_size=2, max_size=4),
    seed=st.integers(0, 5),
)
def test_every_label_is_on_every_side_and_no_group_on_two(sizes: list[list[int]], seed: int) -> None:
    """sizes: of the groups of nearly equal pictures of each label."""
    rows = [(label, f"{label}-{group}") for label, groups in enumerate(sizes)
            for group, size in enumerate(groups) for _ in range(size)]  # fmt: skip
    names = sorted({group for _, group in rows})
    groups = [names.index(group) for _, group in rows]
    parts = split([str(label) for label, _ in rows], groups, [""] * len(rows), seed)
    for label in range(len(sizes)):
        assert {part for part, (each, _) in zip(parts, rows, strict=True) if each == label} == set(PARTS)
    assert len(set(zip(groups, parts, strict=True))) == len(set(groups))
