"""The words: every class reaches one that people search for, and what they type finds it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import ModelError
from indexer.photo import Evidence, Look, Tag
from indexer.resources import packaged
from indexer.vision.rules import Rules
from indexer.vision.vocabulary import Vocabulary

WORDS = Vocabulary.load()
HALF = replace(WORDS, rules=Rules(0.5, 0.5, {}, {}, frozenset()))
PLAIN = Look(0.5, 0.3, 0.2, 0.0)
NAMES = {name: index for index, name in enumerate(WORDS.classes)}


def seen(*views: dict[str, float]) -> Evidence:
    """Evidence of a network that gave these classes these scores, view by view."""
    scores = np.zeros((len(views), 1000), np.float32)
    for view, given_scores in enumerate(views):
        for name, score in given_scores.items():
            scores[view, NAMES[name]] = score
    return Evidence.of("lite-00000000", scores, 0.001)


def tags(*views: dict[str, float]) -> dict[str, Tag]:
    return {tag.name: tag for tag in HALF.tags(seen(*views), (), PLAIN)}


def test_every_class_has_a_name() -> None:
    assert len(WORDS.classes) == len(WORDS.words) == 1000
    assert all(name and words[0] == name for name, words in zip(WORDS.classes, WORDS.words, strict=True))


def test_every_class_reaches_a_word_that_can_be_searched() -> None:
    for words in WORDS.words:
        assert any(WORDS.canonical(word) in words for word in words), words


def test_every_word_finds_itself() -> None:
    shown = {WORDS.rules.rename.get(word, word) for word in WORDS.known}
    assert {word for word in shown if WORDS.canonical(word) != word} == set()


@pytest.mark.parametrize(
    "word", ["entity", "whole", "instrumentality", "artifact", "conveyance", "vertebrate", "chordate"]
)
def test_a_word_that_nobody_searches_for_is_not_there(word: str) -> None:
    assert word not in WORDS.known


@pytest.mark.parametrize(
    ("name", "broader"),
    [
        ("Border terrier", {"terrier", "dog", "mammal", "animal", "pet"}),
        ("tabby cat", {"cat", "pet", "mammal", "animal"}),
        ("minivan", {"car", "van", "vehicle"}),
        ("Granny Smith apple", {"apple", "fruit", "food"}),
        ("espresso", {"coffee", "cup", "drink"}),
        ("daisy", {"flower", "plant"}),
        ("seashore", {"beach", "coast", "sea", "water", "landscape"}),
        ("acoustic guitar", {"guitar", "stringed instrument", "musical instrument"}),
        ("washing machine", {"appliance"}),
        ("church", {"place of worship", "building"}),
    ],
)
def test_a_class_has_the_words_above_it(name: str, broader: set[str]) -> None:
    assert broader <= set(WORDS.words[NAMES[name]])


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("tiger", "cat"),  # below 'big cat' only
        ("catamaran", "cat"),
        ("hay", "food"),
        ("espresso", "food"),
        ("website", "computer"),
        ("hot dog", "dog"),
        ("slide rule", "computer"),
    ],
)
def test_a_class_has_no_word_that_does_not_fit(name: str, wrong: str) -> None:
    assert wrong not in WORDS.words[NAMES[name]]


def test_two_things_of_one_name_do_not_mix_what_is_above_them() -> None:
    bird, machine = (words for words in WORDS.words if words[0] == "crane")
    assert "bird" in bird
    assert "bird" not in machine


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("dog", "dog"),
        ("Dogs", "dog"),
        ("DOMESTIC  DOG", "dog"),
        ("puppies", "dog"),
        ("automobile", "car"),
        ("border terriers", "Border terrier"),
        ("geese", "goose"),
        ("churches", "church"),
        ("strawberries", "strawberry"),
        ("knives", "knife"),
        ("wolves", "wolf"),
        ("TV", "television"),
        ("couch", "sofa"),
        ("fridge", "refrigerator"),
        ("women", "person"),
        ("people", "people"),
        ("B&W", "black and white"),
        ("glasses", "glass"),
        ("Canis familiaris", "dog"),
        ("cat", "cat"),  # WordNet calls a big cat so, too
        ("", None),
        ("s", None),
        ("do", None),
        ("zzz", None),
    ],
)
def test_what_people_type_is_understood(typed: str, found: str | None) -> None:
    assert WORDS.canonical(typed) == found


@given(st.text(max_size=30))
def test_any_text_is_a_known_word_or_none(text: str) -> None:
    found = WORDS.canonical(text)
    assert found is None or WORDS.canonical(found) == found


def test_a_word_has_the_sum_of_its_classes() -> None:
    found = tags({"Border terrier": 0.4, "beagle": 0.35, "tabby cat": 0.05})
    assert "Border terrier" not in found
    assert found["dog"].score == pytest.approx(0.75, abs=1e-4)
    assert found["dog"].source == "Border terrier"
    assert found["animal"].score == pytest.approx(0.8, abs=1e-4)


def test_the_best_view_counts_and_views_are_not_added_up() -> None:
    found = tags({"beagle": 0.4}, {"beagle": 0.1, "tabby cat": 0.85})
    assert "dog" not in found
    assert found["cat"].source == found["animal"].source == "tabby cat"
    assert found["animal"].score == pytest.approx(0.95, abs=1e-4)


def test_the_surest_tag_comes_first() -> None:
    scores = [tag.score for tag in WORDS.tags(seen({"beagle": 0.5, "tabby cat": 0.3}), (), PLAIN)]
    assert scores == sorted(scores, reverse=True)


def test_a_word_that_stands_for_one_class_needs_its_own_threshold() -> None:
    careful = replace(WORDS, rules=Rules(0.25, 0.5, {}, {}, frozenset()))
    found = {tag.name for tag in careful.tags(seen({"banana": 0.4, "trombone": 0.6}), (), PLAIN)}
    assert {"fruit", "food", "trombone", "musical instrument"} <= found
    assert "banana" not in found


def test_no_evidence_gives_no_tags() -> None:
    assert WORDS.tags(Evidence("lite-00000000", b""), (), PLAIN) == ()


@given(st.dictionaries(st.sampled_from(WORDS.classes), st.floats(0.0, 1.0), max_size=12))
def test_scores_stay_between_0_and_1(scores: dict[str, float]) -> None:
    total = sum(scores.values()) or 1.0
    for tag in WORDS.tags(seen({name: score / total for name, score in scores.items()}), (), PLAIN):
        assert 0 < tag.score <= 1


def test_a_broader_word_is_never_less_sure() -> None:
    everything = replace(WORDS, rules=Rules(0.0, 0.0, {}, {}, frozenset()))
    evidence = seen({"beagle": 0.3, "goldfish": 0.3, "pizza": 0.4})
    found = {tag.name: tag.score for tag in everything.tags(evidence, (), PLAIN)}
    assert found["beagle"] <= found["hound"] <= found["dog"] <= found["mammal"] <= found["animal"]


def test_search_words_load_without_numpy() -> None:
    script = (
        "import sys; from indexer.vision.vocabulary import Vocabulary; Vocabulary.load(); print('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"False\n"


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    for file in (packaged("models") / "labels").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "words.tsv").write_text("dog\tdoggy\tone too many\n")
    with pytest.raises(ModelError, match=r"words\.tsv is damaged"):
        Vocabulary.load(tmp_path)
    (tmp_path / "words.tsv").unlink()
    with pytest.raises(ModelError, match=r"words\.tsv cannot be read"):
        Vocabulary.load(tmp_path)
