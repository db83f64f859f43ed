"""What the library keeps of a photo flows in; why it has each of its tags flows out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from indexer.photo import Analysis, Evidence, Tag
from indexer.vision.vocabulary import Vocabulary

_MOST_CLASSES = 5


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a photo has a tag.

    classes: the classes that were summed in the view that decided, surest first: (name, score 0..1), at most five.
    others: how many more there were.  view: which part of the picture, None where no network decided.
    threshold: the score from which the tag is shown, None where no rule is asked.  renamed: the word before the rules.
    """

    tag: Tag
    classes: tuple[tuple[str, float], ...] = ()
    others: int = 0
    view: int | None = None
    threshold: float | None = None
    renamed: str | None = None

    def __str__(self) -> str:
        parts = [f"{self.tag.name} {self.tag.score:.2f} ← "]
        if self.classes:
            parts.append(" + ".join(f"{name} {score:.2f}" for name, score in self.classes))
            parts.append(f" and {self.others} more" if self.others else "")
            parts.append(f" in view {self.view}")
        else:
            parts.append(self.tag.source)
        if self.renamed is not None:
            parts.append(f"; the rules rename {self.renamed!r}")
        if self.threshold is not None:
            parts.append(f"; shown from {self.threshold:g} on")
        return "".join(parts)


def reasons(vocabulary: Vocabulary, analysis: Analysis, tags: tuple[str, ...]) -> list[Reason]:
    """Return why the photo has these of its tags, in the order of its tags.

    What networks gave is explained by the evidence that they left, other tags (faces, colors, own) by their source.
    """
    wanted = [tag for tag in analysis.tags if tag.name in tags]
    return [_seen(vocabulary, analysis.evidence, tag) or _told(vocabulary, tag) for tag in wanted]


def _told(vocabulary: Vocabulary, tag: Tag) -> Reason:
    by_rule = not tag.source.startswith(("own", "taught"))
    return Reason(tag, threshold=_threshold(vocabulary, tag.name, tag.name) if by_rule else None)


def _seen(vocabulary: Vocabulary, evidence: tuple[Evidence, ...], tag: Tag) -> Reason | None:
    """Return the view and word that made the tag, None where none did."""
    if tag.source not in vocabulary.classes:
        return None
    found = [
        (sum(score for _, score in given), -view, word, given)
        for each in evidence
        for (view, word), given in _given(vocabulary, each, tag.name).items()
    ]
    if not found:
        return None
    _, view, word, given = max(found)
    given.sort(key=lambda each: (-each[1], each[0]))
    return Reason(
        tag=tag,
        classes=tuple(given[:_MOST_CLASSES]),
        others=max(0, len(given) - _MOST_CLASSES),
        view=-view,
        threshold=_threshold(vocabulary, word, tag.name),
        renamed=word if word != tag.name else None,
    )


def _given(vocabulary: Vocabulary, evidence: Evidence, name: str) -> dict[tuple[int, str], list[tuple[str, float]]]:
    """Return, for each view and each word that becomes this tag, what the classes below it gave."""
    given: dict[tuple[int, str], list[tuple[str, float]]] = {}
    for view, label, score in evidence.entries():
        for word in _words(vocabulary, label, name):
            given.setdefault((view, word), []).append((vocabulary.classes[label], score))
    return given


def _words(vocabulary: Vocabulary, label: int, name: str) -> Iterator[str]:
    rename = vocabulary.rules.rename
    return (word for word in vocabulary.words[label] if rename.get(word, word) == name)


def _threshold(vocabulary: Vocabulary, word: str, name: str) -> float:
    rules = vocabulary.rules
    return rules.thresholds.get(name, rules.narrow_threshold if vocabulary.is_narrow(word) else rules.threshold)
