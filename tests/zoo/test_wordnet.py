"""The tables of words: made from WordNet's own format, and the committed ones as their sources say."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.resources import packaged
from indexer.zoo.vocabulary.wordnet import Synset, Words, main, read_nouns, read_plurals

LABELS = packaged("models") / "labels"
WORDNET = Path("/usr/share/wordnet")
NOUNS = """\
  1 This software and database is being provided to you, the LICENSEE, by
00000001 03 n 01 animal 0 002 ~ 00000002 n 0000 ~ 00000003 n 0000 | a living thing
00000002 05 n 02 dog 0 Canis_familiaris 0 003 @ 00000001 n 0000 #m 00000009 n 0000 ~ 00000004 n 0000 | it barks | loud
00000003 05 n 02 crane 0 heron 1 001 @ 00000001 n 0000 | a bird
00000004 05 n 01 terrier 0 001 @ 00000002 n 0000 | a small dog
00000005 06 n 01 crane 1 000 | lifts heavy things
"""


def words(**entries: list[str]) -> Words:
    return Words(
        nouns=read_nouns(NOUNS.splitlines()),
        classes=("n00000003", "n00000004", "n00000005"),
        names={"n00000004": "Terrier"},
        words=entries,
        also={"dog": ["mutt"]},
        omit=frozenset({"heron"}),
        plurals=read_plurals(["mice mouse", "mutten mutt", "dogges dog"]),
    )


def test_nouns_are_read_with_what_is_above_them() -> None:
    nouns = read_nouns(NOUNS.splitlines())
    assert nouns["n00000002"] == Synset(("dog", "Canis familiaris"), ("n00000001",))
    assert nouns["n00000005"].above == ()


def test_a_word_covers_what_is_below_its_synset() -> None:
    made = words(animal=["n00000001"], dog=["n00000002"], bird=["animal", "-dog"])
    assert [made.covers(word) for word in made.words] == [{0, 1}, {1}, {0}]


def test_a_class_is_told_with_its_words_from_narrow_to_broad() -> None:
    made = words(animal=["n00000001"], dog=["n00000002"])
    assert list(made.class_rows()) == [
        ("n00000003", "crane", "", "animal"),
        ("n00000004", "Terrier", "terrier", "dog; animal"),
        ("n00000005", "crane", "", ""),
    ]


def test_a_word_has_the_synonyms_of_its_first_synset_and_irregular_plurals() -> None:
    [row] = words(dog=["n00000002"]).word_rows()
    assert row == ("dog", "Canis familiaris; mutt; dogges; mutten")


def test_an_entry_that_names_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="'unicorn' is no synset above a class, no class and no word"):
        words(dog=["unicorn"]).covers("dog")


def test_the_committed_tables_have_their_license_beside_them() -> None:
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in (LABELS / "LICENSE.wordnet").read_text("utf-8")


def test_the_committed_tables_are_those_of_their_sources(tmp_path: Path) -> None:
    if not (WORDNET / "data.noun").is_file():
        pytest.skip("WordNet 3.0 (Debian: wordnet-base) is not installed")
    for name in ("everyday.toml", "imagenet-1k.txt"):
        (tmp_path / name).write_bytes((LABELS / name).read_bytes())
    main([str(WORDNET), str(tmp_path)])
    for name in ("classes.tsv", "words.tsv"):
        assert (tmp_path / name).read_text("utf-8") == (LABELS / name).read_text("utf-8"), f"{name} is stale"
