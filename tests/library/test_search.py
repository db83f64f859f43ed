"""Words and faces find what they should, in an order that nothing but the photos determines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_photos import made_photo

from indexer.library.indexing.files import file_states
from indexer.library.indexing.outcomes import forget_missing, record_outcomes
from indexer.library.people.similar_faces import similar_faces
from indexer.library.roots import add_root
from indexer.library.search.search import by_keywords, nearest_words
from indexer.library.store import Library
from indexer.values.analysis import Descriptor
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Indexed, Removed
from indexer.values.results import Why

P = Path("/photos")


@pytest.fixture
def zoo(library: Library) -> Library:
    """Four photos of animals, one missing, one failed later."""
    record_outcomes(
        library,
        [
            made_photo(P / "terrier.jpg", 1, [("Border terrier", 0.91), ("dog", 0.95), ("animal", 0.97)]),
            made_photo(P / "cat.jpg", 2, [("cat", 0.8), ("animal", 0.97)]),
            made_photo(P / "both.jpg", 3, [("cat", 0.7), ("dog", 0.6), ("animal", 0.99)]),
            made_photo(P / "boat.jpg", 4, [("catamaran", 0.9)]),
            made_photo(P / "gone.jpg", 5, [("dog", 0.99), ("wolf", 0.9)]),
            made_photo(P / "bad.jpg", 6, [("dog", 0.98)]),
            Removed(P / "gone.jpg"),
            Failed(PhotoFile(P / "bad.jpg", 1, 1), "decode", "is cut short"),
        ],
    )
    return library


def _names(hits: list[object]) -> list[str]:
    return [hit.path.name for hit in hits]  # type: ignore[attr-defined]


def test_a_word_finds_its_photos_best_first_and_says_why(zoo: Library) -> None:
    hits = by_keywords(zoo, ["dog"])
    assert _names(hits) == ["terrier.jpg", "both.jpg"]
    assert hits[0].score == 0.95
    assert hits[0].why == (Why("dog", 0.95, "class of dog"),)


def test_a_word_is_not_found_inside_another(zoo: Library) -> None:
    assert _names(by_keywords(zoo, ["cat"])) == ["cat.jpg", "both.jpg"]


@pytest.mark.parametrize("word", ["border terrier", "BORDER TERRIER", "Border terrier"])
def test_case_does_not_matter(zoo: Library, word: str) -> None:
    assert _names(by_keywords(zoo, [word])) == ["terrier.jpg"]


def test_words_that_differ_in_case_only_are_one_word(library: Library) -> None:
    record_outcomes(
        library, [made_photo(P / "a", 1, [("Zoë", 0.5), ("ZOË", 0.7)]), made_photo(P / "b", 2, [("zoë", 0.6)])]
    )
    assert [(hit.path.name, hit.score) for hit in by_keywords(library, ["Zoe\u0308"])] == [("a", 0.7), ("b", 0.6)]


def test_all_words_must_match_and_the_least_sure_one_counts(zoo: Library) -> None:
    hits = by_keywords(zoo, ["animal", "dog"])
    assert [(hit.path.name, hit.score) for hit in hits] == [("terrier.jpg", 0.95), ("both.jpg", 0.6)]
    assert [why.tag for why in hits[0].why] == ["animal", "dog"]
    assert by_keywords(zoo, ["dog", "unicorn"]) == []


def test_any_word_may_match_and_the_surest_one_counts(zoo: Library) -> None:
    hits = by_keywords(zoo, ["dog", "cat", "unicorn"], any_word=True)
    assert [(hit.path.name, hit.score) for hit in hits] == [("terrier.jpg", 0.95), ("cat.jpg", 0.8), ("both.jpg", 0.7)]


def test_no_word_finds_nothing(zoo: Library) -> None:
    assert by_keywords(zoo, []) == []
    assert by_keywords(zoo, [""]) == []


def test_the_least_score_holds_for_every_word(zoo: Library) -> None:
    assert _names(by_keywords(zoo, ["animal", "dog"], min_score=0.7)) == ["terrier.jpg"]
    assert _names(by_keywords(zoo, ["dog"], min_score=0.95)) == ["terrier.jpg"]


def test_equal_scores_are_ranked_by_the_whole_path(library: Library) -> None:
    add_root(library, Path("/photos-2"))
    paths = [Path("/photos-2/a"), P / "b", P / "a" / "z", P / "a!"]
    record_outcomes(library, [made_photo(path, seed, [("dog", 0.5)]) for seed, path in enumerate(paths)])
    record_outcomes(library, [made_photo(P / "best", 9, [("dog", 0.6)])])
    expected = [P / "best", *sorted(paths, key=bytes)]
    assert [hit.path for hit in by_keywords(library, ["dog"])] == expected
    assert [hit.path for hit in by_keywords(library, ["dog"], limit=3)] == expected[:3]


def test_words_that_nearly_match_are_offered(zoo: Library) -> None:
    assert nearest_words(zoo, "anmial") == ["animal"]
    assert nearest_words(zoo, "terrier") == ["Border terrier"]
    assert nearest_words(zoo, "wolff") == []  # only a missing photo has it
    assert nearest_words(zoo, "") == []


def _with_faces(name: str, vectors: list[np.ndarray], model: str = "dlib-1", quality: float = 0.5) -> Indexed:
    photo = made_photo(P / name, 1, faces=len(vectors))
    faces = [
        replace(face, descriptor=Descriptor.of(model, vector), quality=quality)
        for face, vector in zip(photo.analysis.faces, vectors, strict=True)
    ]
    return replace(photo, analysis=replace(photo.analysis, faces=tuple(faces)))


def _at(*distances: float) -> list[np.ndarray]:
    """Return vectors at these distances from the origin."""
    return [np.eye(128)[number] * distance for number, distance in enumerate(distances)]


ORIGIN = Descriptor.of("dlib-1", np.zeros(128))


def test_faces_come_nearest_first_up_to_the_threshold(library: Library) -> None:
    record_outcomes(
        library, [_with_faces("two", _at(0.5, 0.7)), _with_faces("one", _at(0.25)), _with_faces("same", _at(0.0))]
    )
    found = similar_faces(library, ORIGIN, threshold=0.6)
    assert [(match.path.name, round(match.distance, 6)) for match in found] == [
        ("same", 0),
        ("one", 0.25),
        ("two", 0.5),
    ]
    assert found[2].box.left == 0
    assert len(similar_faces(library, ORIGIN, threshold=0.6, limit=2)) == 2
    assert similar_faces(library, ORIGIN, threshold=0.6, limit=2) == found[:2]


def test_descriptors_of_two_models_are_never_compared(library: Library) -> None:
    record_outcomes(library, [_with_faces("a", _at(0.1)), _with_faces("b", _at(0.1), model="dlib-2")])
    assert [match.path.name for match in similar_faces(library, ORIGIN)] == ["a"]
    assert [match.path.name for match in similar_faces(library, replace(ORIGIN, model="dlib-2"))] == ["b"]
    assert similar_faces(library, replace(ORIGIN, model="arcface")) == []
    assert similar_faces(library, Descriptor("dlib-1", bytes(2048))) == []


def test_faces_of_missing_failed_or_poor_pictures_are_not_shown(library: Library) -> None:
    record_outcomes(library, [_with_faces(name, _at(0.1)) for name in ("gone", "bad", "good")])
    record_outcomes(library, [_with_faces("blurred", _at(0.1), quality=0.1)])
    record_outcomes(library, [Removed(P / "gone"), Failed(PhotoFile(P / "bad", 1, 1), "decode", "no")])
    assert [match.path.name for match in similar_faces(library, ORIGIN)] == ["blurred", "good"]
    assert [match.path.name for match in similar_faces(library, ORIGIN, min_quality=0.2)] == ["good"]


def test_equally_distant_faces_are_ranked_by_path_before_the_list_is_cut(library: Library) -> None:
    record_outcomes(library, [_with_faces(name, _at(0.1, 0.1)) for name in ("c", "a", "b")])
    assert [match.path.name for match in similar_faces(library, ORIGIN, limit=3)] == ["a", "a", "b"]


def test_what_is_written_meanwhile_is_found(library: Library) -> None:
    """The matrix in memory follows additions, replacements, removals and new analyses by another process."""
    random = np.random.default_rng(0)
    with Library.open(library.path) as writer:
        for number in range(30):
            vectors = list(random.normal(0, 0.02, (random.integers(0, 3), 128)))
            record_outcomes(writer, [_with_faces(f"{random.integers(0, 8)}", vectors)])
            if number % 7 == 6:
                record_outcomes(writer, [Removed(path) for path in list(file_states(writer))[:2]])
                forget_missing(writer)
            with Library.open(library.path, read_only=True) as fresh:
                assert similar_faces(library, ORIGIN) == similar_faces(fresh, ORIGIN)
    assert similar_faces(library, ORIGIN)
