"""Print the figures of docs/look-alikes.md: python tests/benchmarks/duplicates.py DATA.

DATA holds imagenet_samples/ and tags_multilabel/ (labels.csv: file) and faces_verify/lfw/ (a folder a person), whose
pictures are copied in many ways, and near_duplicates/ (groups.csv: file, group). The thresholds were chosen on one half
of the pictures; figures are of the other half. --made: a library of so many made-up photos, to see how long it takes.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
from PIL import Image, ImageEnhance

from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.library.alike import duplicates
from indexer.library.pairs import near_pairs
from indexer.library.store import Library
from indexer.photo import Analysis, Evidence, Hashes, Indexed, Look, Metadata, PhotoFile
from indexer.vision.classify import Classifier
from indexer.vision.runtime import open_model
from indexer.vision.spec import read_specs

Picture = Image.Image
Joined = set[tuple[str, str]]  # two names, as NUMBER-KIND or gGROUP-FILE
ROOT = Path("/photos")


class Shown(NamedTuple):
    """A picture, and what it shows: two of the same subject are no fair test of what differs."""

    file: Path
    subject: str
    set: str  # 'portraits' or 'others'

    @property
    def held_out(self) -> bool:
        """Whether its half is the one that figures are of; all pictures of a subject are in one half."""
        return bool(crc32(self.subject.encode()) & 1)


def main() -> None:
    """Measure the data, or a made-up library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--every", type=int, default=1, help="only each n-th picture")
    parser.add_argument("--made", type=int, default=0)
    given = parser.parse_args()
    for figure in [made(given.made)] if given.made else figures(given.data, given.models, given.every):
        print(json.dumps(figure))


def figures(data: Path, models: Path, every: int = 1) -> Iterator[dict[str, object]]:
    """Yield recall by the kind of copy, and false pairs among photos that are different."""
    spec = read_specs()["efficientnet-lite0"]
    classifier = Classifier(open_model(spec, models, "litert", threads=2))
    pictures = read_pictures(data)[::every]
    groups = rows(data / "near_duplicates" / "groups.csv")
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        library.add_root(ROOT)
        for number, picture in enumerate(pictures):
            library.record([look(classifier, picture.file, f"{number}-original")])
            if picture.held_out:
                library.record(copies(classifier, picture.file, str(number), Path(folder) / "copy.jpg"))
        for row in groups:
            name = f"g{row['group']}-{row['file']}"
            library.record([look(classifier, data / "near_duplicates" / row["file"], name)])
        with library.reading() as connection:
            names: dict[int, str] = dict(connection.exec_driver_sql("SELECT id, path_text FROM photos").all())
            pairs = near_pairs(connection, spec.id)
    joined = {(names[pair.photo], names[pair.other]) for pair in pairs}
    yield from recall(joined, pictures)
    yield from false_pairs(joined, pictures)
    yield from given_groups(joined, groups)


def read_pictures(data: Path) -> list[Shown]:
    found = [
        Shown(
            data / name / row["file"],
            "rooms" if "home" in Path(row["file"]).parts else f"{name}/{row['file']}",
            "others",
        )
        for name in ("imagenet_samples", "tags_multilabel")
        for row in rows(data / name / "labels.csv")
    ]  # the rooms: a few, over and over
    portraits = sorted((data / "faces_verify" / "lfw").rglob("*.jpg"))
    return found + [Shown(file, file.parent.name, "portraits") for file in portraits]


def rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a table, none where there is no such file."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def copies(classifier: Classifier, file: Path, name: str, copy: Path) -> Iterator[Indexed]:
    with Image.open(file) as opened:
        for kind, (change, quality) in (KINDS | FURTHER).items():
            change(opened.convert("RGB")).save(copy, quality=quality)
            yield look(classifier, copy, f"{name}-{kind}")


def holds(joined: Joined, one: str, other: str) -> bool:
    return (one, other) in joined or (other, one) in joined


def recall(joined: Joined, pictures: list[Shown]) -> Iterator[dict[str, object]]:
    for kind in KINDS | FURTHER:
        name = "recall of copies" if kind in KINDS else "recall of copies cut further"
        for some in ("all", "portraits", "others"):
            asked = [str(number) for number, each in enumerate(pictures) if each.held_out and some in ("all", each.set)]
            found = sum(holds(joined, f"{one}-original", f"{one}-{kind}") for one in asked)
            if asked:
                yield {
                    "figure": name,
                    "value": round(found / len(asked), 4),
                    "copy": kind,
                    "pictures": some,
                    "of": len(asked),
                }


def false_pairs(joined: Joined, pictures: list[Shown]) -> Iterator[dict[str, object]]:
    """Count pairs of photos of different subjects; those of one subject apart: a series may look like copies."""
    total, false = Counter[str](), Counter[str]()
    asked = [(str(number), each) for number, each in enumerate(pictures) if each.held_out]
    for (number, one), (second, other) in combinations(asked, 2):
        wrong = holds(joined, f"{number}-original", f"{second}-original")
        sets = one.set if one.set == other.set else "a portrait and another"
        for some in ("all", sets) if one.subject != other.subject else (f"of one subject, {one.set}",):
            total[some] += 1
            false[some] += wrong
    for some, count in sorted(total.items()):
        if some.startswith("of one"):
            yield {"figure": "pairs of one person or room", "value": false[some], "pictures": some, "of": count}
        else:
            value = round(false[some] / count * 10_000, 3)
            yield {
                "figure": "false pairs in 10,000",
                "value": value,
                "pictures": some,
                "false": false[some],
                "of": count,
            }


def given_groups(joined: Joined, groups: list[dict[str, str]]) -> Iterator[dict[str, object]]:
    """Count pairs of copies that others made, and pairs of those groups that are none."""
    sizes = Counter(row["group"] for row in groups).values()
    ours = [pair for pair in joined if all(name.startswith("g") for name in pair)]
    if groups:
        of = sum(size * (size - 1) // 2 for size in sizes)
        right = sum(one.split("-")[0] == other.split("-")[0] for one, other in ours)
        yield {"figure": "pairs of given copies", "value": right, "of": of, "false": len(ours) - right}


def look(classifier: Classifier, file: Path, name: str) -> Indexed:
    with open_original(stamp(file), 200_000_000) as original:
        picture = original.picture(640)
        evidence, pooled = classifier.classify(picture)
        hashes = Hashes(name.encode(), original.hashes(picture).perceptual)
        return photo(name.replace("/", "_"), evidence.model, pooled.astype("<f2").tobytes(), hashes)


def photo(name: str, model: str, vector: bytes, hashes: Hashes) -> Indexed:
    facts = Metadata("JPEG", 4000, 3000), hashes, Look(0.5, 0.5, 0.2, 0.0)
    return Indexed(PhotoFile(ROOT / name, 1, 1), Analysis(*facts, (Evidence(model, b""),), (), (), vector, (model,)))


def made(count: int) -> dict[str, object]:
    """How long it takes where one photo in 50 is a copy; the others lie in crowds, as photos do."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        library.add_root(ROOT)
        for batch in crowds(count):
            library.record(batch)
        start = time.perf_counter()
        groups = duplicates(library, "made-1")
        seconds, mega = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        right = sum(len({each.path.name[1:] for each in (group.best, *group.others)}) == 1 for group in groups)
        told = {"photos": count, "copies": count // 50, "groups": len(groups), "right": right}
        return {**told, "seconds": round(seconds, 1), "memory_mb": round(mega)}


def crowds(count: int) -> Iterator[list[Indexed]]:
    """Yield photos of 500 crowds; two of one are as alike (roots: 0.82) as one pair of portraits in a hundred."""
    random = np.random.default_rng(0)
    centers = random.gamma(0.5, 1.0, (500, 1280))
    for start in range(0, count, 1000):
        size = min(1000, count - start)
        pooled = centers[random.integers(0, 500, size)] * 0.4 + random.gamma(0.5, 1.0, (size, 1280)) * 0.9
        bits = random.integers(0, 2**63, size)
        step = size // 50
        pooled[:step] = pooled[step : 2 * step] * random.normal(1, 0.35, (step, 1280)).clip(0)
        bits[:step] = bits[step : 2 * step] ^ 0x1111_1111_1111
        names = [f"a{start + step + n}" for n in range(step)] + [f"b{start + n}" for n in range(step, size)]
        yield [
            photo(name, "made-1", vector.tobytes(), Hashes(name.encode(), int(hashed).to_bytes(8, "big")))
            for name, vector, hashed in zip(names, pooled.astype("<f2"), bits, strict=True)
        ]


def scaled(factor: float) -> Callable[[Picture], Picture]:
    return lambda picture: picture.resize(
        (round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS
    )


def cut(left: float, right: float) -> Callable[[Picture], Picture]:
    """Cut shares of width and height away."""
    return lambda one: one.crop(
        (
            round(one.width * left),
            round(one.height * left),
            round(one.width * (1 - right)),
            round(one.height * (1 - right)),
        )
    )


KINDS: dict[str, tuple[Callable[[Picture], Picture], int]] = {
    "half the size": (scaled(0.5), 85),
    "a quarter": (scaled(0.25), 85),
    "twice the size": (scaled(2.0), 85),
    "quality 50": (lambda picture: picture, 50),
    "quality 30": (lambda picture: picture, 30),
    "5 % cut on all sides": (cut(0.05, 0.05), 85),
    "3 % cut at two sides, 7 % at the others": (cut(0.03, 0.07), 85),
    "10 % cut at two sides": (cut(0.0, 0.1), 85),
    "brighter by 30 %": (lambda picture: ImageEnhance.Brightness(picture).enhance(1.3), 85),
    "darker by 30 %": (lambda picture: ImageEnhance.Brightness(picture).enhance(0.7), 85),
}
# Twice what copies should be found of; what becomes of those.
FURTHER = {"10 % cut on all sides": (cut(0.1, 0.1), 85)}

if __name__ == "__main__":
    main()
