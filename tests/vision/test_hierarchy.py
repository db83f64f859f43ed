"""Broader words form one tree for programs that show keywords as one."""

from __future__ import annotations

from dataclasses import replace

from indexer.vision.tags.vocabulary import Vocabulary
from indexer.vision.tags.wordnet import paths


def test_every_word_has_one_path_and_every_word_in_it_has_the_path_up_to_it() -> None:
    vocabulary = Vocabulary.load()
    found = paths(vocabulary)
    assert {word for words in vocabulary.words for word in words} - vocabulary.rules.block <= found.keys()
    for word, path in found.items():
        assert path[-1] == word
        assert len(set(path)) == len(path)
        for depth, above in enumerate(path, 1):
            assert found[above] == path[:depth]


def test_a_dog_is_an_animal_and_a_hen_a_chicken() -> None:
    found = paths(Vocabulary.load())
    assert found["dog"][0] == "animal"
    assert found["hen"][-2:] == ("chicken", "hen")


def test_blocked_and_renamed_words_are_as_the_rules_say() -> None:
    vocabulary = Vocabulary.load()
    rules = replace(vocabulary.rules, block=frozenset({"animal"}), rename={"dog": "doggy"})
    found = paths(replace(vocabulary, rules=rules))
    assert "animal" not in found["goldfish"]
    assert "dog" not in found
    assert "doggy" in found["golden retriever"]
