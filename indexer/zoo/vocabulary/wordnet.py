"""Generator of the word tables that `vision.tags.vocabulary` reads, from WordNet's nouns and everyday.toml.

`python -m indexer.zoo.vocabulary.wordnet /usr/share/wordnet` writes classes.tsv, words.tsv and objects.tsv anew
(WordNet 3.0, https://wordnet.princeton.edu; Debian: wordnet-base). Needed only after a change of the words.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indexer.resources import packaged


@dataclass(frozen=True, slots=True)
class Synset:
    """Words of one meaning, and the ids of the synsets directly above it."""

    lemmas: tuple[str, ...]
    above: tuple[str, ...]


def read_nouns(lines: Iterable[str]) -> dict[str, Synset]:
    """Read WordNet's data.noun (format: wndb(5)): id such as 'n02084071' → synset."""
    return dict(_synset(line) for line in lines if not line.startswith(" "))


def read_plurals(lines: Iterable[str]) -> dict[str, list[str]]:
    """Read WordNet's noun.exc: word → its irregular plurals."""
    plurals: dict[str, list[str]] = {}
    for plural, *singulars in map(str.split, lines):
        for word in singulars:
            plurals.setdefault(word.replace("_", " "), []).append(plural.replace("_", " "))
    return plurals


def _synset(line: str) -> tuple[str, Synset]:
    fields = line.partition(" | ")[0].split()
    end = 4 + 2 * int(fields[3], 16)
    lemmas = tuple(word.replace("_", " ") for word in fields[4:end:2])
    pointers = zip(fields[end + 1 :: 4], fields[end + 2 :: 4], strict=False)
    return f"n{fields[0]}", Synset(lemmas, tuple(f"n{target}" for kind, target in pointers if kind in ("@", "@i")))


@dataclass(slots=True)
class Words:
    """The classes (synset ids, in the order of the model's outputs) and their entries in everyday.toml."""

    nouns: Mapping[str, Synset]
    classes: tuple[str, ...]
    names: Mapping[str, str]
    words: Mapping[str, list[str]]
    also: Mapping[str, list[str]]
    omit: frozenset[str]
    plurals: Mapping[str, list[str]]
    objects: Mapping[str, list[str]] = field(default_factory=dict)
    _covered: dict[str, frozenset[int]] = field(default_factory=dict)

    def name(self, index: int) -> str:
        """Return the everyday name of a class."""
        synset = self.classes[index]
        return self.names.get(synset) or self.nouns[synset].lemmas[0]

    def covers(self, word: str) -> frozenset[int]:
        """Return the classes that a broader word stands for. Errors: ValueError for an entry that names nothing."""
        if word not in self._covered:
            self._covered[word] = frozenset()  # a word defined by itself ends here
            plus = [part for part in self.words[word] if not part.startswith("-")]
            minus = [part[1:] for part in self.words[word] if part.startswith("-")]
            self._covered[word] = self._union(plus) - self._union(minus)
        return self._covered[word]

    def _union(self, parts: Iterable[str]) -> frozenset[int]:
        return frozenset[int]().union(*map(self._part, parts))

    def _part(self, part: str) -> frozenset[int]:
        """Return the classes of a part: below a synset, else with that name, else with that word."""
        if part in self.nouns:
            found = frozenset(i for i, synset in enumerate(self.classes) if part in self._line(synset))
        else:
            found = frozenset(i for i in range(len(self.classes)) if self.name(i) == part)
        if not found and part in self.words:
            found = self.covers(part)
        if not found:
            raise ValueError(f"everyday.toml: {part!r} is no synset above a class, no class and no word")
        return found

    def _line(self, synset: str) -> set[str]:
        """Return a synset and all above it."""
        return {synset}.union(*map(self._line, self.nouns[synset].above))

    def class_rows(self) -> Iterator[tuple[str, ...]]:
        """Yield (synset id, name, synonyms, broader words from narrow to broad) of each class."""
        broader = sorted(self.words, key=lambda word: (len(self.covers(word)), word))
        for index, synset in enumerate(self.classes):
            name = self.name(index)
            above = [word for word in broader if index in self.covers(word) and word != name]
            yield synset, name, self._synonyms(name, synset), "; ".join(above)

    def word_rows(self) -> Iterator[tuple[str, ...]]:
        """Yield (word, synonyms) of each broader word."""
        for word, parts in sorted(self.words.items()):
            yield word, self._synonyms(word, parts[0] if parts else "")

    def object_rows(self) -> Iterator[tuple[str, ...]]:
        """Yield (name of an object, its word and broader ones). Errors: ValueError for a word that there is not."""
        known = {self.name(index) for index in range(len(self.classes))} | self.words.keys()
        for name, words in self.objects.items():
            if missing := set(words) - known:
                raise ValueError(f"everyday.toml: {min(missing)!r} of the object {name!r} is no class and no word")
            yield name, "; ".join(words)

    def _synonyms(self, word: str, synset: str) -> str:
        """Join WordNet's other words for a synset and those of everyday.toml."""
        lemmas = self.nouns[synset].lemmas if synset in self.nouns else ()
        found = [other for other in (*lemmas, *self.also.get(word, [])) if other not in self.omit]
        plurals = [plural for other in (word, *found) for plural in self.plurals.get(other, [])]
        return "; ".join(other for other in dict.fromkeys([*found, *plurals]) if other != word)


def write_tables(words: Words, folder: Path) -> None:
    """Write classes.tsv, words.tsv and objects.tsv."""
    _write(folder / "classes.tsv", ("wordnet id", "name", "synonyms", "broader words"), words.class_rows())
    _write(folder / "words.tsv", ("word", "synonyms"), words.word_rows())
    _write(folder / "objects.tsv", ("object", "words"), words.object_rows())


def _write(file: Path, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    lines = [
        "# Made by `python -m indexer.zoo.vocabulary.wordnet` from WordNet 3.0 (LICENSE.wordnet) and everyday.toml."
    ]
    lines += ["# " + "\t".join(head), *("\t".join(row) for row in rows)]
    file.write_text("\n".join(lines) + "\n", "utf-8")


def main(arguments: list[str]) -> None:
    """Write the tables anew: arguments are WordNet's folder and, perhaps, the folder of labels."""
    wordnet = Path(arguments[0])
    folder = Path(arguments[1]) if len(arguments) > 1 else packaged("models") / "labels"
    choices: dict[str, Any] = tomllib.loads((folder / "everyday.toml").read_text("utf-8"))
    words = Words(
        nouns=read_nouns((wordnet / "data.noun").read_text("utf-8").splitlines()),
        classes=tuple((folder / "imagenet-1k.txt").read_text("utf-8").split()),
        names=choices["names"],
        words=choices["words"],
        also=choices["also"],
        omit=frozenset(choices["omit"]["words"]),
        objects=choices["objects"],
        plurals=read_plurals((wordnet / "noun.exc").read_text("utf-8").splitlines()),
    )
    write_tables(words, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
