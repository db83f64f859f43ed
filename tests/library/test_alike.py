"""Look-alikes: neighbors by cosine, copies by hash or vector, groups with the best file first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_photos import EYES, made_photo
from made_scenes import made_scene

from indexer.intake.pixel_stats import perceptual_hash
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import add_root
from indexer.library.similar import near_duplicates as pairs
from indexer.library.similar.similar import duplicates, similar, vector_of
from indexer.library.store import Library
from indexer.library.user.own_tags import hide
from indexer.values.files import Hashes, Picture
from indexer.values.outcomes import Indexed

MODEL = EYES[0]
LENGTH = 64


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).gamma(0.5, 1.0, LENGTH)


def turned(degrees: float) -> np.ndarray:
    """A vector whose square roots' angle to those of `turned(0)` is so many degrees."""
    one, other = np.repeat(np.eye(2), LENGTH // 2, axis=1)
    roots = np.cos(np.radians(degrees)) * one + np.sin(np.radians(degrees)) * other
    return np.asarray(roots**2)


def scene(seed: int, cut: slice = slice(None)) -> int:
    """The hash of a scene, or of what is left of it after a cut at all sides."""
    return int.from_bytes(perceptual_hash(Picture(made_scene(seed)[cut, cut], (256, 256))), "big")


def photo(
    name: str, vector: np.ndarray, bits: int = 0, content: str | None = None, width: int = 40, **metadata: object
) -> Indexed:
    path = Path("/photos") / name
    made = made_photo(path, sum(map(ord, name)))
    hashes = Hashes((content or name).encode().ljust(32), bits.to_bytes(8, "big"))
    seen = replace(
        made.analysis,
        vector=vector.astype("<f2").tobytes(),
        hashes=hashes,
        metadata=replace(made.analysis.metadata, width=width, height=30, **metadata),
    )
    return Indexed(made.file, seen)


def names(library: Library, model: str | None = MODEL) -> list[list[str]]:
    return [[each.path.name for each in (group.best, *group.others)] for group in duplicates(library, model)]


def test_the_most_alike_come_first_and_the_photo_itself_does_not(library: Library) -> None:
    near, far = picture(1) + 0.3 * picture(2), picture(3)
    record_outcomes(library, [photo("asked.jpg", picture(1)), photo("far.jpg", far), photo("near.jpg", near)])
    asked = Path("/photos/asked.jpg")
    vector = vector_of(library, MODEL, asked)
    assert vector is not None
    found = similar(library, vector, MODEL, but=asked)
    assert [each.path.name for each in found][:1] == ["near.jpg"]
    assert found[0].score > 0.9
    assert similar(library, vector, MODEL, limit=1, but=asked) == found[:1]
    assert vector_of(library, "another-model", asked) is None


def test_photos_of_another_model_are_not_compared(library: Library) -> None:
    record_outcomes(library, [photo("a.jpg", picture(1))])
    assert similar(library, picture(1).astype("<f2").tobytes(), "another-model") == []


def test_copies_are_told_by_hash_or_by_vector(library: Library) -> None:
    base = int.from_bytes(np.random.default_rng(0).bytes(8), "big")
    cropped = picture(1) * 0.9 + 0.1 * picture(2)
    recoded = picture(3) + 0.9 * picture(4)
    record_outcomes(
        library,
        [
            photo("a.jpg", picture(1), base, width=100),
            photo("cropped.jpg", cropped, base ^ 0xFFFF0),  # 16 bits apart
            photo("b.jpg", picture(3), base ^ 0xFFFF_FFFF_0000, width=100),
            photo("recoded.jpg", recoded, base ^ 0xFFFF_FFFF_0000 ^ 0b111),
            photo("other.jpg", picture(5), base ^ 0xAAAA_AAAA_AAAA_AAAA),
        ],
    )
    assert names(library) == [["a.jpg", "cropped.jpg"], ["b.jpg", "recoded.jpg"]]


def test_a_cut_photo_is_told_from_another_that_looks_like_it(library: Library) -> None:
    """Portraits of two people in suits look as alike to the network as a portrait and a cut one: the hash decides."""
    record_outcomes(
        library,
        [
            photo("whole.jpg", turned(0), scene(1), width=100),
            photo("cut.jpg", turned(25), scene(1, slice(10, 240))),
            photo("someone-else.jpg", turned(-25), scene(2)),
        ],
    )
    assert names(library) == [["whole.jpg", "cut.jpg"]]


def test_same_hashes_of_different_pictures_are_no_copies(library: Library) -> None:
    record_outcomes(library, [photo("wall.jpg", picture(1)), photo("sky.jpg", -picture(1))])
    assert names(library) == []


def test_only_identical_bytes_where_no_model_is_given(library: Library) -> None:
    record_outcomes(
        library,
        [photo("a.jpg", picture(1), content="x"), photo("b.jpg", picture(1)), photo("c.jpg", picture(9), content="x")],
    )
    groups = duplicates(library, None)
    assert [[each.path.name for each in (group.best, *group.others)] for group in groups] == [["c.jpg", "a.jpg"]]
    assert groups[0].others[0].kind == "identical"


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"width": 200}, {"width": 100, "format": "TIFF"}),
        ({"format": "TIFF"}, {"taken_at": "2001-01-01T00:00:00"}),
    ],
    ids=["pixels", "format"],
)
def test_the_best_file_is_the_largest_then_the_one_a_camera_wrote(
    library: Library, better: dict[str, object], worse: dict[str, object]
) -> None:
    record_outcomes(library, [photo("z.jpg", picture(1), **better), photo("a.jpg", picture(1), **worse)])  # type: ignore[arg-type]
    assert names(library) == [["z.jpg", "a.jpg"]]


def test_every_other_is_a_copy_of_the_best_itself(library: Library) -> None:
    """In a chain of likenesses the last one may have nothing to do with the first: it must not be lost with it."""
    chain = enumerate(zip("abc", (0, 17, 34), strict=True))
    photos = [photo(f"{name}.jpg", turned(angle), 0xFFF << (16 * at), width=200 - at) for at, (name, angle) in chain]
    record_outcomes(library, photos)
    assert names(library) == [["a.jpg", "b.jpg"]]


def test_hidden_photos_are_left_out(library: Library) -> None:
    record_outcomes(library, [photo("a.jpg", picture(1)), photo("b.jpg", picture(1))])
    hide(library, [Path("/photos/b.jpg")])
    assert names(library) == []
    assert [each.path.name for each in similar(library, picture(1).astype("<f2").tobytes(), MODEL)] == ["a.jpg"]


def test_cells_find_what_comparing_all_finds(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    outcomes = []
    for number in range(200):
        copy = picture(number) * random.normal(1, 0.3, LENGTH).clip(0)
        bits = int.from_bytes(random.bytes(8), "big")
        outcomes.append(photo(f"{number}a.jpg", picture(number), bits))
        outcomes.append(photo(f"{number}b.jpg", copy, bits ^ 0x1111_1111_1111_1111))
    record_outcomes(library, outcomes)
    with library.reading() as connection:
        everything = pairs.near_pairs(connection, MODEL)
        monkeypatch.setattr(pairs, "_EXACT_PHOTOS", 0)
        monkeypatch.setattr(pairs, "_CELL_PHOTOS", 20)
        in_cells = pairs.near_pairs(connection, MODEL)
    assert len(everything) >= 190
    assert len(set(in_cells) & set(everything)) >= 0.98 * len(everything)


class Compared:
    """Says of pairs of photos by their names whether their pixels are the same, and keeps what it was asked."""

    def __init__(self, *same: str) -> None:
        self.same, self.asked = set(same), []

    def __call__(self, one: Path, others: Sequence[Path], *, exact: bool) -> list[bool]:
        self.asked += [(one.name, other.name, exact) for other in others]
        return [other.name in self.same for other in others]


def test_near_copies_are_those_whose_pixels_are_the_same(library: Library) -> None:
    """Two pages of text have the embedding, and may have the hash, of each other."""
    record_outcomes(
        library, [photo("a.jpg", picture(1), width=100), photo("b.jpg", picture(1)), photo("c.jpg", picture(1))]
    )
    compared = Compared("c.jpg")
    groups = duplicates(library, MODEL, compare=compared)
    assert [[each.path.name for each in (group.best, *group.others)] for group in groups] == [["a.jpg", "c.jpg"]]
    assert sorted(compared.asked) == [("a.jpg", "b.jpg", False), ("a.jpg", "c.jpg", False)]


def test_the_same_bytes_need_no_look_at_the_pixels(library: Library) -> None:
    record_outcomes(library, [photo("a.jpg", picture(1), content="x"), photo("b.jpg", picture(1), content="x")])
    compared = Compared()
    assert len(duplicates(library, MODEL, compare=compared)) == 1
    assert compared.asked == []


def taken(name: str, second: int, field: str = "exif:DateTimeOriginal", **metadata: object) -> Indexed:
    when = {"taken_at": f"2024-05-01T10:11:{second}", "taken_from": field, "camera_model": "D70"}
    return photo(name, picture(1), **{**when, **metadata})


def test_photos_of_a_burst_are_no_copies_unless_only_the_time_was_changed(library: Library) -> None:
    record_outcomes(library, [taken("a.jpg", 10, width=100), taken("b.jpg", 12), taken("small.jpg", 10, width=20)])
    assert names(library) == [["a.jpg", "small.jpg"]]
    compared = Compared("b.jpg", "small.jpg")
    assert len(duplicates(library, MODEL, compare=compared)[0].others) == 2
    assert sorted(compared.asked) == [("a.jpg", "b.jpg", True), ("a.jpg", "small.jpg", False)]


@pytest.mark.parametrize("field", ["mtime", "name"])
def test_times_that_no_camera_wrote_tell_no_burst(library: Library, field: str) -> None:
    record_outcomes(library, [taken("a.jpg", 10, field), taken("b.jpg", 12, field)])
    assert len(names(library)) == 1


def test_photos_in_a_folder_that_is_away_are_in_no_group(library: Library) -> None:
    add_root(library, Path("/disk"))
    add_root(library, Path("/disk 2"))
    everything = [photo(name, picture(1), content="x", width=60 - len(name)) for name in ("a.jpg", "bb.jpg", "ccc.jpg")]
    places = ("/disk/a.jpg", "/disk 2/bb.jpg", "/photos/ccc.jpg")
    pairs = zip(everything, places, strict=True)
    record_outcomes(library, [replace(each, file=replace(each.file, path=Path(place))) for each, place in pairs])
    for model in (MODEL, None):
        assert names(library, model) == [["a.jpg", "bb.jpg", "ccc.jpg"]]
        here = duplicates(library, model, away=[Path("/disk")])
        assert [str(each.path) for group in here for each in (group.best, *group.others)] == list(places[1:])
        assert duplicates(library, model, away=[Path("/disk"), Path("/photos")]) == []


def test_an_empty_library_has_no_copies(library: Library) -> None:
    assert duplicates(library, MODEL) == []
