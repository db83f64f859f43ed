"""Print the figures of docs/look-alikes.md: python tests/benchmarks/duplicates.py DATA.

DATA holds imagenet_samples/ and tags_multilabel/ (labels.csv: file), whose pictures are copied in nine ways, and
near_duplicates/ (groups.csv: file, group). --made: a library of so many made-up photos, to see how long it takes.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.library.alike import duplicates
from indexer.library.pairs import Pair, near_pairs
from indexer.library.store import Library
from indexer.photo import Analysis, Evidence, Hashes, Indexed, Look, Metadata, PhotoFile
from indexer.vision.classify import Classifier
from indexer.vision.runtime import open_model
from indexer.vision.spec import read_specs

Picture = Image.Image
ROOT = Path("/photos")


def main() -> None:
    """Measure the data, or a made-up library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--every", type=int, default=1, help="only each n-th picture")
    parser.add_argument("--made", type=int, default=0)
    given = parser.parse_args()
    if given.made:
        made(given.made)
    else:
        copies(given)


def copies(given: argparse.Namespace) -> None:
    """Recall by the kind of copy, and false pairs among photos that are different."""
    spec = read_specs()["efficientnet-lite0"]
    classifier = Classifier(open_model(spec, given.models, "litert", threads=2))
    files = [folder / row["file"] for folder in (given.data / "imagenet_samples", given.data / "tags_multilabel")
             for row in csv.DictReader((folder / "labels.csv").open(encoding="utf-8"))][:: given.every]  # fmt: skip
    rooms = {number for number, file in enumerate(files) if file.parent.name == "home"}  # a few rooms, over and over
    groups = list(csv.DictReader((given.data / "near_duplicates" / "groups.csv").open(encoding="utf-8")))
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        library.add_root(ROOT)
        copy = Path(folder) / "copy.jpg"
        for number, file in enumerate(files):
            photos = [look(classifier, file, f"{number}-original")]
            with Image.open(file) as opened:
                for kind, (change, quality) in KINDS.items():
                    change(opened.convert("RGB")).save(copy, quality=quality)
                    photos.append(look(classifier, copy, f"{number}-{kind}"))
            library.record(photos)
        for row in groups:
            library.record(
                [look(classifier, given.data / "near_duplicates" / row["file"], f"g{row['group']}-{row['file']}")]
            )
        with library.reading() as connection:
            names = dict(connection.exec_driver_sql("SELECT id, path_text FROM photos").all())
            pairs = near_pairs(connection, spec.id)
    tell(pairs, names, len(files), rooms, groups)


def tell(pairs: list[Pair], names: dict[int, str], files: int, rooms: set[int], groups: list[dict[str, str]]) -> None:
    found: dict[str, int] = dict.fromkeys(KINDS, 0)
    false = {"different photos": 0, "photos of one room": 0}
    right = 0
    for photo, other, _ in pairs:
        (one, kind), (two, second) = (names[each].split("-", 1) for each in (photo, other))
        if one == two:
            right += one.startswith("g")
            if "original" in (kind, second) and not one.startswith("g"):
                found[second if kind == "original" else kind] += 1
        elif kind == second == "original":
            same_room = int(one) in rooms and int(two) in rooms
            false["photos of one room" if same_room else "different photos"] += 1
        elif one.startswith("g") and two.startswith("g"):
            false["different photos"] += 1
    for kind, count in found.items():
        print(json.dumps({"copy": kind, "recall": round(count / files, 4), "of": files}))
    sizes = [sum(row["group"] == group for row in groups) for group in {row["group"] for row in groups}]
    print(json.dumps({"pairs of near_duplicates": sum(size * (size - 1) // 2 for size in sizes), "found": right}))
    total = files * (files - 1) // 2 - len(rooms) * (len(rooms) - 1) // 2
    print(json.dumps({"false pairs": false, "of pairs of different photos": total}))


def look(classifier: Classifier, file: Path, name: str) -> Indexed:
    with open_original(stamp(file), 200_000_000) as original:
        picture = original.picture(640)
        evidence, pooled = classifier.classify(picture)
        hashes = Hashes(name.encode(), original.hashes(picture).perceptual)
        return photo(name.replace("/", "_"), evidence.model, pooled.astype("<f2").tobytes(), hashes)


def photo(name: str, model: str, vector: bytes, hashes: Hashes) -> Indexed:
    facts = Metadata("JPEG", 4000, 3000), hashes, Look(0.5, 0.5, 0.2, 0.0)
    return Indexed(PhotoFile(ROOT / name, 1, 1), Analysis(*facts, (Evidence(model, b""),), (), (), vector, (model,)))


def made(count: int) -> None:
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
        print(json.dumps({**told, "seconds": round(seconds, 1), "memory_mb": round(mega)}))


def crowds(count: int) -> Iterator[list[Indexed]]:
    random = np.random.default_rng(0)
    centers = random.gamma(0.5, 1.0, (500, 1280))
    for start in range(0, count, 1000):
        size = min(1000, count - start)
        pooled = centers[random.integers(0, 500, size)] * 0.6 + random.gamma(0.5, 1.0, (size, 1280)) * 0.7
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
    "10 % cut at two sides": (cut(0.0, 0.1), 85),
    "brighter by 30 %": (lambda picture: ImageEnhance.Brightness(picture).enhance(1.3), 85),
    "darker by 30 %": (lambda picture: ImageEnhance.Brightness(picture).enhance(0.7), 85),
}

if __name__ == "__main__":
    main()
