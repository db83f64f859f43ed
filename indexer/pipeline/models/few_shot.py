"""Few-shot training data: the probe inputs of examples, stored ones where the library has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from indexer.errors import PhotoError
from indexer.intake.decode import NotAPhoto, open_original
from indexer.intake.discover import discover, stamp
from indexer.library.photo_rows.probe_inputs import ProbeInput, ProbeModels, probe_vectors
from indexer.library.photo_rows.user_layer import LinearProbe
from indexer.library.store import Library
from indexer.library.user.taught_words import known_inputs, sample
from indexer.vision.classify import Classifier
from indexer.vision.linear_head import LEAST_SCENES, CrossValidation, scenes_of, train
from indexer.vision.objects import ObjectDetector

SAMPLE = 1000  # photos of the library that examples are compared with
_COPY = 0.82  # cosine of embeddings too similar to learn one from the other
_SCENE = 0.9  # cosine of embeddings of photos that show one scene, as a burst does

Look = Callable[[Path], ProbeInput]
Report = Callable[[Path, str], None]


def probe_input(file: Path, classifier: Classifier, detector: ObjectDetector | None, max_pixels: int) -> ProbeInput:
    """Analyze a picture anywhere on the disk; return its numbers as the library stores them. Errors: PhotoError."""
    sides = [classifier.long_side_px, detector.long_side_px if detector else 0]
    with open_original(stamp(file), max_pixels) as original:
        picture = original.picture(max(sides))
    scores = detector.detect(picture)[1].data if detector else b""
    _, pooled = classifier.classify(picture)
    return ProbeInput(pooled.astype("<f2").tobytes(), scores)


def picture_embedding(file: Path, classifier: Classifier, max_pixels: int) -> bytes:
    """Analyze a picture anywhere on the disk; return its embedding as the library stores it. Errors: PhotoError."""
    return probe_input(file, classifier, None, max_pixels).embedding


def photos_below(folder: Path, on_error: Report) -> list[Path]:
    """Return the photos below a folder, in order. Errors: LibraryError for one that is missing or unreadable."""
    return sorted(file.path for file in discover([folder], on_error))


def gather(
    library: Library, by: ProbeModels, files: Iterable[Path], look: Look, on_error: Report
) -> dict[Path, ProbeInput]:
    """Return the inputs of photos, in order of their paths.

    look: analyzes a file that the library knows too little of.  on_error: receives files that cannot be read.
    """
    files = sorted(set(files))
    found = known_inputs(library, by, files)
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
    by: ProbeModels,
    classes: int,
    examples: Sequence[ProbeInput],
    counterexamples: Sequence[ProbeInput],
    but: Sequence[Path],
) -> tuple[LinearProbe, CrossValidation]:
    """Train a classifier from examples, counterexamples and a sample of the library, and cross-validate it.

    classes: of the object detector, 0 where there is none.  but: the paths of the examples.
    Errors: ValueError where the examples show too few scenes, or there is nothing to compare them with.
    """
    drawn = sample(library, by, SAMPLE, but)
    shown = probe_vectors(examples, 0)
    alike = (probe_vectors(drawn, 0) @ shown.T).max(axis=1) if drawn else ()
    others = [each for each, cosine in zip(drawn, alike, strict=True) if cosine < _COPY]  # no copies of examples
    scenes = scenes_of(shown, _SCENE)
    if (found := int(scenes.max()) + 1) < LEAST_SCENES:
        raise ValueError(f"the photos are so similar that they show {found} of {LEAST_SCENES} scenes")
    if len(counterexamples) + len(others) < len(examples):
        raise ValueError("there are fewer other photos than examples")
    trial = train(
        probe_vectors(examples, classes),
        probe_vectors([*counterexamples, *others], classes),
        len(counterexamples),
        scenes,
    )
    return LinearProbe(name, by.id, trial.weights), trial
