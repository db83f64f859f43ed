"""Tag explanation: why a photo has each of its tags, from what the library stores of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from indexer.values.analysis import Analysis, Tag, model_name
from indexer.vision.tags.candidates import ModelWords, TagCandidate, tag_candidates
from indexer.vision.tags.vocabulary import Vocabulary, source

_MOST_CLASSES = 5


@dataclass(frozen=True, slots=True)
class TagReason:
    """The reason for a photo's tag.

    classes: the classes that were summed in the view that decided, or the objects, best first: (name, score 0..1),
    at most five.  others: how many more there were.  view: the part of the picture, None where no classifier decided.
    threshold: the minimum score of the tag, None where no rule applies.  renamed: the word before the rules.
    model: the id of the model that decided, None where none did.
    """

    tag: Tag
    classes: tuple[tuple[str, float], ...] = ()
    others: int = 0
    view: int | None = None
    threshold: float | None = None
    renamed: str | None = None
    model: str | None = None

    def __str__(self) -> str:
        parts = [f"{self.tag.name} {self.tag.score:.2f} ← "]
        if self.model is not None:
            joined = " + " if self.view is not None else ", "
            parts.append(joined.join(f"{name} {score:.2f}" for name, score in self.classes))
            parts.append(f" and {self.others} more" if self.others else "")
            parts.append(f" in view {self.view}" if self.view is not None else "")
            parts.append(f" ({model_name(self.model)})")
        else:
            parts.append(self.tag.source)
        if self.renamed is not None:
            parts.append(f"; the rules rename {self.renamed!r}")
        if self.threshold is not None:
            parts.append(f"; minimum score {self.threshold:g}")
        return "".join(parts)


def reasons(
    vocabulary: Vocabulary, analysis: Analysis, tags: tuple[str, ...], classes: Mapping[str, ModelWords]
) -> list[TagReason]:
    """Return why the photo has these of its tags, in the order of its tags.

    Tags of models are explained by their stored outputs, other tags (faces, colors, own) by their source.
    classes: model → the meanings of its classes.
    """
    wanted = [tag for tag in analysis.tags if tag.name in tags]
    made = list(tag_candidates(analysis.evidence, analysis.objects, classes))
    return [_given(vocabulary, analysis, tag, made, classes) or _told(vocabulary, tag) for tag in wanted]


def _told(vocabulary: Vocabulary, tag: Tag) -> TagReason:
    by_rule = not tag.source.startswith(("own", "taught"))
    least = vocabulary.rules.needed(tag.name, vocabulary.least(tag.name)) if by_rule else None
    return TagReason(tag, threshold=least)


def _given(
    vocabulary: Vocabulary, analysis: Analysis, tag: Tag, made: list[TagCandidate], classes: Mapping[str, ModelWords]
) -> TagReason | None:
    """Return the candidate that became the tag, None where none did."""
    default = analysis.evidence[0].model if analysis.evidence else ""
    rename = vocabulary.rules.rename
    mine = (claim for claim in made if rename.get(claim.word, claim.word) == tag.name)
    found = [
        claim
        for claim in mine
        if source(claim, classes[claim.model], default, vocabulary.needed(claim, classes)) == tag.source
    ]
    if not found:
        return None
    best = max(found, key=lambda claim: (claim.score, -(claim.view or 0)))
    given = [(classes[best.model].classes[-label], score) for score, label in sorted(best.given, reverse=True)]
    return TagReason(
        tag=tag,
        classes=tuple(given[:_MOST_CLASSES]),
        others=max(0, len(given) - _MOST_CLASSES),
        view=best.view,
        threshold=vocabulary.needed(best, classes),
        renamed=best.word if best.word != tag.name else None,
        model=best.model,
    )
