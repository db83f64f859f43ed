"""The faces that look like one person, by several pictures of her; and the matrix that they are found in."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from made_people import MODEL, add, photo_of
from made_photos import ROOT
from sqlalchemy import delete, func, insert, select

from indexer.library.db.tables import descriptors, faces, models, photos
from indexer.library.people.corrections import move_faces, person_with
from indexer.library.people.people import faces_in
from indexer.library.people.similar_faces import Likelihood, descriptors_of, faces_like
from indexer.library.store import Library
from indexer.values.analysis import Descriptor

ALICE, BOB = 1, 2
FACE = {f"box_{side}": 0.1 for side in ("left", "top", "width", "height")} | {
    "score": 1.0,
    "quality": 1.0,
    "landmarks": b"",
}


@pytest.fixture
def party(library: Library) -> Iterator[Library]:
    add(library, photo_of(ROOT / "a.jpg", ALICE, BOB), photo_of(ROOT / "b.jpg", BOB), photo_of(ROOT / "c.jpg", ALICE))
    return library


def wanted(person: int, count: int) -> list[Descriptor]:
    """Return descriptors of other photos of a person."""
    photos = [photo_of(ROOT / f"query {number}", person) for number in range(count)]
    found = [photo.analysis.faces[0].descriptor for photo in photos]
    return [each for each in found if each is not None]


def names(found: list) -> list[str]:
    return [f"{each.face.path.name}#{each.face.place}" for each in found]


@pytest.mark.parametrize("mean", [False, True])
def test_the_faces_of_the_person_are_found(party: Library, mean: bool) -> None:
    found = faces_like(party, wanted(ALICE, 3), threshold=0.6, mean=mean)
    assert sorted(names(found)) == ["a.jpg#1", "c.jpg#1"]
    assert [each.distance for each in found] == sorted(each.distance for each in found)


def test_the_nearest_of_several_pictures_counts(party: Library) -> None:
    queries = wanted(ALICE, 3)
    single = [{each.face: each.distance for each in faces_like(party, [query], threshold=2)} for query in queries]
    for found in faces_like(party, queries, threshold=2):
        assert found.distance == min(told[found.face] for told in single)


def test_faces_that_are_the_persons_already_are_left_out(party: Library) -> None:
    with party.writing() as connection:
        alice = person_with(connection, "Alice")
        face = faces_in(party, ROOT / "a.jpg")[0].number
        move_faces(connection, [face], alice)
    queries = descriptors_of(party, alice, MODEL, most=5, min_quality=0)
    assert names(faces_like(party, queries, threshold=0.6, but=alice)) == ["c.jpg#1"]


def test_many_faces_of_a_person_are_stood_for_by_few(party: Library) -> None:
    add(party, *(photo_of(ROOT / f"{number}.jpg", ALICE) for number in range(11)))
    with party.writing() as connection:
        alice = person_with(connection, "Alice")
        faces = [faces_in(party, ROOT / f"{number}.jpg")[0].number for number in range(11)]
        move_faces(connection, faces, alice)
    assert 3 <= len(descriptors_of(party, alice, MODEL, most=4, min_quality=0)) <= 4
    assert descriptors_of(party, alice, "other", most=4, min_quality=0) == []


def test_no_picture_finds_nothing(party: Library) -> None:
    assert faces_like(party, [], threshold=2) == []


def test_a_list_is_cut_after_the_nearest(party: Library) -> None:
    everything = faces_like(party, wanted(BOB, 2), threshold=2)
    assert faces_like(party, wanted(BOB, 2), threshold=2, limit=2) == everything[:2]


def test_probability_falls_with_the_distance() -> None:
    told = [Likelihood(0.6, 45, 1).probability(distance) for distance in (0, 0.3, 0.59, 0.6, 0.61, 0.9, 100)]
    assert told == sorted(told, reverse=True)
    assert told[3] == 0.5
    assert told[0] > 0.99999
    assert told[-1] < 1e-6


def test_the_more_faces_a_library_has_the_nearer_one_must_be_to_be_likely(party: Library) -> None:
    few, many = Likelihood(0.6, 45, 100), Likelihood(0.6, 45, 100_000)
    assert many.probability(0.4) < 0.1 < 0.9 < few.probability(0.4)
    assert Likelihood.of(party, MODEL, {"even_distance": 0.6, "log_odds": 45}) == Likelihood(0.6, 45, 4)


def test_the_matrix_finds_exactly_what_a_plain_comparison_finds(party: Library) -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(0, 0.09, (1000, 128)).astype(np.float32)
    with party.writing() as connection:
        model = connection.scalar(select(models.c.id).where(models.c.name == MODEL))
        photo = connection.scalar(select(func.min(photos.c.id)))
        connection.execute(delete(descriptors))
        for number, vector in enumerate(vectors):
            connection.execute(insert(faces).values(id=1000 + number, photo_id=photo, position=number, **FACE))
            row = {"face_id": 1000 + number, "model_id": model, "data": vector.tobytes()}
            connection.execute(insert(descriptors).values(row))
    for row, threshold in ((0, 0.0), (1, 1.3), (2, 1.45), (3, 3.0)):
        with party.reading() as connection:
            found = party.descriptors(connection, like := Descriptor.of(MODEL, vectors[row])).within(like, threshold)
        distances = np.sqrt(((vectors.astype(np.float64) - vectors[row]) ** 2).sum(1))
        assert len(found) == (distances <= threshold).sum()
        assert [distance for _, distance in found] == sorted(distances[distances <= threshold].tolist())


def test_threads_search_while_photos_come_and_go(party: Library) -> None:
    like = wanted(ALICE, 1)

    def look(_: int) -> set[str]:
        return set(names(faces_like(party, like, threshold=0.6))) & {"a.jpg#1", "c.jpg#1"}

    with ThreadPoolExecutor(4) as threads:
        looks = [threads.submit(look, number) for number in range(40)]
        for number in range(10):
            add(party, photo_of(ROOT / "coming.jpg", ALICE, seed=number))
        assert all(each.result() == {"a.jpg#1", "c.jpg#1"} for each in looks)
