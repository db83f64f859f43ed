"""WordNet neighbors: the hierarchical path of each tag, for programs with keyword trees, and tags near a noun."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from indexer.errors import ModelError
from indexer.resources import packaged
from indexer.vision.tags.plurals import forms
from indexer.vision.tags.vocabulary import Vocabulary


def paths(vocabulary: Vocabulary) -> Mapping[str, tuple[str, ...]]:
    """Return tag → its broader words, broadest first, and itself.

    Words form no tree (a hen is a bird and a farm animal): each goes below the narrowest word that stands for all
    classes that it stands for itself, and more. Blocked words are left out, renamed ones have their new names.
    """
    classes: defaultdict[str, set[int]] = defaultdict(set)
    for number, words in enumerate(vocabulary.words):
        for word in words:
            if word not in vocabulary.rules.block:
                classes[vocabulary.rules.rename.get(word, word)].add(number)
    parents = {word: _parent(word, classes, vocabulary) for word in classes}
    return {word: _path(word, parents) for word in classes}


def _parent(word: str, classes: Mapping[str, set[int]], vocabulary: Vocabulary) -> str | None:
    some = next(iter(classes[word]))
    rename = vocabulary.rules.rename
    near = {rename.get(each, each) for each in vocabulary.words[some]} & classes.keys()
    broader = [each for each in near if classes[each] > classes[word]]
    return min(broader, key=lambda each: (len(classes[each]), each), default=None)


def _path(word: str, parents: Mapping[str, str | None]) -> tuple[str, ...]:
    above = parents[word]
    return (word,) if above is None else (*_path(above, parents), word)


def nearest(vocabulary: Vocabulary, word: str, folder: Path | None = None) -> list[str]:
    """Return the tags nearest to a noun, broader or else narrower ones; none where it is a tag itself, or no noun.

    folder: with nouns.txt, the one that ships with the program if None. Source: WordNet 3.0.
    Errors: ModelError where the table is missing.
    """
    wanted = {form for form in forms(" ".join(word.lower().split())) if len(form) > 2}
    if vocabulary.canonical(word) is not None or not wanted:
        return []
    found = next((words for words, nouns in _rows(folder) if not wanted.isdisjoint(nouns.split("; "))), "")
    return [vocabulary.canonical(each) or each for each in found.split("; ") if each]


def _rows(folder: Path | None) -> Iterator[tuple[str, str]]:
    file = (folder or packaged("models") / "labels") / "nouns.txt"
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ModelError("labels", f"{file} cannot be read: {error}") from error
    for line in lines:
        if not line.startswith("#"):
            words, _, nouns = line.partition("\t")
            yield words, nouns
