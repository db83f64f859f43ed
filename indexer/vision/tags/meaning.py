"""A word that the vocabulary does not know flows in; the words of it that are nearest in meaning flow out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from indexer.errors import ModelError
from indexer.resources import packaged
from indexer.vision.tags.vocabulary import Vocabulary, forms


def nearest(vocabulary: Vocabulary, word: str, folder: Path | None = None) -> list[str]:
    """Return the tags nearest to a noun, broader or else narrower ones; none where it is known itself, or no noun.

    folder: with nouns.txt, the one that ships with the program if None. Source: WordNet 3.0.
    Errors: ModelError where the table is missing.
    """
    wanted = {form for form in forms(" ".join(word.lower().split())) if len(form) > 2}
    if vocabulary.canonical(word) is not None or not wanted:
        return []
    found = next((words for words, nouns in _rows(folder) if not wanted.isdisjoint(nouns.split("; "))), "")
    return [vocabulary.canonical(each) or each for each in found.split("; ") if each]


def _rows(folder: Path | None) -> Iterator[tuple[str, str]]:
    file = (folder or packaged("models") / "labels") / "nouns.txt"
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ModelError("labels", f"{file} cannot be read: {error}") from error
    for line in lines:
        if not line.startswith("#"):
            words, _, nouns = line.partition("\t")
            yield words, nouns
