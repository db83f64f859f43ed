"""Print docs/measurements/own-words.md: python tests/benchmarks/teach.py DATA [--models FOLDER] [--classifier NAME].

--detector: an object detector, 'none' for the embeddings alone.
DATA holds imagenet_samples/ (labels.csv) and tags_multilabel/ (labels.csv): every word that 14 or more pictures show is
taught from a few of them, compared with half of the other pictures as the library, and judged on the rest. As in a real
library, some that show it are among those it is compared with: a quarter of what is left of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from parts import Figure, opened, parser, pictures, print_lines, rows

from indexer.config.config import Config
from indexer.library.photo_rows.probe_inputs import ProbeInput, probe_vectors
from indexer.vision.classify import Classifier
from indexer.vision.linear_head import PREVALENCE, train
from indexer.vision.objects import ObjectDetector
from indexer.vision.spec import read_specs
from indexer.vision.tags.labels import class_names
from indexer.vision.tags.vocabulary import Vocabulary

LEAST, SEEDS = 14, 4
DETECTOR = next((name for name, spec in read_specs().items() if spec.role == "object-detector"), "none")


def main() -> None:
    """Teach every word several times and add up."""
    asked = parser(__doc__)
    asked.add_argument("--classifier", default=Config().classifier)
    asked.add_argument("--detector", default=DETECTOR)
    given = asked.parse_args()
    print_lines(told(given.data, given.models, given.classifier, given.detector))


def figures(data: Path, models: Path, every: int = 1) -> Iterator[Figure]:
    """Yield precision and recall of taught words as they are, beside what is told of them."""
    for row in told(data, models, Config().classifier, DETECTOR, every):
        about = {key: row[key] for key in ("set", "examples", "words", "refused")}
        for kind in ("precision", "recall"):
            yield {"figure": f"{kind} of taught words", "value": row[kind], "told": row[f"told_{kind}"], **about}


def told(data: Path, models: Path, classifier: str, detector: str, every: int = 1) -> Iterator[Figure]:
    """Yield what is told of words and what is true, by the set of pictures and the number of examples."""
    sets = {"samples": samples(data / "imagenet_samples", every), "everyday": everyday(data / "tags_multilabel", every)}
    for name, truth in sets.items():
        counts = Counter(word for words in truth.values() for word in words)
        shown = {
            word: np.array([word in words for words in truth.values()]) for word in counts if counts[word] >= LEAST
        }
        pooled = look(classifier, detector, models, list(truth)) if shown else np.empty((0, 0))
        for examples in (5, 10, 20, 50):
            trials = [
                one(pooled, there, examples, seed)
                for word, there in sorted(shown.items())
                for seed in range(SEEDS)
                if there.sum() >= examples + 8
            ]
            if trials:
                yield {"set": name, "examples": examples, "words": len(trials) // SEEDS, **added(trials)}


def one(pooled: np.ndarray, there: np.ndarray, examples: int, seed: int) -> dict[str, float]:
    """Teach a word from random examples; return what was told of it, and what is true."""
    random = np.random.default_rng(seed)
    yes, no = random.permutation(np.flatnonzero(there)), random.permutation(np.flatnonzero(~there))
    rest, half = yes[examples:], len(no) // 2
    library, test = np.r_[no[:half], rest[: len(rest) // 4]], np.r_[no[half:], rest[len(rest) // 4 :]]
    trial = train(pooled[yes[:examples]], pooled[library])
    weights = np.frombuffer(trial.weights, "<f4")
    hit, right = pooled[test] @ weights[:-1] + weights[-1] >= 0, there[test]
    return {
        "hopeless": trial.is_hopeless,
        "told_recall": trial.recall,
        "told_precision": trial.precision,
        "told_wrong": trial.wrong / trial.compared,
        "recall": hit[right].mean(),
        "wrong": hit[~right].mean(),
    }


def added(trials: list[dict[str, float]]) -> dict[str, float]:
    """Return the figures of the words that are accepted: what was told of them beside what is true."""
    kept = [trial for trial in trials if not trial["hopeless"]] or trials
    mean = {key: float(np.mean([trial[key] for trial in kept])) for key in kept[0] if key != "hopeless"}
    right, wrong = PREVALENCE * mean["recall"], (1 - PREVALENCE) * mean["wrong"]
    told = {**mean, "precision": right / (right + wrong), "refused": 1 - len(kept) / len(trials)}
    return {key: round(value, 4) for key, value in told.items()}


def samples(folder: Path, every: int) -> dict[Path, set[str]]:
    """Return the words of the picture's class, broader ones included."""
    words = Vocabulary.load().words
    return {folder / row["file"]: set(words[int(row["class_index"])]) for row in rows(folder / "labels.csv", every)}


def everyday(folder: Path, every: int) -> dict[Path, set[str]]:
    """Return everything that can be seen."""
    return {folder / row["file"]: set(row["labels"].split(";")) for row in rows(folder / "labels.csv", every)}


def look(classifier: str, detector: str, models: Path, files: list[Path]) -> np.ndarray:
    """Return what taught words judge of pictures, each of length 1."""
    specs = read_specs()
    judge = Classifier(opened(specs[classifier], models))
    finder = None if detector == "none" else ObjectDetector(opened(specs[detector], models))
    side = max(judge.long_side_px, finder.long_side_px if finder else 0)
    seen = [
        ProbeInput(
            judge.classify(picture)[1].astype("<f2").tobytes(),
            finder.detect(picture)[1].data if finder else b"",
        )
        for picture in pictures(files, side)
    ]
    classes = len(class_names(specs[detector], Vocabulary.load())) if finder else 0
    return probe_vectors(seen, classes)


if __name__ == "__main__":
    main()
