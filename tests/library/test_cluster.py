"""Which vectors come into one group."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.library.people.clustering import Constraints, cluster, neighbors

DISTANCE = 0.4


def people(*sizes: int, seed: int = 0, spread: float = 0.02) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return vectors of people with so many faces each, mixed, and whose they are."""
    random = np.random.default_rng(seed)
    whose = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    vectors = random.normal(0, 1, (len(sizes), 128))[whose] / 11 + random.normal(0, spread, (len(whose), 128))
    return vectors.astype(np.float32), whose


def same(groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    return groups[:, None] == groups[None]


def known(count: int, **told: object) -> Constraints:
    arrays = {name: np.array(value, np.int64) for name, value in told.items()}
    return replace(Constraints.nothing(count), **arrays)


def test_faces_of_one_person_come_into_one_group_and_no_others() -> None:
    vectors, whose = people(40, 1, 7, 2, 300)
    assert (same(cluster(vectors, DISTANCE)) == same(whose)).all()


def test_the_order_of_faces_does_not_matter() -> None:
    vectors, _ = people(40, 1, 7, 2, spread=0.03)
    order = np.random.default_rng(1).permutation(len(vectors))
    groups = cluster(vectors, DISTANCE)
    assert (same(cluster(vectors[order], DISTANCE)) == same(groups[order])).all()
    assert (cluster(vectors, DISTANCE) == groups).all()


@pytest.mark.parametrize("count", [0, 1])
def test_one_face_or_none_needs_no_other(count: int) -> None:
    assert cluster(np.zeros((count, 128), np.float32), DISTANCE).tolist() == list(range(count))


def test_groups_grow_by_the_mean_distance_and_not_along_a_chain() -> None:
    angles = np.arange(0, 3, 0.3)
    chain = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    assert len(set(cluster(chain, DISTANCE).tolist())) > 2


def around(*offsets: float) -> NDArray[np.float32]:
    """Return vectors that lie so far from a common middle, each in a direction of its own."""
    return np.c_[np.ones(len(offsets)), np.diag(offsets)].astype(np.float32)


def test_who_has_a_look_alike_must_be_nearer() -> None:
    assert cluster(around(0.28, 0.28), DISTANCE).tolist() == [0, 0]
    assert cluster(around(0.28, 0.28, 0.33), DISTANCE).tolist() == [0, 1, 2]
    assert cluster(around(0.2, 0.2, 0.4), DISTANCE).tolist() == [0, 0, 1]


def test_one_odd_picture_beside_many_makes_nobody_stricter() -> None:
    vectors = around(0.28, 0.28, 0.33)[[0] * 100 + [1, 2]]
    assert cluster(vectors, DISTANCE).tolist() == [0] * 101 + [1]


def test_what_belongs_together_stays_together_however_far_apart() -> None:
    vectors, whose = people(3, 3)
    first, second = np.flatnonzero(whose == 0)[0], np.flatnonzero(whose == 1)[0]
    groups = np.arange(6)
    groups[second] = first
    told = cluster(vectors, DISTANCE, known(6, groups=np.unique(groups, return_inverse=True)[1]))
    assert told[first] == told[second]


def test_what_is_kept_apart_never_comes_into_one_group() -> None:
    vectors, _ = people(6)
    groups = cluster(vectors, DISTANCE, known(6, apart=[(0, 5), (1, 0)]))
    assert groups[0] not in (groups[5], groups[1])
    assert groups[5] == groups[1]


def test_no_group_has_two_owners_and_a_new_face_joins_the_nearer() -> None:
    vectors, _ = people(9)
    groups = cluster(vectors, DISTANCE, known(9, owners=[1, 2, 0, 0, 0, 0, 0, 0, 0]))
    assert groups[0] != groups[1]
    assert set(groups.tolist()) == {groups[0], groups[1]}


def test_a_face_does_not_join_an_owner_who_was_refused_for_it() -> None:
    vectors, _ = people(4)
    groups = cluster(vectors, DISTANCE, known(4, owners=[7, 0, 0, 7], refusals=[(1, 7)]))
    assert groups[1] not in (groups[0], groups[3])
    assert groups[0] == groups[2] == groups[3]


def test_an_owner_who_looked_different_once_is_found_by_either_look() -> None:
    vectors, whose = people(5, 5)
    owners = np.ones(10, np.int64)
    new = [np.flatnonzero(whose == look)[0] for look in (0, 1)]
    owners[new] = 0
    groups = cluster(vectors, DISTANCE, known(10, owners=owners))
    for row in new:
        assert owners[groups == groups[row]].max() == 1


def test_neighbors_are_all_pairs_that_near_until_there_are_too_many() -> None:
    vectors, _ = people(300, 300)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = np.linalg.norm(units[:, None].astype(np.float64) - units[None], axis=2)
    expected = np.argwhere(np.triu(distances <= 0.3, 1))
    assert (neighbors(units, 0.3, most=600) == expected).all()
    few = neighbors(units, 0.3, most=3)
    assert np.bincount(few[:, 0]).max() == 3
    assert {tuple(pair) for pair in few.tolist()} <= {tuple(pair) for pair in expected.tolist()}
