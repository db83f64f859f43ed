"""Few-shot training data: the embeddings of a folder of examples, stored ones where the library has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from indexer.errors import PhotoError
from indexer.intake.decode import NotAPhoto, open_original
from indexer.intake.discover import discover, stamp
from indexer.library.db.embeddings import by_path, normalized
from indexer.library.photo_rows.user_layer import LinearProbe
from indexer.library.store import Library
from indexer.library.user.taught_words import sample
from indexer.vision.classify import Classifier
from indexer.vision.linear_head import CrossValidation, train

SAMPLE = 1000  # photos of the library that examples are compared with
_COPY = 0.82  # cosine of vectors too similar to learn one from the other

Look = Callable[[Path], bytes]
Report = Callable[[Path, str], None]


def picture_embedding(file: Path, classifier: Classifier, max_pixels: int) -> bytes:
    """Analyze a picture anywhere on the disk; return its embedding as the library stores it. Errors: PhotoError."""
    with open_original(stamp(file), max_pixels) as original:
        _, pooled = classifier.classify(original.picture(classifier.long_side_px))
        return pooled.astype("<f2").tobytes()


def gather(library: Library, model: str, folder: Path, look: Look, on_error: Report) -> dict[Path, bytes]:
    """Return the embedding of every photo below a folder, in order of their paths.

    look: analyzes a file that the library has no vector of.  on_error: receives files that cannot be read.
    Errors: LibraryError for a folder that is missing or unreadable.
    """
    files = sorted(file.path for file in discover([folder], on_error))
    with library.reading() as connection:
        found = by_path(connection, model, files)
    for file in files:
        if file not in found:
            try:
                found[file] = look(file)
            except NotAPhoto:
                continue
            except PhotoError as error:
                on_error(file, error.reason)
    return dict(sorted(found.items()))


def try_out(
    library: Library,
    name: str,
    model: str,
    examples: Sequence[bytes],
    counterexamples: Sequence[bytes],
    but: Sequence[Path],
) -> tuple[LinearProbe, CrossValidation]:
    """Train a classifier from examples, counterexamples and a sample of the library, and cross-validate it.

    but: the paths of the examples.  Errors: ValueError where there is nothing to compare the examples with.
    """
    import numpy as np

    wanted = normalized(examples)
    none = np.empty((0, wanted.shape[1]), np.float32)
    drawn = sample(library, model, SAMPLE, but)
    others = normalized(drawn) if drawn else none
    others = others[(others @ wanted.T).max(axis=1) < _COPY]  # no copies of examples
    known = normalized(counterexamples) if counterexamples else none
    compared = np.concatenate([known, others])
    if len(compared) < len(examples):
        raise ValueError("there are fewer other photos than examples")
    trial = train(wanted, compared, len(known))
    return LinearProbe(name, model, trial.weights), trial
