"""A vocabulary flows in; the path of broader words to each of its words flows out, for programs with keyword trees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from indexer.vision.tags.vocabulary import Vocabulary


def paths(vocabulary: Vocabulary) -> Mapping[str, tuple[str, ...]]:
    """Return tag → its broader words, broadest first, and itself.

    Words form no tree (a hen is a bird and a farm animal): each goes below the narrowest word that stands for all
    classes that it stands for itself, and more. Blocked words are left out, renamed ones bear their new names.
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
