"""Retagging: the tags of all photos by the current vocabulary and rules, from stored model outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from indexer.library.indexing.outcomes import retag_photos, store_classes, stored_analyses
from indexer.library.store import Library
from indexer.values.analysis import Analysis, ModelIds, Tag
from indexer.vision.model_set import SCENE
from indexer.vision.spec import ModelSpec
from indexer.vision.tags.candidates import ModelWords
from indexer.vision.tags.labels import class_names
from indexer.vision.tags.vocabulary import Vocabulary


def retag(
    library: Library, vocabulary: Vocabulary, classes: Mapping[str, ModelWords], models: ModelIds | None = None
) -> tuple[int, int]:
    """Recompute the tags of all photos without running a model; return how many were read and how many changed.

    classes: the meanings of each model's classes; the library knows their names (`Library.classes`).
    models: those in use, which alone give words to the photos that one of them has analyzed, where they are not
    confined to other folders; None: all models do.
    """
    models = models or ModelIds(())
    seen = changed = 0
    for analyses in stored_analyses(library):
        tags = {}
        for path, analysis in analyses.items():
            confined = models.confined(path)
            in_use = {model: classes[model] for model in models.scene if model in classes and model not in confined}
            tags[path] = _tags_now(analysis, vocabulary, in_use, classes)
        changed += retag_photos(library, tags)
        seen += len(analyses)
    return seen, changed


def _tags_now(
    analysis: Analysis, vocabulary: Vocabulary, in_use: Mapping[str, ModelWords], all_: Mapping[str, ModelWords]
) -> tuple[Tag, ...]:
    is_seen = any(each.model in in_use for each in analysis.evidence)
    return tags_of(analysis, vocabulary, in_use if is_seen else all_)


def learn_names(library: Library, specs: Iterable[ModelSpec], vocabulary: Vocabulary) -> None:
    """Store the class names of classifiers and object detectors in the library."""
    for spec in specs:
        if spec.role in SCENE:
            store_classes(library, spec.id, class_names(spec, vocabulary))


def tags_of(analysis: Analysis, vocabulary: Vocabulary, classes: Mapping[str, ModelWords]) -> tuple[Tag, ...]:
    """Return the tags that a new analysis of the photo would give."""
    return vocabulary.tags(analysis.evidence, analysis.objects, analysis.faces, analysis.look, classes)
