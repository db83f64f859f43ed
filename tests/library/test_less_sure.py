"""Less sure matches: photos in which models gave a word some score, but less than a tag needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from made_photos import made_photo

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.query.evidence import less_sure, with_evidence
from indexer.library.query.parser import parse, printed
from indexer.library.search.search import by_query, count_hits
from indexer.library.store import Library
from indexer.library.user.own_tags import remove_tag
from indexer.values.analysis import Evidence, Tag
from indexer.values.outcomes import Indexed
from indexer.values.outputs import Doubt, ModelOutputs

EYE, FINDER = "classifier-11111111", "finder-22222222"
DOG, WOLF, CAT, STRANGE = range(4)
CLASSES = {"dog": [DOG], "cat": [CAT], "animal": [DOG, WOLF, CAT]}
SURE, FAINT, FAINTER, NONE = (Path(f"/photos/{name}.jpg") for name in ("sure", "faint", "fainter", "none"))


def outputs_of(word: str) -> tuple[ModelOutputs, ...]:
    """Both models know dogs and cats; what is a wolf for the classifier is no dog."""
    classes = frozenset(CLASSES.get(word, ()))
    if not classes:
        return ()
    doubt = Doubt(EYE, classes, frozenset(CLASSES["animal"]), True, 0.5, 0.1)
    objects = ModelOutputs(FINDER, classes, 0.5, False, of_objects=True, doubts=(doubt,) if word != "animal" else ())
    return ModelOutputs(EYE, classes, 0.6), objects


def evidence(model: str, scores: Mapping[int, float]) -> Evidence:
    given = np.zeros((1, 4), np.float32)
    given[0, list(scores)] = list(scores.values())
    return Evidence.of(model, given, 0.001)


def photo(path: Path, classes: Mapping[int, float], objects: Mapping[int, float], **tags: float) -> Indexed:
    made = made_photo(path, len(path.name), tags.items())
    seen = replace(
        made.analysis,
        evidence=(evidence(EYE, classes),),
        objects=(),
        object_scores=(evidence(FINDER, objects),),
        models=(EYE, FINDER),
    )
    return replace(made, analysis=seen)


@pytest.fixture
def kennel(library: Library) -> Library:
    record_outcomes(
        library,
        [
            photo(SURE, {DOG: 0.9}, {DOG: 0.9}, dog=0.9, animal=0.9),
            photo(FAINT, {DOG: 0.2}, {DOG: 0.4}),
            photo(FAINTER, {DOG: 0.3, CAT: 0.1}, {}),
            photo(NONE, {STRANGE: 0.9}, {}),
        ],
    )
    return library


@pytest.fixture
def found(kennel: Library) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        query = with_evidence(parse(text, today=date(2026, 1, 1)), outputs_of)
        hits = by_query(kennel, query)
        assert count_hits(kennel, query) == len(hits)
        return [hit.path.stem for hit in hits]

    return names


def test_a_low_minimum_finds_what_models_gave_some_score_behind_what_is_sure(found: Callable[[str], list[str]]) -> None:
    assert found("dog") == ["sure"]
    assert found("dog score:0+") == ["sure", "faint", "fainter"]
    assert found("cat score:0+") == ["fainter"]


def test_a_less_sure_match_says_so(kennel: Library) -> None:
    query = with_evidence(parse("dog score:0+", today=date(2026, 1, 1)), outputs_of)
    whys = {hit.path: hit.why[0] for hit in by_query(kennel, query)}
    assert {path: why.is_sure for path, why in whys.items()} == {SURE: True, FAINT: False, FAINTER: False}
    assert all(why.tag == "dog" and why.score < 0.5 for path, why in whys.items() if path != SURE)


def test_a_high_minimum_asks_only_for_tags(found: Callable[[str], list[str]]) -> None:
    assert found("dog score:0.6+") == ["sure"]


def test_words_join_as_they_do_among_tags(found: Callable[[str], list[str]]) -> None:
    assert found("dog cat score:0+") == ["fainter"]
    assert found("(dog | cat) score:0+") == ["sure", "faint", "fainter"]


def test_what_is_left_out_needs_to_be_sure(found: Callable[[str], list[str]]) -> None:
    assert set(found("-dog score:0+")) == {"faint", "fainter", "none"}


def test_where_models_differ_both_weigh(found: Callable[[str], list[str]], kennel: Library) -> None:
    record_outcomes(kennel, [photo(NONE, {STRANGE: 0.9}, {DOG: 0.4})])  # of faint, half as much by the classifier
    assert found("dog score:0+") == ["sure", "faint", "none", "fainter"]


def test_an_animal_that_a_classifier_calls_otherwise_is_no_less_sure_match(
    found: Callable[[str], list[str]], kennel: Library
) -> None:
    record_outcomes(kennel, [photo(NONE, {WOLF: 0.9}, {DOG: 0.45})])
    assert "none" not in found("dog score:0+")
    assert "none" in found("animal score:0+")


def test_a_word_that_the_user_removed_stays_removed(found: Callable[[str], list[str]], kennel: Library) -> None:
    remove_tag(kennel, "dog", [SURE])
    assert found("dog score:0+") == ["faint", "fainter"]


def test_a_model_that_is_named_speaks_alone(found: Callable[[str], list[str]], kennel: Library) -> None:
    def told(path: Path, classes: Mapping[int, float], objects: Mapping[int, float]) -> Indexed:
        made = photo(path, classes, objects)
        return replace(made, analysis=replace(made.analysis, tags=(Tag("plant", 0.9, "a", (EYE, FINDER)),)))

    record_outcomes(kennel, [told(FAINTER, {DOG: 0.3}, {}), told(FAINT, {}, {DOG: 0.4})])
    assert found("dog score:0+ model:classifier") == ["fainter"]
    assert found("dog score:0+ model:finder") == ["faint"]


@pytest.mark.parametrize("text", ["-dog", "rating:3+", "strange", "dog score:0.2+", "dog>=2"])
def test_nothing_is_offered_where_no_output_of_a_model_is_asked(text: str) -> None:
    assert less_sure(parse(text, today=date(2026, 1, 1)), outputs_of) is None


@pytest.mark.parametrize(
    ("text", "wider"),
    [("dog", "dog score:0.."), ("dog -cat", "dog -cat score:0.."), ("dog | cat", "(dog | cat) score:0..")],
)
def test_the_search_for_less_sure_matches_can_be_typed(text: str, wider: str) -> None:
    query = less_sure(parse(text, today=date(2026, 1, 1)), outputs_of)
    assert query is not None
    assert printed(query) == wider
