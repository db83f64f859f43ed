"""The tables of models/labels flow in, and what the library keeps of a photo; the words to tag it with flow out.

No network, no NumPy: a search loads the words in a few milliseconds, and `retag` needs nothing but stored evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from indexer.errors import ModelError
from indexer.photo import Evidence, Face, Look, Tag
from indexer.resources import packaged
from indexer.vision.facts import facts
from indexer.vision.rules import Rules, read_rules


@dataclass(frozen=True)
class Vocabulary:
    """The words that photos are tagged with and found by.

    classes: the everyday name of each class of the classifier, in the order of its outputs.
    words: every word, with the broader words of each class: class index → words, its own name first.
    synonyms: other words, in lower case → word.
    """

    classes: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    synonyms: Mapping[str, str]
    rules: Rules

    @classmethod
    def load(cls, folder: Path | None = None, rules: Path | None = None) -> Vocabulary:
        """Read classes.tsv, words.tsv and rules.toml of a folder; None: those that ship with the program.

        rules: a rules file instead of the folder's own.

        Errors: ModelError where a table is missing or damaged, ConfigError for a rule that cannot be read.
        """
        folder = folder or packaged("models") / "labels"
        classes = _rows(folder / "classes.tsv", 4)
        broader = _rows(folder / "words.tsv", 2)
        applied = read_rules(rules or folder / "rules.toml")
        return cls(
            classes=tuple(name for _, name, _, _ in classes),
            words=tuple((name, *_split(above)) for _, name, _, above in classes),
            synonyms=_synonyms([*broader, *((name, others) for _, name, others, _ in classes)], applied),
            rules=applied,
        )

    @cached_property
    def known(self) -> frozenset[str]:
        """Every word that a tag can have before the rules; the rules rename some and block some."""
        return frozenset(self.synonyms.values()) | frozenset(word for words in self.words for word in words)

    @cached_property
    def _narrow(self) -> frozenset[str]:
        """The words that stand for a single class."""
        count = Counter(word for words in self.words for word in words)
        return frozenset(word for word, classes in count.items() if classes == 1)

    def is_narrow(self, word: str) -> bool:
        """Tell whether a word, before the rules, stands for a single class: it then has to be surer."""
        return word in self._narrow

    def canonical(self, word: str) -> str | None:
        """Return the tag that a word means: itself, a synonym or a plural in any case; None for an unknown word."""
        wanted = " ".join(word.lower().split())
        return next((self.synonyms[form] for form in forms(wanted) if form in self.synonyms), None)

    def tags(self, evidence: Evidence, faces: Sequence[Face], look: Look) -> tuple[Tag, ...]:
        """Return the tags of a photo, surest first: a pure function of what the library keeps of it.

        A word's score in one view is the sum over the classes below it (its marginal probability), its score in the
        photo that of the best view; its source is the class that gave most of it there. The rules decide what is shown.
        """
        best: dict[str, Tag] = {}
        for tag in (*self._seen(evidence), *facts(faces, look)):
            shown = self.rules.apply(tag, tag.name in self._narrow)
            if shown is not None and (shown.name not in best or shown.score > best[shown.name].score):
                best[shown.name] = shown
        return tuple(sorted(best.values(), key=lambda tag: (-tag.score, tag.name)))

    def _seen(self, evidence: Evidence) -> Iterator[Tag]:
        """Yield every word of every view that the classifier gave any probability."""
        sums: dict[tuple[int, str], float] = {}
        sources: dict[tuple[int, str], tuple[float, int]] = {}
        for view, label, score in evidence.entries():
            for word in self.words[label]:
                key = view, word
                sums[key] = sums.get(key, 0.0) + score
                sources[key] = max((score, -label), sources.get(key, (0.0, 0)))
        for (view, word), score in sums.items():
            yield Tag(word, min(score, 1.0), self.classes[-sources[view, word][1]])


def _rows(file: Path, columns: int) -> list[list[str]]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ModelError("labels", f"{file} cannot be read: {error}") from error
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    if not rows or any(len(row) != columns for row in rows):
        raise ModelError("labels", f"{file} is damaged; install the program again")
    return rows


def _split(cell: str) -> list[str]:
    return cell.split("; ") if cell else []


def _synonyms(rows: Iterable[Sequence[str]], rules: Rules) -> dict[str, str]:
    """Map every word, in lower case, to the tag it means; a word itself goes before a synonym, a broad word first."""
    rows = [(rules.rename.get(word, word), word, others) for word, others in rows]
    found = {tag.lower(): tag for tag, _, _ in reversed(rows)}
    for tag, word, others in rows:
        for other in (word, *_split(others)):
            found.setdefault(other.lower(), tag)
    return found


def forms(word: str) -> Iterator[str]:
    """Yield a word and what it may be the plural of; irregular plurals stand in the tables."""
    yield word
    for ending, singular in (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("s", "")):
        if word.endswith(ending):
            yield word.removesuffix(ending) + singular
