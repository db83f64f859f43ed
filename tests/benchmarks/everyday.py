"""Everyday photos with the things that they show, and what is said of the tags that they get: how many are right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from parts import rows

from indexer.values.analysis import Tag
from indexer.vision.tags.plurals import counted
from indexer.vision.tags.vocabulary import Vocabulary

# Everything that a source labels: what it did not label there is not there.
COCO = """
person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant stop_sign parking_meter bench
bird cat dog horse sheep cow elephant bear zebra giraffe backpack umbrella handbag tie suitcase frisbee skis snowboard
sports_ball kite baseball_bat baseball_glove skateboard surfboard tennis_racket bottle wine_glass cup fork knife spoon
bowl banana apple sandwich orange broccoli carrot hot_dog pizza donut cake chair couch potted_plant bed dining_table
toilet tv laptop mouse remote keyboard cell_phone microwave oven toaster sink refrigerator book clock vase scissors
teddy_bear hair_drier toothbrush"""
VOC = """
aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa
train tvmonitor"""
LISTS = {"coco2017": COCO, "voc2012": VOC}
# One thing by three names in the three sources of the everyday photos, and what the vocabulary calls it.
SAME = {
    "diningtable": "dining table",
    "coffeetable": "dining table",
    "sofa": "couch",
    "aeroplane": "airplane",
    "tvmonitor": "tv",
    "motorbike": "motorcycle",
    "pottedplant": "potted plant",
}
NAMES = {"skis": "ski", "sports ball": "ball", "cabinetry": "cabinet", "tap": "sink", "mouse": "computer mouse"}
FACES = {"person"}  # measured by itself, as faces tell it too


@dataclass(frozen=True)
class Everyday:
    """Everyday photos with the things that they show; a source knows only the labels of its own list."""

    rows: Sequence[Mapping[str, str]]
    classes: Mapping[str, frozenset[int]]
    trained: frozenset[str] = frozenset()  # files that COCO's training has seen

    @classmethod
    def read(cls, folder: Path, every: int = 1) -> Everyday:
        labels = rows(folder / "labels.csv", every)
        classes: dict[str, frozenset[int]] = {}
        for label, indices in json.loads((folder / "label_to_imagenet.json").read_text("utf-8")).items():
            name = SAME.get(label, label)
            classes[name] = classes.get(name, frozenset()) | frozenset(indices)
        told = folder / "annotations.json"
        photos = json.loads(told.read_text("utf-8")) if told.is_file() else []
        trained = frozenset(each["file"] for each in photos if each.get("upstream_split") == "train2017")
        return cls(labels, classes, trained)

    def part(self, places: Sequence[int]) -> Everyday:
        """Return some of the photos, judged by all that their sources label."""
        some = replace(self, rows=[self.rows[place] for place in places])
        some.__dict__["listed"] = self.listed
        return some

    @cached_property
    def unseen(self) -> list[int]:
        """The places of the photos that COCO's training has not seen."""
        return [place for place, row in enumerate(self.rows) if row["file"] not in self.trained]

    def labels(self, row: Mapping[str, str], column: str) -> set[str]:
        return {SAME.get(label, label) for label in row[column].split(";") if label} - FACES

    @cached_property
    def listed(self) -> dict[str, set[str]]:
        """All labels of a source."""
        listed = {source: {name.replace("_", " ") for name in names.split()} for source, names in LISTS.items()}
        for row in self.rows:
            listed.setdefault(row["dataset"], set()).update(row["labels"].split(";"))
        return {source: {SAME.get(label, label) for label in labels} for source, labels in listed.items()}

    @cached_property
    def judged(self) -> dict[str, frozenset[int]]:
        """The classes that a source's labels can judge."""
        return {source: self.of(labels - FACES) for source, labels in self.listed.items()}

    def of(self, labels: Iterable[str]) -> frozenset[int]:
        """Return the classes of labels."""
        return frozenset[int]().union(*(self.classes.get(name, frozenset()) for name in labels))


@dataclass(frozen=True)
class Figures:
    """precision: of the tags whose source can be judged.  recall: of all salient labels, 'person' left out."""

    judged: int
    right: int
    narrow_judged: int
    narrow_right: int
    salient: int
    found: int
    tags: float

    @property
    def precision(self) -> float:
        return self.right / max(1, self.judged)

    @property
    def recall(self) -> float:
        return self.found / max(1, self.salient)

    def row(self) -> str:
        narrow = f"{self.narrow_right / max(1, self.narrow_judged):.3f} ({self.narrow_judged})"
        return f"{self.precision:.3f} ({self.judged}) | {narrow} | {self.recall:.3f} | {self.tags:.2f}"


Shown = Sequence[Sequence[Tag]]  # the tags of each photo


def measure(truth: Everyday, vocabulary: Vocabulary, shown: Shown) -> Figures:
    """Judge the tags that photos are shown with."""
    members = covered(vocabulary)
    counts = np.zeros(7)
    for row, tags in zip(truth.rows, shown, strict=True):
        there = truth.labels(row, "labels")
        for tag in tags:
            if can_judge(truth, vocabulary, row, tag):
                right = any(is_word(truth, vocabulary, tag.name, label) for label in there)
                narrow = len(members.get(tag.name, ())) == 1
                counts += (1, right, narrow, narrow and right, 0, 0, 0)
        names = {tag.name for tag in tags}
        for label in truth.labels(row, "salient"):
            word, classes = vocabulary.canonical(NAMES.get(label, label)), truth.classes.get(label, frozenset())
            found = word in names or any(members[name] <= classes for name in names & members.keys())
            counts += (0, 0, 0, 0, 1, found, 0)
        counts += (0, 0, 0, 0, 0, 0, len(tags))
    judged, good, narrow_judged, narrow_right, salient, known = counts[:6].astype(int).tolist()
    return Figures(judged, good, narrow_judged, narrow_right, salient, known, counts[6] / len(shown))


def can_judge(truth: Everyday, vocabulary: Vocabulary, row: Mapping[str, str], tag: Tag) -> bool:
    """Return whether the photo's source labels all things of the class that gave the tag."""
    source = _one(truth, row, tag.source.partition(" (")[0])
    if not tag.models or source in FACES:
        return False
    if (
        tag.source.endswith(")") or source not in vocabulary.classes
    ):  # an object; the default classifier has no brackets
        return SAME.get(source, source) in truth.listed[row["dataset"]]
    return vocabulary.classes.index(source) in truth.judged[row["dataset"]]


def _one(truth: Everyday, row: Mapping[str, str], source: str) -> str:
    """Return the class of '3 dogs'."""
    number = source.split()[0]
    if not number.isdecimal():
        return source
    names = truth.listed[row["dataset"]] | set(SAME)
    return next((name for name in names if counted(int(number), name) == source), source)


def is_word(truth: Everyday, vocabulary: Vocabulary, word: str, label: str) -> bool:
    """Return whether a thing with this label may be called by a word."""
    classes = truth.classes.get(label, frozenset())
    return word in vocabulary.objects.get(label, ()) or not classes.isdisjoint(covered(vocabulary).get(word, ()))


@cache
def _covered(words: tuple[tuple[str, ...], ...]) -> dict[str, set[int]]:
    members: dict[str, set[int]] = {}
    for index, each in enumerate(words):
        for word in each:
            members.setdefault(word, set()).add(index)
    return members


def covered(vocabulary: Vocabulary) -> dict[str, set[int]]:
    """Return the classes that each word stands for."""
    return _covered(vocabulary.words)


def above(vocabulary: Vocabulary, shown: Shown, broad: float, narrow: float) -> Shown:
    """Keep the tags above a threshold, another one for words that stand for a single class."""
    members = covered(vocabulary)
    return [
        [tag for tag in tags if tag.score >= (narrow if len(members.get(tag.name, ())) == 1 else broad)]
        for tags in shown
    ]


def at_precision(truth: Everyday, vocabulary: Vocabulary, shown: Shown, least: float) -> str:
    """Find the lowest single threshold whose precision is at least `least`."""
    for threshold in np.arange(0.06, 1.0, 0.02):
        figures = measure(truth, vocabulary, above(vocabulary, shown, threshold, threshold))
        if figures.right >= least * figures.judged:
            return f"{figures.found / figures.salient:.3f} (at {threshold:.2f}, {figures.tags:.1f} tags)"
    return "–"
