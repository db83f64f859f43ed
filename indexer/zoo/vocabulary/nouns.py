"""Generator of nouns.txt: WordNet's nouns with the nearest known words in meaning.

`python -m indexer.zoo.vocabulary.nouns /usr/share/wordnet` writes models/labels/nouns.txt anew, after `python -m
indexer.zoo.vocabulary.wordnet`. A noun leads to the nearest broader word that the vocabulary has ('puppy' to 'dog'),
one that has none, to the nearest narrower ones ('canine' to 'dog', 'fox' and 'wolf').
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from indexer.resources import packaged
from indexer.zoo.vocabulary.wordnet import Synset, read_nouns

_UP = 5  # maximum steps to a broader word: farther ones mean little
_DOWN = 2  # steps to narrower words
_MOST = 3  # narrower words that are offered
_SENSES = 2  # meanings of a noun that are used, the most usual first
_PLAIN = re.compile(r"[a-z][a-z' -]{2,}")  # no proper nouns, no Latin, no abbreviations


def read_senses(lines: Iterable[str]) -> dict[str, list[str]]:
    """Read WordNet's index.noun (format: wndb(5)): noun → ids of its synsets, the most usual first."""
    senses = {}
    for line in lines:
        if not line.startswith(" "):
            fields = line.split()
            senses[fields[0].replace("_", " ")] = [f"n{offset}" for offset in fields[-int(fields[2]) :]]
    return senses


def read_words(classes: Iterable[str], choices: Mapping[str, list[str]]) -> dict[str, str]:
    """Return synset id → word of the vocabulary, from the rows of classes.tsv and the words of everyday.toml."""
    rows = [line.split("\t") for line in classes if not line.startswith("#")]
    words = {row[0]: row[1] for row in rows}
    return words | {part: word for word, parts in choices.items() for part in parts[:1] if re.fullmatch(r"n\d+", part)}


def nearest(nouns: Mapping[str, Synset], words: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return synset id → the nearest words of the vocabulary: one that is broader, else some that are narrower."""
    below: defaultdict[str, list[str]] = defaultdict(list)
    for synset, each in nouns.items():
        for above in each.above:
            below[above].append(synset)
    up = {synset: each.above for synset, each in nouns.items()}
    found = {}
    for synset in nouns:
        near = _nearest(synset, up, words, _UP)[:1] or _nearest(synset, below, words, _DOWN)
        if near:
            found[synset] = tuple(near)
    return found


def _nearest(start: str, steps: Mapping[str, Iterable[str]], words: Mapping[str, str], most: int) -> list[str]:
    """Walk level by level until a level has words of the vocabulary; return them in order."""
    level = [start]
    for _ in range(most + 1):
        here = sorted({words[synset] for synset in level if synset in words})
        if here:
            return here[:_MOST]
        level = sorted({after for synset in level for after in steps.get(synset, ())})
    return []


def rows(
    senses: Mapping[str, list[str]], near: Mapping[str, tuple[str, ...]], usual: frozenset[str], known: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Yield (words, nouns) by words, for the nouns that are no tags themselves.

    usual: nouns in their spelling: index.noun alone does not distinguish names, which have capitals.
    """
    nouns: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for noun, synsets in senses.items():
        if _PLAIN.fullmatch(noun) and noun in usual and noun not in known:
            words = next((near[synset] for synset in synsets[:_SENSES] if synset in near), None)
            if words:
                nouns[words].append(noun)
    for words, led in sorted(nouns.items()):
        yield "; ".join(words), "; ".join(sorted(led))


def main(arguments: list[str]) -> None:
    """Write the table anew: arguments are WordNet's folder and, perhaps, the folder of labels."""
    import tomllib

    wordnet = Path(arguments[0])
    folder = Path(arguments[1]) if len(arguments) > 1 else packaged("models") / "labels"
    choices = tomllib.loads((folder / "everyday.toml").read_text("utf-8"))
    classes = (folder / "classes.tsv").read_text("utf-8").splitlines()
    tables = [*classes, *(folder / "words.tsv").read_text("utf-8").splitlines()]
    known = {
        cell.lower() for line in tables if line[0] != "#" for part in line.split("\t") for cell in part.split("; ")
    }
    synsets = read_nouns((wordnet / "data.noun").read_text("utf-8").splitlines())
    senses = read_senses((wordnet / "index.noun").read_text("utf-8").splitlines())
    near = nearest(synsets, read_words(classes, choices["words"]))
    usual = frozenset(lemma for synset in synsets.values() for lemma in synset.lemmas)
    lines = [
        "# Made by `python -m indexer.zoo.vocabulary.nouns` from WordNet 3.0 (LICENSE.wordnet): nouns, nearest words.",
        "# words\tnouns",
        *("\t".join(row) for row in rows(senses, near, usual, frozenset(known))),
    ]
    (folder / "nouns.txt").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
