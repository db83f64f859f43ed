"""What networks once saw flows out of the library; the tags that today's vocabulary and rules make of it flow back."""

from __future__ import annotations

from indexer.library.store import Library
from indexer.photo import Analysis, Tag
from indexer.vision.vocabulary import Vocabulary


def retag(library: Library, vocabulary: Vocabulary) -> tuple[int, int]:
    """Make the tags of all photos anew, without running a network; return how many were seen and how many changed."""
    seen = changed = 0
    for analyses in library.analyses():
        changed += library.retag({path: tags_of(analysis, vocabulary) for path, analysis in analyses.items()})
        seen += len(analyses)
    return seen, changed


def tags_of(analysis: Analysis, vocabulary: Vocabulary) -> tuple[Tag, ...]:
    """Return the tags that a new analysis of the photo would give."""
    return vocabulary.tags(analysis.evidence[0], analysis.faces, analysis.look)
