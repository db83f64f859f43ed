"""Look-alikes from memory are those from the disk, whatever becomes of the library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_photos import EYES, made_photo

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.similar import similarity_cache as look_alikes
from indexer.library.similar.similar import similar, vector_of
from indexer.library.similar.similarity_cache import LookAlikes
from indexer.library.store import Library
from indexer.library.user.own_tags import hide
from indexer.values.files import Hashes
from indexer.values.outcomes import Indexed, Removed

MODEL = EYES[0]
P = Path("/photos")


def photo(number: int, vector: np.ndarray, content: str = "") -> Indexed:
    made = made_photo(P / f"{number}.jpg", number)
    hashes = Hashes(f"{number}{content}".encode().ljust(32), bytes(8))
    return Indexed(made.file, replace(made.analysis, vector=vector.astype("<f2").tobytes(), hashes=hashes))


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Vectors in clusters, as those of real photos are."""
    rng = np.random.default_rng(seed)
    return rng.gamma(0.3, 1, (count, 8)) @ rng.gamma(0.3, 1, (8, 64)) + 0.2 * rng.gamma(1, 1, (count, 64))


@pytest.fixture
def many(library: Library) -> Library:
    record_outcomes(library, [photo(number, vector) for number, vector in enumerate(pictures(300), 1)])
    return library


def agree(library: Library, kept: LookAlikes, name: str = "7.jpg", **how: object) -> None:
    """Find the same in memory as on the disk."""
    vector = vector_of(library, MODEL, P / name)
    for limit in (1, 20, 1000):
        for but in (None, P / name):
            mine = kept.similar(vector, limit=limit, but=but, **how)
            assert mine == similar(library, vector, MODEL, limit=limit, but=but, **how)


def test_the_answers_are_those_from_the_disk(many: Library) -> None:
    kept = LookAlikes(many, MODEL)
    for number in (1, 7, 150, 300):
        agree(many, kept, f"{number}.jpg")
        agree(many, kept, f"{number}.jpg", min_score=0.8)


def test_equals_are_ranked_by_path(library: Library) -> None:
    same = pictures(1)[0]
    record_outcomes(library, [photo(number, same) for number in range(1, 40)])
    agree(library, LookAlikes(library, MODEL))


def test_what_changes_is_noticed(many: Library) -> None:
    kept = LookAlikes(many, MODEL)
    agree(many, kept)
    record_outcomes(many, [photo(400, pictures(1, 5)[0])])  # new
    agree(many, kept)
    record_outcomes(many, [photo(8, pictures(1, 6)[0], "another picture")])
    agree(many, kept)
    agree(many, kept, "8.jpg")
    record_outcomes(many, [Removed(P / "9.jpg")])
    hide(many, [P / "10.jpg"], hidden=True)
    agree(many, kept)
    record_outcomes(many, [photo(9, pictures(1, 7)[0])])  # there again
    hide(many, [P / "10.jpg"], hidden=False)
    agree(many, kept)


def test_only_what_is_new_is_read_again(many: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = LookAlikes(many, MODEL)
    agree(many, kept)
    record_outcomes(many, [photo(400, pictures(1, 5)[0])])
    read: list[int] = []
    real = look_alikes._taken_over
    monkeypatch.setattr(look_alikes, "_taken_over", lambda *held: read.append(len(new := real(*held))) or new)
    agree(many, kept)
    assert read == [1]


def test_with_a_mark_the_library_is_not_asked_until_it_is_another_one(many: Library) -> None:
    kept = LookAlikes(many, MODEL)
    vector = vector_of(many, MODEL, P / "7.jpg")
    before = kept.similar(vector, limit=500, mark=1)
    record_outcomes(many, [photo(400, pictures(1, 5)[0])])
    assert len(kept.similar(vector, limit=500, mark=1)) == len(before)
    assert len(kept.similar(vector, limit=500, mark=2)) == len(before) + 1


def test_a_library_without_vectors_has_none(library: Library) -> None:
    vector = pictures(1)[0].astype("<f2").tobytes()
    assert LookAlikes(library, MODEL).similar(vector, limit=5) == []
    record_outcomes(library, [photo(number, each) for number, each in enumerate(pictures(3), 1)])
    assert LookAlikes(library, "another-network").similar(vector, limit=5) == []


def test_too_many_for_the_memory_are_read_from_the_disk(many: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_alikes, "_MOST_PHOTOS", 10)
    agree(many, LookAlikes(many, MODEL))
