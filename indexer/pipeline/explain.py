"""Tag explanations: why photos have their tags, from what the library stores of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from indexer.library.indexing.outcomes import stored_classes
from indexer.library.report import Details, details
from indexer.library.store import Library
from indexer.values.results import Hit
from indexer.vision.spec import read_specs
from indexer.vision.tags.candidates import ModelWords
from indexer.vision.tags.explain import TagReason, reasons
from indexer.vision.tags.labels import words_of_models
from indexer.vision.tags.vocabulary import Vocabulary


def explained_hits(
    library: Library, vocabulary: Vocabulary, own_models: Path, hits: Sequence[Hit]
) -> dict[int, list[TagReason]]:
    """Return why search results, by row id, have the tags that were searched for.

    own_models: where custom models are described.
    """
    classes = model_words(library, vocabulary, own_models)
    found = {hit: details(library, hit.number) for hit in hits}
    return {
        hit.number: reasons(vocabulary, known.analysis, tuple(why.tag for why in hit.why), classes)
        for hit, known in found.items()
        if known is not None and known.analysis is not None
    }


def explained(library: Library, vocabulary: Vocabulary, own_models: Path, known: Details) -> list[TagReason]:
    """Return why a photo has each of its tags. own_models: where custom models are described."""
    if known.analysis is None:
        return []
    wanted = tuple(tag.name for tag in known.analysis.tags)
    return reasons(vocabulary, known.analysis, wanted, model_words(library, vocabulary, own_models))


def model_words(library: Library, vocabulary: Vocabulary, own_models: Path) -> dict[str, ModelWords]:
    """Return the meanings of the classes of all models that the library has results of. own_models: as above."""
    return words_of_models(vocabulary, stored_classes(library), read_specs(own_models).values())
