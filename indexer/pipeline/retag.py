"""What networks once saw flows out of the library; the tags that today's vocabulary and rules make of it flow back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from indexer.library.indexing.outcomes import retag_photos, store_classes, stored_analyses
from indexer.library.store import Library
from indexer.photo import Analysis, Tag
from indexer.vision.model_set import SCENE
from indexer.vision.spec import ModelSpec
from indexer.vision.tags.candidates import ModelWords
from indexer.vision.tags.labels import class_names
from indexer.vision.tags.vocabulary import Vocabulary


def retag(
    library: Library, vocabulary: Vocabulary, classes: Mapping[str, ModelWords], scene: Sequence[str] = ()
) -> tuple[int, int]:
    """Make the tags of all photos anew, without running a network; return how many were seen and how many changed.

    classes: what the classes of each network mean; what they are called the library knows (`Library.classes`).
    scene: the networks in use, which alone give words to the photos that one of them has seen; none: all do.
    """
    in_use = {model: words for model, words in classes.items() if model in scene}
    seen = changed = 0
    for analyses in stored_analyses(library):
        tags = {path: _tags_now(analysis, vocabulary, in_use, classes) for path, analysis in analyses.items()}
        changed += retag_photos(library, tags)
        seen += len(analyses)
    return seen, changed


def _tags_now(
    analysis: Analysis, vocabulary: Vocabulary, in_use: Mapping[str, ModelWords], all_: Mapping[str, ModelWords]
) -> tuple[Tag, ...]:
    is_seen = any(each.model in in_use for each in analysis.evidence)
    return tags_of(analysis, vocabulary, in_use if is_seen else all_)


def learn_names(library: Library, specs: Iterable[ModelSpec], vocabulary: Vocabulary) -> None:
    """Let the library know what the classes of classifiers and object detectors are called."""
    for spec in specs:
        if spec.role in SCENE:
            store_classes(library, spec.id, class_names(spec, vocabulary))


def tags_of(analysis: Analysis, vocabulary: Vocabulary, classes: Mapping[str, ModelWords]) -> tuple[Tag, ...]:
    """Return the tags that a new analysis of the photo would give."""
    return vocabulary.tags(analysis.evidence, analysis.objects, analysis.faces, analysis.look, classes)
