"""Taught words: given to all photos at once, kept over a new analysis and retag, and below what users say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_photos import EYES, made_photo, moved

from indexer.library.indexing.outcomes import record_outcomes, retag_photos
from indexer.library.photo_rows.probe_inputs import ProbeInput, ProbeModels
from indexer.library.photo_rows.user_layer import LinearProbe
from indexer.library.report import details
from indexer.library.search.search import by_keywords
from indexer.library.store import Library
from indexer.library.user.own_tags import add_tag, remove_tag
from indexer.library.user.taught_words import forget, known_inputs, sample, taught_words, teach, to_teach_again
from indexer.values.analysis import Evidence, Tag
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Indexed

MODEL = EYES[0]
SAIL, TREE = np.array([3.0, 1.0, 0, 0]), np.array([0, 1.0, 3.0, 0])
HEAD = LinearProbe("sailing", MODEL, np.array([4, 0, -4, 0, 0], "<f4").tobytes())
ABOUT = {"examples": 5, "precision": 0.9, "recall": 0.8, "folder": "/examples", "not": ""}


def photo(name: str, vector: np.ndarray) -> Indexed:
    made = made_photo(Path("/photos") / name, 1, [("boat", 0.7)])
    return Indexed(made.file, replace(made.analysis, vector=vector.astype("<f2").tobytes()))


def tags(library: Library, name: str) -> tuple[Tag, ...]:
    known = details(library, Path("/photos") / name)
    assert known is not None
    assert known.analysis is not None
    return known.analysis.tags


def found(library: Library) -> list[str]:
    return [hit.path.name for hit in by_keywords(library, ["sailing"])]


@pytest.fixture(autouse=True)
def photos(library: Library) -> None:
    record_outcomes(library, [photo("sail.jpg", SAIL), photo("tree.jpg", TREE)])


def test_a_taught_word_is_given_to_the_photos_that_are_there(library: Library) -> None:
    assert teach(library, HEAD, ABOUT) == 1
    assert found(library) == ["sail.jpg"]
    assert tags(library, "sail.jpg")[-1].source == "taught"


def test_a_new_photo_gets_it_in_the_scan_with_the_same_score(library: Library) -> None:
    teach(library, HEAD, ABOUT)
    record_outcomes(library, [photo("new.jpg", SAIL), photo("other.jpg", TREE)])
    assert found(library) == ["new.jpg", "sail.jpg"]
    assert tags(library, "new.jpg") == tags(library, "sail.jpg")


def test_analysis_retag_move_and_copy_keep_it(library: Library) -> None:
    teach(library, HEAD, ABOUT)
    before = tags(library, "sail.jpg")
    record_outcomes(library, [photo("sail.jpg", SAIL)])
    assert retag_photos(library, {Path("/photos/sail.jpg"): [Tag("boat", 0.7, "class of boat")]}) == 0
    record_outcomes(
        library, [moved(library, PhotoFile(Path("/photos/copy.jpg"), 1, 1), Path("/photos/sail.jpg"), gone=False)]
    )
    record_outcomes(
        library, [moved(library, PhotoFile(Path("/photos/moved.jpg"), 1, 1), Path("/photos/sail.jpg"), gone=True)]
    )
    assert tags(library, "copy.jpg") == tags(library, "moved.jpg") == before


def test_what_users_say_counts_for_more(library: Library) -> None:
    remove_tag(library, "sailing", [Path("/photos/sail.jpg")])  # before it is known: says nothing
    teach(library, HEAD, ABOUT)
    remove_tag(library, "sailing", [Path("/photos/sail.jpg")])
    add_tag(library, "sailing", [Path("/photos/tree.jpg")])
    assert teach(library, HEAD, ABOUT) == 0
    record_outcomes(library, [photo("sail.jpg", SAIL), photo("tree.jpg", TREE)])
    assert found(library) == ["tree.jpg"]
    forget(library, "sailing")
    assert found(library) == ["tree.jpg"]


def test_to_teach_again_replaces_it(library: Library) -> None:
    teach(library, HEAD, ABOUT)
    teach(library, replace(HEAD, weights=np.array([-4, 0, 4, 0, 0], "<f4").tobytes()), ABOUT)
    assert found(library) == ["tree.jpg"]
    assert [(word.name, word.photos) for word in taught_words(library)] == [("sailing", 1)]


def test_a_forgotten_word_is_gone(library: Library) -> None:
    before = tags(library, "sail.jpg")
    teach(library, HEAD, ABOUT)
    assert forget(library, "Sailing") is not None
    assert forget(library, "sailing") is None
    assert tags(library, "sail.jpg") == before
    record_outcomes(library, [photo("sail.jpg", SAIL)])
    assert found(library) == []


def test_vectors_of_another_classifier_are_never_judged(library: Library) -> None:
    other = replace(HEAD, model="another-12345678")
    assert teach(library, other, ABOUT) == 0
    record_outcomes(library, [photo("new.jpg", SAIL)])
    assert found(library) == []
    assert [word.name for word in to_teach_again(library, MODEL)] == ["sailing"]
    assert to_teach_again(library, "another-12345678") == []


def test_a_sample_is_always_the_same_and_leaves_out_the_examples(library: Library) -> None:
    record_outcomes(library, [photo(f"{number}.jpg", SAIL + number) for number in range(20)])
    drawn = sample(library, ProbeModels(MODEL), 10)
    assert len(drawn) == 10
    assert drawn == sample(library, ProbeModels(MODEL), 10)
    others = sample(library, ProbeModels(MODEL), 100, [Path("/photos/tree.jpg")])
    assert ProbeInput(TREE.astype("<f2").tobytes()) not in others


JOINED = ProbeModels(MODEL, "finder-1")


def boat(score: float) -> Evidence:
    return Evidence.of(JOINED.detector, np.array([[0, score]], np.float32), 0.01)


def with_boat(indexed: Indexed, score: float = 0.0) -> Indexed:
    """Let a detector find a boat, class 1 of 2, in a photo."""
    models = (*indexed.analysis.models, JOINED.detector)
    return Indexed(indexed.file, replace(indexed.analysis, object_scores=(boat(score),), models=models))


def boats() -> LinearProbe:
    """Return a word that photos with a boat in them get, whatever their embedding is."""
    return LinearProbe("sailing", JOINED.id, np.array([0, 0, 0, 0, 0, 9, -1], "<f4").tobytes())


def test_a_word_sees_what_a_detector_found(library: Library) -> None:
    record_outcomes(library, [with_boat(photo("boat.jpg", TREE), 0.9), with_boat(photo("tree.jpg", TREE))])
    assert teach(library, boats(), ABOUT) == 1
    record_outcomes(library, [with_boat(photo("new.jpg", TREE), 0.9)])
    assert found(library) == ["boat.jpg", "new.jpg"]
    assert tags(library, "boat.jpg")[-1] == tags(library, "new.jpg")[-1]


def test_a_photo_that_the_detector_has_not_seen_is_not_judged(library: Library) -> None:
    never = LinearProbe("sailing", JOINED.id, np.array([0, 0, 0, 0, 0, 0, 9], "<f4").tobytes())
    assert teach(library, never, ABOUT) == 0
    record_outcomes(library, [with_boat(photo("sail.jpg", SAIL))])
    assert found(library) == ["sail.jpg"]


def test_the_inputs_of_known_photos_are_those_that_the_library_has(library: Library) -> None:
    record_outcomes(library, [with_boat(photo("boat.jpg", TREE), 0.9)])
    paths = [Path("/photos/boat.jpg"), Path("/photos/sail.jpg"), Path("/elsewhere/a.jpg")]
    known = known_inputs(library, JOINED, paths)
    assert known == {paths[0]: ProbeInput(TREE.astype("<f2").tobytes(), boat(0.9).data)}
    assert set(known_inputs(library, ProbeModels(MODEL), paths)) == set(paths[:2])
