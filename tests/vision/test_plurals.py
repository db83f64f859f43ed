"""The names of several things read as English."""

from __future__ import annotations

import pytest

from indexer.vision.tags.plurals import counted, forms
from indexer.vision.tags.vocabulary import Vocabulary

WORDS = Vocabulary.load()


@pytest.mark.parametrize(
    ("number", "name", "text"),
    [
        (1, "dog", "1 dog"),
        (3, "dog", "3 dogs"),
        (2, "wine glass", "2 wine glasses"),
        (2, "bench", "2 benches"),
        (5, "person", "5 people"),
        (2, "computer mouse", "2 computer mice"),
        (4, "sheep", "4 sheep"),
        (2, "teddy bear", "2 teddy bears"),
        (2, "butterfly", "2 butterflies"),
        (2, "toy", "2 toys"),
    ],
)
def test_several_things_have_the_name_that_people_give_them(number: int, name: str, text: str) -> None:
    assert counted(number, name) == text


def test_the_plural_of_every_thing_that_is_counted_finds_it() -> None:
    for name, (word, *_) in (each for each in WORDS.objects.items() if each[0] != "person"):  # people are a word, too
        plural = counted(2, name).removeprefix("2 ")
        found = {WORDS.canonical(each) for each in forms(plural)} | {WORDS.canonical(plural)}
        assert WORDS.canonical(word) in found, plural
