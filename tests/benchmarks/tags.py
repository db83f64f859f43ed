"""Print the figures of docs/measurements/tags.md: python tests/benchmarks/tags.py DATA [what] [--models FOLDER] …

DATA is a folder of labelled pictures: tags_multilabel/ (labels.csv, label_to_imagenet.json) and imagenet_samples/
(labels.csv). Every figure comes from the code that a scan runs; a variant is the shipped spec with other numbers.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from everyday import Everyday, Shown, above, at_precision, covered, measure
from parts import Figure, face_eyes, opened, parser, pictures, rows
from searched import Seen, coco_figures, sample_figures

from indexer.config.config import Config
from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.intake.pixel_stats import look
from indexer.values.analysis import Evidence, Tag
from indexer.values.files import Picture, PixelStats
from indexer.vision.classify import Classifier
from indexer.vision.faces.reader import FaceReader
from indexer.vision.objects import ObjectDetector
from indexer.vision.runtime import Model
from indexer.vision.spec import ModelSpec, read_specs
from indexer.vision.tags.labels import words_of_models
from indexer.vision.tags.rules import TagRules
from indexer.vision.tags.vocabulary import Vocabulary

WORDS = """
airplane apple aircraft ball bear bicycle bird boat book bottle bread bridge building bus butterfly camera car cat table
clock clothing computer cup dog drink fish flower food fox fruit furniture guitar hat insect keyboard lizard monkey
mountain mushroom musical_instrument shoe snake spider telephone train truck turtle vegetable"""
NO_FACTS = PixelStats(0.5, 0.5, 0.2, 0.0)


def main() -> None:
    """Run one part, or all."""
    asked = parser(__doc__)
    asked.add_argument("what", nargs="*", choices=[[], *PARTS])
    asked.add_argument("--classifier", default=Config().classifier)
    given = asked.parse_args()
    for part in given.what or PARTS:
        PARTS[part](given)


def tagged(vocabulary: Vocabulary, evidence: Evidence) -> tuple[Tag, ...]:
    """Return the tags that a classifier of ImageNet's classes gives."""
    classes = {evidence.model: vocabulary.model_words(vocabulary.classes)}
    return vocabulary.tags((evidence,), (), (), NO_FACTS, classes)


def figures(data: Path, models: Path, every: int = 1) -> Iterator[Figure]:
    """Yield how often the tags of everyday photos are right, and how well words find labelled samples."""
    if (data / "tags_multilabel" / "labels.csv").exists():
        yield from shown_figures(data, models, every)
    if (data / "imagenet_samples" / "labels.csv").exists():
        average, count = word_precisions(data, models, Config().classifier, every)
        if average:
            mean = statistics.mean(average.values())
            yield {
                "figure": "word-to-photo mean average precision",
                "value": mean,
                "words": len(average),
                "of": count,
            }
            yield from _searched_samples(data / "imagenet_samples", models, vocabulary=Vocabulary.load(), every=every)


def shown_figures(data: Path, models: Path, every: int) -> Iterator[Figure]:
    """Yield how often the tags of everyday photos are right at the shipped thresholds, by all models together."""
    truth, vocabulary = Everyday.read(data / "tags_multilabel", every), Vocabulary.load()
    photos = looked_at(models, [data / "tags_multilabel" / row["file"] for row in truth.rows])
    shown = [tags_of(vocabulary, photo) for photo in photos]
    parts = {"all": list(range(len(shown))), "not in COCO's training": truth.unseen}
    for name, places in parts.items():
        told = measure(truth.part(places), vocabulary, [shown[place] for place in places])
        yield {"figure": "precision of shown tags", "photos": name, "value": told.precision, "of": told.judged}
        yield {"figure": "recall of shown tags", "photos": name, "value": told.recall, "of": told.salient}
        yield {"figure": "tags a photo", "photos": name, "value": told.tags, "of": len(places)}
    yield from _halves(truth, vocabulary, shown)
    yield from coco_figures(truth, data / "tags_multilabel", photos, shown)
    is_there = np.array([row["has_person"] == "1" for row in truth.rows])
    has_word = np.array(["person" in {tag.name for tag in tags} for tags in shown])
    right = int((is_there & has_word).sum())
    yield {"figure": "precision of 'person'", "value": right / max(1, int(has_word.sum())), "of": int(has_word.sum())}
    yield {"figure": "recall of 'person'", "value": right / max(1, int(is_there.sum())), "of": int(is_there.sum())}
    for word, (good, told_of, found, there, count) in face_words(data, models, every).items():
        yield {
            "figure": f"precision of '{word}' by faces",
            "value": good / max(1, told_of),
            "of": told_of,
            "photos": count,
        }
        yield {"figure": f"recall of '{word}' by faces", "value": found / max(1, there), "of": there, "photos": count}


def _searched_samples(folder: Path, models: Path, vocabulary: Vocabulary, every: int) -> Iterator[Figure]:
    """Yield how well words rank labelled samples, with all models, and with the classifier alone."""
    labels = rows(folder / "labels.csv", every)
    files = {folder / row["file"]: int(row["class_index"]) for row in labels}
    words = [word.replace("_", " ") for word in WORDS.split()]
    photos = looked_at(models, list(files))
    for by, seen_by in (("all", photos), ("classifier alone", [photo.without_objects for photo in photos])):
        shown = [tags_of(vocabulary, photo) for photo in seen_by]
        yield from sample_figures(files, words, seen_by, shown, by)


def _halves(truth: Everyday, vocabulary: Vocabulary, shown: Shown) -> Iterator[Figure]:
    """Yield the spread of the figures over 30 random halves of the photos."""
    halves = [np.flatnonzero(np.random.default_rng(seed).random(len(shown)) < 0.5).tolist() for seed in range(30)]
    told = [measure(truth.part(half), vocabulary, [shown[place] for place in half]) for half in halves]
    for figure, values in (
        ("precision", [each.precision for each in told]),
        ("recall", [each.recall for each in told]),
    ):
        spread = {"value": statistics.mean(values), "least": min(values), "most": max(values)}
        yield {"figure": f"{figure} of shown tags", "photos": "30 halves", **spread}


def looked_at(models: Path, files: Sequence[Path]) -> list[Seen]:
    """Look at pictures with the default models."""
    specs = read_specs()
    classifier = Classifier(opened(specs[Config().classifier], models))
    finder = ObjectDetector(opened(specs[Config().object_detector], models))
    reader = FaceReader(*face_eyes(models))
    found = []
    for path in files:
        with open_original(stamp(path), 200_000_000) as original:
            picture = original.picture(max(classifier.long_side_px, finder.long_side_px, reader.detector.long_side_px))
            faces = reader.read(picture, original.picture)
        things, scores = finder.detect(picture)
        found.append(Seen(classifier.classify(picture)[0], tuple(things), scores, tuple(faces), look(picture)))
    return found


def tags_of(vocabulary: Vocabulary, photo: Seen) -> tuple[Tag, ...]:
    """Return the tags that a scan with the default models gives."""
    names = (Config().classifier, Config().object_detector) if photo.scores.model else (Config().classifier,)
    words = words_of_models(vocabulary, {}, [read_specs()[name] for name in names])
    return vocabulary.tags((photo.evidence,), photo.objects, photo.faces, photo.look, words)


def lenient(vocabulary: Vocabulary, least: float) -> Vocabulary:
    """Return the vocabulary with one threshold for all words."""
    return replace(vocabulary, rules=TagRules(least, least, {}, {}, frozenset()))


def objects(given: argparse.Namespace) -> None:
    """Shown tags by classifier and object detector, by threshold of both."""
    truth, vocabulary = Everyday.read(given.data / "tags_multilabel"), Vocabulary.load()
    photos = looked_at(given.models, everyday_files(given, truth))
    specs = [read_specs()[name] for name in (Config().classifier, Config().object_detector)]
    print(
        "\n| classifier | objects | precision (judged) | of narrow words | recall | tags a photo | unseen: the same |"
    )
    print("|---" * 7 + "|")
    settings = {}
    for (broad, narrow), score in product(((0.25, 0.5), (0.4, 0.6), (0.5, 0.7), (0.6, 0.8)), (0.4, 0.45, 0.5)):
        rules = replace(vocabulary.rules, threshold=broad, narrow_threshold=narrow)
        ruled, finder = (
            replace(vocabulary, rules=rules),
            replace(specs[1], thresholds={**specs[1].thresholds, "score": score}),
        )
        words = words_of_models(ruled, {}, [specs[0], finder])
        shown = [ruled.tags((each.evidence,), each.objects, each.faces, each.look, words) for each in photos]
        settings[broad, narrow, score] = shown
        unseen = measure(truth.part(truth.unseen), ruled, [shown[place] for place in truth.unseen])
        told = f"{measure(truth, ruled, shown).row()} | {unseen.row().replace('|', '·')}"
        print(f"| {broad}, {narrow} | {score} | {told} |", flush=True)
    _print_held_out(truth, vocabulary, settings, 0.93)


def every(vocabulary: Vocabulary, evidence: Evidence, least: float = 0.05) -> tuple[Tag, ...]:
    """Return all words that reach a score, whatever the shipped rules say."""
    return tagged(lenient(vocabulary, least), evidence)


def everyday(given: argparse.Namespace) -> None:
    """Shown tags on everyday photos, by threshold."""
    truth, vocabulary = Everyday.read(given.data / "tags_multilabel"), Vocabulary.load()
    evidence, _ = seen(read_specs()[given.classifier], given.models, everyday_files(given, truth))
    start = time.perf_counter()
    shipped = [tagged(vocabulary, one) for one in evidence]
    spent = (time.perf_counter() - start) / len(evidence)
    print(f"\n{given.classifier}: {len(evidence)} everyday photos; tags of a photo made in {spent * 1e3:.1f} ms")
    print("| threshold | narrow | precision (judged) | of narrow words | recall | tags a photo |")
    print("|---" * 6 + "|")
    print(f"| as shipped | | {measure(truth, vocabulary, shipped).row()} |")
    scored = [every(vocabulary, one) for one in evidence]
    for broad in (0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.50):
        for narrow in (broad, broad + 0.15, broad + 0.25):
            row = measure(truth, vocabulary, above(vocabulary, scored, broad, narrow)).row()
            print(f"| {broad:.2f} | {narrow:.2f} | {row} |", flush=True)


def variants(given: argparse.Namespace) -> None:
    """Recall of salient labels at a given precision, for sizes, windows, temperatures and models."""
    truth, vocabulary = Everyday.read(given.data / "tags_multilabel"), Vocabulary.load()
    print("\n| network | short side | window | stride | temperature | least | recall at 0.85 | at 0.90 | bytes |")
    print("|---" * 9 + "|")
    for name, size, window, stride, temperature, least in VARIANTS:
        spec = variant(read_specs()[name], size, window, stride, least)
        evidence, _ = seen(spec, given.models, everyday_files(given, truth), temperature)
        shown = [every(vocabulary, one) for one in evidence]
        at = [at_precision(truth, vocabulary, shown, precision) for precision in (0.85, 0.90)]
        kept = statistics.mean(len(one.data) for one in evidence)
        told = f"{name[13:]} | {size or 'crop'} | {window} | {stride} | {temperature} | {least} | {at[0]} | {at[1]}"
        print(f"| {told} | {kept:.0f} |", flush=True)


def variant(spec: ModelSpec, size: int, window: int, stride: int, least: float) -> ModelSpec:
    """Return the spec with other numbers; a size of 0 is the usual way: one view of the middle of the picture."""
    usual = replace(spec.input, fit="center-crop", size_px=32 * window, crop=0.875)
    wanted = replace(spec.input, size_px=size) if size else usual
    network = {**spec.network, "window": window, "stride": stride}
    return replace(spec, input=wanted, network=network, thresholds={**spec.thresholds, "least": least})


def ways(given: argparse.Namespace) -> None:
    """Recall at a given precision, for ways to make one score of those of the views, and of two models."""
    truth, vocabulary = Everyday.read(given.data / "tags_multilabel"), Vocabulary.load()
    lite0, lite2 = (
        [by_view(vocabulary, one) for one in seen(read_specs()[name], given.models, everyday_files(given, truth))[0]]
        for name in ("efficientnet-lite0", "efficientnet-lite2")
    )
    best0, best2 = ([joined(views, max) for views in each] for each in (lite0, lite2))
    made = {way: [joined(views, how) for views in lite0] for way, how in WAYS.items()}
    made["Lite2 alone, best view"] = best2
    two: dict[str, Callable[[list[float]], float]] = {"mean": statistics.mean, "lower": min}
    for way, how in two.items():
        made[f"Lite0 and Lite2, {way} of the two"] = [joined(pair, how) for pair in zip(best0, best2, strict=True)]
    print("\n| score of a word | recall at 0.85 | at 0.90 |\n|---|---|---|")
    for way, scored in made.items():
        shown = [tuple(tags.values()) for tags in scored]
        at = [at_precision(truth, vocabulary, shown, precision) for precision in (0.85, 0.90)]
        print(f"| {way} | {at[0]} | {at[1]} |", flush=True)


def by_view(vocabulary: Vocabulary, evidence: Evidence) -> list[dict[str, Tag]]:
    """Return the words of each view by itself."""
    views = evidence.scores(len(vocabulary.classes))
    single = (Evidence.of(evidence.model, view[np.newaxis], 1e-4) for view in views)
    return [{tag.name: tag for tag in every(vocabulary, one, 0.0)} for one in single]


def joined(views: Sequence[Mapping[str, Tag]], how: Callable[[list[float]], float]) -> dict[str, Tag]:
    """Make one score of those of all views; the source is that of the best one."""
    best: dict[str, Tag] = {}
    for view in views:
        for name, tag in view.items():
            if name not in best or tag.score > best[name].score:
                best[name] = tag
    scores = {name: how([view[name].score if name in view else 0.0 for view in views]) for name in best}
    return {name: replace(tag, score=scores[name]) for name, tag in best.items()}


def samples(given: argparse.Namespace) -> None:
    """Word-to-photo mean average precision over everyday words on labelled samples."""
    average, pictures = word_precisions(given.data, given.models, given.classifier)
    worst = sorted(average, key=average.__getitem__)[:5]
    print(f"\n{given.classifier}: mean average precision over {len(average)} words, {pictures} pictures: ", end="")
    print(f"{statistics.mean(average.values()):.3f} (lowest: {', '.join(f'{w} {average[w]:.2f}' for w in worst)})")


def word_precisions(data: Path, models: Path, classifier: str, each: int = 1) -> tuple[dict[str, float], int]:
    """Return the average precision of each of 48 words that some picture shows, and how many pictures there are."""
    folder, vocabulary = data / "imagenet_samples", Vocabulary.load()
    labels = rows(folder / "labels.csv", each)
    evidence, _ = seen(read_specs()[classifier], models, [folder / row["file"] for row in labels])
    scores = [{tag.name: tag.score for tag in every(vocabulary, one, 0.0)} for one in evidence]
    truth, members = np.array([int(row["class_index"]) for row in labels]), covered(vocabulary)
    average: dict[str, float] = {}
    for word in (word.replace("_", " ") for word in WORDS.split()):
        right = np.isin(truth, list(members[word]))
        ranked = right[np.argsort([-score.get(word, 0.0) for score in scores], kind="stable")]
        if ranked.any():
            average[word] = float((ranked.cumsum() / np.arange(1, len(ranked) + 1))[ranked].mean())
    return average, len(labels)


def held_out(given: argparse.Namespace) -> None:
    """Choose size and thresholds on one half of the photos and judge them on the other, again and again.

    The photos of homes show a few rooms over and over: all of them fall into the same half.
    """
    truth, vocabulary = Everyday.read(given.data / "tags_multilabel"), Vocabulary.load()
    settings = {}
    for size in SIZES:
        spec = variant(read_specs()[given.classifier], size, 7, 1, 0.01)
        scored = [every(vocabulary, one) for one in seen(spec, given.models, everyday_files(given, truth))[0]]
        for broad, narrow in product(np.arange(0.10, 0.55, 0.05), (0.0, 0.15, 0.25)):
            settings[size, round(broad, 2), round(narrow, 2)] = above(vocabulary, scored, broad, broad + narrow)
    for wanted in (0.85, 0.90):
        _print_held_out(truth, vocabulary, settings, wanted)


def _print_held_out(truth: Everyday, vocabulary: Vocabulary, settings: Mapping[Any, Shown], wanted: float) -> None:
    """Choose the setting with the best recall at a precision on each of 30 halves; judge it there and on the other."""
    told = [_chosen(truth, vocabulary, settings, wanted, seed) for seed in range(30)]
    inside, outside = (np.array(each) for each in zip(*told, strict=True))
    for where, figures in (("where chosen", inside), ("held out", outside)):
        mean, spread = figures.mean(axis=0), figures.std(axis=0)
        row = f"precision {mean[0]:.3f} ± {spread[0]:.3f}, recall {mean[1]:.3f} ± {spread[1]:.3f}"
        print(f"precision of {wanted:.2f} asked for, {where}: {row}", flush=True)


def _chosen(
    truth: Everyday, vocabulary: Vocabulary, settings: Mapping[Any, Shown], wanted: float, seed: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return precision and recall of the best setting of one half, in that half and in the other."""
    random = np.random.default_rng(seed)
    half = random.random(len(truth.rows)) < 0.5
    half[[row["dataset"] == "home_indoor30" for row in truth.rows]] = random.random() < 0.5

    def rated(shown: Shown, part: np.ndarray) -> tuple[float, float]:
        places = np.flatnonzero(part).tolist()
        figures = measure(truth.part(places), vocabulary, [shown[place] for place in places])
        return figures.precision, figures.recall

    inside = {key: rated(shown, half) for key, shown in settings.items()}
    best = max(inside, key=lambda key: (inside[key][0] >= wanted, inside[key][1]))
    return inside[best], rated(settings[best], ~half)


def facts(given: argparse.Namespace) -> None:
    """How often the words that faces tell are right: on everyday photos and on photos with counted faces."""
    print("\n| word | photos | shown and right | found of those that are |\n|---|---|---|---|")
    for word, (right, shown, found, there, photos) in face_words(given.data, given.models).items():
        print(f"| {word} | {photos} | {right} of {shown} | {found} of {there} |", flush=True)


def face_words(data: Path, models: Path, each: int = 1) -> dict[str, tuple[int, int, int, int, int]]:
    """Return for words that faces tell: shown and right, shown, found of those that are, those that are, photos."""
    detector = face_eyes(models)[0]
    least: dict[str, dict[Path, tuple[int, int]]] = {"person": {}, "people": {}, "group": {}}
    for row in rows(data / "tags_multilabel" / "labels.csv", each):
        there = int(row["has_person"])
        least["person"][data / "tags_multilabel" / row["file"]] = (there, there)
    for row in rows(data / "faces_detect" / "images.csv", each):
        path, counts = data / "faces_detect" / row["file"], (int(row["faces_min"]), int(row["faces_max"]))
        for word, faces in (("people", 2), ("group", 4)):
            least[word][path] = (counts[0] >= faces, counts[1] >= faces)
    vocabulary = Vocabulary.load()
    told: dict[str, tuple[int, int, int, int, int]] = {}
    for word, truth in least.items():
        found = (detector.detect(picture) for picture in pictures(list(truth), detector.long_side_px))
        tags = (vocabulary.tags((), (), faces, NO_FACTS, {}) for faces in found)
        shown = np.array([word in {tag.name for tag in each} for each in tags], bool)
        surely, perhaps = np.array(list(truth.values()), bool).reshape(-1, 2).T
        right, kept = int((perhaps & shown).sum()), int((surely & shown).sum())
        told[word] = right, int(shown.sum()), kept, int(surely.sum()), len(truth)
    return told


def seen(
    spec: ModelSpec, models: Path, files: Sequence[Path], temperature: float = 1.0
) -> tuple[list[Evidence], list[float]]:
    """Classify pictures on one thread; return the evidence and the seconds of each."""
    classifier = Classifier(Tempered(opened(spec, models, threads=1), temperature))
    evidence, seconds = [], []
    for picture in pictures(files, max(640, classifier.long_side_px)):
        start = time.perf_counter()
        evidence.append(classifier.classify(picture)[0])
        seconds.append(time.perf_counter() - start)
    return evidence, seconds


@dataclass(frozen=True)
class Tempered:
    """A classifier whose logits are divided by a temperature."""

    model: Model
    temperature: float

    @property
    def spec(self) -> ModelSpec:
        return self.model.spec

    @property
    def sides(self) -> tuple[Any, ...]:
        return self.model.sides

    def run(self, image: np.ndarray) -> dict[str, np.ndarray]:
        outputs = self.model.run(image)
        if self.temperature != 1.0:
            powers = outputs["probabilities"] ** (1 / self.temperature)
            outputs["probabilities"] = powers / powers.sum(axis=1, keepdims=True)
        return outputs


def speed(given: argparse.Namespace) -> None:
    """Milliseconds of one core that a classifier takes for a photo of 4:3, scaling included."""
    picture = Picture(np.random.default_rng(0).integers(0, 256, (768, 1024, 3), np.uint8), (4000, 3000))
    for name in ("efficientnet-lite0", "efficientnet-lite2"):
        classifier = Classifier(opened(read_specs()[name], given.models, threads=1))
        spent = []
        for _ in range(50):
            start = time.perf_counter()
            classifier.classify(picture)
            spent.append(time.perf_counter() - start)
        print(f"{name}: {statistics.median(spent) * 1e3:.1f} ms, at best {min(spent) * 1e3:.1f} ms")


def everyday_files(given: argparse.Namespace, truth: Everyday) -> list[Path]:
    return [given.data / "tags_multilabel" / row["file"] for row in truth.rows]


SIZES = (224, 232, 240, 248, 256, 272)
VARIANTS = [  # network, short side, window, stride, temperature, least
    ("efficientnet-lite0", 0, 7, 1, 1.0, 0.01),
    *(("efficientnet-lite0", size, 7, 1, 1.0, 0.01) for size in (224, 240, 256, 288, 320, 384)),
    *(("efficientnet-lite0", 240, window, 1, 1.0, 0.01) for window in (5, 6)),
    ("efficientnet-lite0", 240, 7, 2, 1.0, 0.01),
    *(("efficientnet-lite0", 240, 7, 1, temperature, 0.01) for temperature in (0.7, 0.85, 1.2)),
    *(("efficientnet-lite0", 240, 7, 1, 1.0, least) for least in (0.001, 0.003, 0.03)),
    ("efficientnet-lite2", 0, 8, 1, 1.0, 0.01),
    *(("efficientnet-lite2", size, 7, 1, 1.0, 0.01) for size in (224, 256, 288, 320)),
    ("efficientnet-lite2", 288, 9, 1, 1.0, 0.01),
]
WAYS: dict[str, Callable[[list[float]], float]] = {
    "best view": max,
    "mean of the best three views": lambda scores: statistics.mean(sorted(scores)[-3:]),
    "mean of all views": statistics.mean,
    "best view and mean of all, mean of the two": lambda scores: (max(scores) + statistics.mean(scores)) / 2,
    "noisy or: 1 − product of (1 − score)": lambda scores: 1 - math.prod(1 - score for score in scores),
}
PARTS = {
    "everyday": everyday,
    "objects": objects,
    "samples": samples,
    "facts": facts,
    "ways": ways,
    "variants": variants,
    "held-out": held_out,
    "speed": speed,
}

if __name__ == "__main__":
    main()
