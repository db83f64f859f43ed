"""Less sure matches: which outputs of which models stand for a word, in a library."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.library.store import Library
from indexer.pipeline.explain import model_words
from indexer.values.outputs import ModelOutputs
from indexer.vision.tags.outputs import outputs
from indexer.vision.tags.vocabulary import Vocabulary

if TYPE_CHECKING:
    from indexer.library.query.evidence import OutputsOf


def outputs_of(library: Library, vocabulary: Vocabulary, own_models: Path) -> OutputsOf:
    """Return the function that says which outputs stand for a word. own_models: where custom models are described.

    The library is read when it is first called.
    """
    classes = cache(lambda: model_words(library, vocabulary, own_models))

    def found(word: str) -> tuple[ModelOutputs, ...]:
        return outputs(vocabulary, word, classes())

    return found
