"""The table of nouns: made from WordNet's own format, and the committed one as its sources say."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.resources import packaged
from indexer.zoo.vocabulary.nouns import main, nearest, read_senses, read_words, rows
from indexer.zoo.vocabulary.wordnet import Synset

LABELS = packaged("models") / "labels"
WORDNET = Path("/usr/share/wordnet")
NOUNS = {
    "n1": Synset(("animal",), ()),
    "n2": Synset(("canine",), ("n1",)),
    "n3": Synset(("dog",), ("n2",)),
    "n4": Synset(("puppy", "whelp", "Rex"), ("n3",)),
    "n5": Synset(("thing",), ()),
}


def test_a_noun_leads_up_and_else_down() -> None:
    assert nearest(NOUNS, {"n3": "dog"}) == {"n1": ("dog",), "n2": ("dog",), "n3": ("dog",), "n4": ("dog",)}
    assert nearest(NOUNS, {"n1": "animal", "n3": "dog"})["n2"] == ("animal",)


def test_the_most_usual_senses_count_and_names_are_left_out() -> None:
    senses = read_senses(
        ["  1 license", "puppy n 1 1 @ 1 0 4", "rex n 1 1 @ 1 0 4", "whelp n 2 1 @ 2 1 5 4", "dog n 1 1 @ 1 1 3"]
    )
    assert senses["whelp"] == ["n5", "n4"]
    usual = frozenset({"puppy", "whelp", "Rex", "dog"})
    assert list(rows(senses, {"n4": ("dog",)}, usual, frozenset({"dog"}))) == [("dog", "puppy; whelp")]


def test_words_are_read_from_the_tables() -> None:
    assert read_words(["# head", "n7\tpug\t\tdog"], {"dog": ["n3", "n4"], "odd": ["dog"]}) == {"n7": "pug", "n3": "dog"}


def test_the_committed_table_is_that_of_its_sources(tmp_path: Path) -> None:
    if not (WORDNET / "index.noun").is_file():
        pytest.skip("WordNet 3.0 (Debian: wordnet-base) is not installed")
    for name in ("everyday.toml", "classes.tsv", "words.tsv"):
        (tmp_path / name).write_bytes((LABELS / name).read_bytes())
    main([str(WORDNET), str(tmp_path)])
    assert (tmp_path / "nouns.txt").read_text("utf-8") == (LABELS / "nouns.txt").read_text("utf-8"), "is stale"
