"""Print the figures of docs/own-words.md: python tests/benchmarks/teach.py DATA [--models FOLDER] [--classifier NAME].

DATA holds imagenet_samples/ (labels.csv) and tags_multilabel/ (labels.csv): every word that 14 or more pictures show is
taught from a few of them, compared with half of the other pictures as the library, and judged on the rest. As in a real
library, some that show it are among those it is compared with: a quarter of what is left of them.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np

from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.library.pooled import units
from indexer.vision.classify import Classifier
from indexer.vision.head import PREVALENCE, train
from indexer.vision.runtime import open_model
from indexer.vision.spec import read_specs
from indexer.vision.vocabulary import Vocabulary
from indexer.zoo.build import build

LEAST, SEEDS = 14, 4


def main() -> None:
    """Teach every word several times and add up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--classifier", default="efficientnet-lite0")
    given = parser.parse_args()
    sets = {"samples": samples(given.data / "imagenet_samples"), "everyday": everyday(given.data / "tags_multilabel")}
    for name, truth in sets.items():
        pooled = look(given, list(truth))
        counts = Counter(word for words in truth.values() for word in words)
        shown = {
            word: np.array([word in words for words in truth.values()]) for word in counts if counts[word] >= LEAST
        }
        for examples in (5, 10, 20, 50):
            trials = [
                one(pooled, there, examples, seed)
                for word, there in sorted(shown.items())
                for seed in range(SEEDS)
                if there.sum() >= examples + 8
            ]
            if trials:
                print(
                    json.dumps({"set": name, "examples": examples, "words": len(trials) // SEEDS, **added(trials)}),
                    flush=True,
                )


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


def samples(folder: Path) -> dict[Path, set[str]]:
    """Return the words of the picture's class, broader ones included."""
    words = Vocabulary.load().words
    rows = csv.DictReader((folder / "labels.csv").open(encoding="utf-8"))
    return {folder / row["file"]: set(words[int(row["class_index"])]) for row in rows}


def everyday(folder: Path) -> dict[Path, set[str]]:
    """Return everything that can be seen."""
    rows = csv.DictReader((folder / "labels.csv").open(encoding="utf-8"))
    return {folder / row["file"]: set(row["labels"].split(";")) for row in rows}


def look(given: argparse.Namespace, files: list[Path]) -> np.ndarray:
    spec = read_specs()[given.classifier]
    build(spec, given.models)
    classifier, seen = Classifier(open_model(spec, given.models, "litert", threads=2)), []
    for file in files:
        with open_original(stamp(file), 200_000_000) as original:
            seen.append(classifier.classify(original.picture(classifier.long_side_px))[1].astype("<f2").tobytes())
    return units(seen)


if __name__ == "__main__":
    main()
