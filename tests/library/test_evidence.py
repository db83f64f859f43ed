"""Which small groups may as well be strangers."""

from __future__ import annotations

import numpy as np
from made_people import MODEL, add, photo_of
from made_photos import ROOT
from numpy.typing import NDArray

from indexer.library.people import corrections
from indexer.library.people.evidence import FEWEST, doubtful, expected_strangers
from indexer.library.people.grouping import group
from indexer.library.people.people import faces_in, find_person
from indexer.library.roots import add_root
from indexer.library.store import Library


def crowd(count: int, *noises: float) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return strangers, of whom the first have a second picture that differs so much, and the groups of all."""
    random = np.random.default_rng(0)
    vectors = random.normal(0, 1, (count, 128))
    second = vectors[: len(noises)] + random.normal(0, 1, (len(noises), 128)) * np.array(noises)[:, None]
    return np.concatenate([vectors, second]).astype(np.float32), np.r_[:count, : len(noises)].astype(np.int64)


def test_a_near_pair_stands_and_a_pair_as_far_as_strangers_does_not() -> None:
    vectors, groups = crowd(200, 0.3, 50.0)
    assert np.flatnonzero(doubtful(vectors, groups)).tolist() == [1, 201]


def test_more_faces_ask_for_nearer_ones() -> None:
    assert expected_strangers(4, 100_000) > expected_strangers(4, 1000) > expected_strangers(5, 1000)


def test_few_faces_and_large_groups_are_left_as_they_are() -> None:
    vectors, groups = crowd(FEWEST - 2, 50.0)
    assert not doubtful(vectors, groups).any()
    vectors, _ = crowd(200)
    assert not doubtful(vectors, np.arange(200) // 4).any()


def test_a_name_outlives_a_grouping_that_asks_for_more_evidence(library: Library) -> None:
    add_root(library, ROOT)
    add(library, *(photo_of(ROOT / f"{person}.jpg", person, seed=person) for person in range(70)))
    add(library, photo_of(ROOT / "again.jpg", 3, seed=99))
    assert group(library, MODEL, distance=0.4, min_quality=0.5).people == 1
    person = faces_in(library, ROOT / "3.jpg")[0].person
    assert person is not None
    with library.writing() as connection:
        corrections.name_person(connection, person, "Ann")
    assert group(library, MODEL, distance=0.4, min_quality=0.5, again=True).people == 0
    with library.reading() as connection:
        assert find_person(connection, "ann").faces == 2
