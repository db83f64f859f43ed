"""Print the figures of docs/measurements/duplicates.md: python tests/benchmarks/duplicates.py DATA [--only documents].

DATA holds imagenet_samples/ and tags_multilabel/ (labels.csv: file) and faces_verify/lfw/ (a folder a person), whose
pictures are copied in many ways, and near_duplicates/ (groups.csv: file, group). The thresholds were chosen on one half
of the pictures; figures are of the other half. Documents are made up by this script, from seeds that no threshold was
chosen on (tests/library/made_documents.py). --made: a library of so many made-up photos, to see how long it takes.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
from PIL import Image, ImageEnhance

from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.library.similar.near_duplicates import CANDIDATE_CUT, near_pairs
from indexer.library.similar.similar import duplicates
from indexer.library.store import Library
from indexer.values.analysis import Analysis, Evidence
from indexer.values.files import Hashes, Metadata, PhotoFile, PixelStats
from indexer.values.files import Picture as Decoded
from indexer.values.outcomes import Indexed
from indexer.vision.classify import Classifier
from indexer.vision.compare.alignment import AlignmentFeatures, are_copies
from indexer.vision.runtime import open_model
from indexer.vision.spec import read_specs

sys.path.append(str(Path(__file__).parents[1] / "library"))
from made_documents import KINDS as DOCUMENTS
from made_documents import photographed

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import add_root

Picture = Image.Image
Joined = set[tuple[str, str]]  # two names, as NUMBER-KIND or gGROUP-FILE
ROOT = Path("/photos")
FIRST_SEED, DOCUMENTS_EACH = 100, 12
CUT_DOCUMENTS, CUTS_EACH = 3, 60


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
    parser.add_argument("--only", choices=("pictures", "documents", "cuts"))
    given = parser.parse_args()
    found: dict[str | None, Callable[[], Iterable[dict[str, object]]]] = {
        "pictures": lambda: pictured(given.data, given.models, given.every),
        "documents": lambda: written(given.models),
        "cuts": cut_at_random,
        None: lambda: figures(given.data, given.models, given.every),
    }
    for figure in [made(given.made)] if given.made else found[given.only]():
        print(json.dumps(figure), flush=True)


def figures(data: Path, models: Path, every: int = 1) -> Iterator[dict[str, object]]:
    """Yield recall by the kind of copy, and false pairs, of photos and of documents: few where there are few photos."""
    yield from pictured(data, models, every)
    yield from written(models, max(2, min(DOCUMENTS_EACH, len(read_pictures(data)) // 40) // every))


class Looker:
    """Puts pictures into a library as a scan does, and keeps what their pixels are compared by."""

    def __init__(self, library: Library, models: Path) -> None:
        self.spec = read_specs()["efficientnet-lite0"]
        self._library = library
        self._classifier = Classifier(open_model(self.spec, models, "litert", threads=2))
        self._signatures: dict[str, AlignmentFeatures] = {}
        add_root(library, ROOT)

    def look(self, file: Path, name: str) -> None:
        name = name.replace("/", "_")
        with open_original(stamp(file), 200_000_000) as original:
            picture = original.picture(640)
            evidence, pooled = self._classifier.classify(picture)
            hashes = Hashes(name.encode(), original.hashes(picture).perceptual)
        self._signatures[name] = AlignmentFeatures.of(picture)
        record_outcomes(self._library, [photo(name, evidence.model, pooled.astype("<f2").tobytes(), hashes)])

    def copies(self, file: Path, name: str, copy: Path) -> None:
        with Image.open(file) as opened:
            for kind, (change, quality) in (KINDS | FURTHER).items():
                change(opened.convert("RGB")).save(copy, quality=quality)
                self.look(copy, f"{name}-{kind}")

    def joined(self) -> Joined:
        """Return the pairs that are copies, of those that figures are of."""
        with self._library.reading() as connection:
            names: dict[int, str] = dict(connection.exec_driver_sql("SELECT id, path_text FROM photos").all())
            pairs = near_pairs(connection, self.spec.id, CANDIDATE_CUT)
        told = [(names[pair.photo], names[pair.other]) for pair in pairs]
        return {(one, other) for one, other in told if is_asked(one, other) and self._are_copies(one, other)}

    def _are_copies(self, one: str, other: str) -> bool:
        return bool(are_copies(self._signatures[one], [self._signatures[other]])[0])


def is_asked(one: str, other: str) -> bool:
    """Tell whether a figure is of a pair: of originals, of an original and its copy, or of given copies."""
    (first, kind), (second, other_kind) = one.split("-", 1), other.split("-", 1)
    if one.startswith("g") or other.startswith("g"):
        return one.startswith("g") and other.startswith("g")
    return kind == other_kind == "original" or (first == second and "original" in (kind, other_kind))


def pictured(data: Path, models: Path, every: int = 1) -> Iterator[dict[str, object]]:
    """Yield recall by the kind of copy, and false pairs among photos that are different."""
    pictures = read_pictures(data)[::every]
    groups = rows(data / "near_duplicates" / "groups.csv")
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        predictions = Looker(library, models)
        for number, picture in enumerate(pictures):
            predictions.look(picture.file, f"{number}-original")
            if picture.held_out:
                predictions.copies(picture.file, str(number), Path(folder) / "copy.jpg")
        for row in groups:
            predictions.look(data / "near_duplicates" / row["file"], given_name(row))
        joined = predictions.joined()
    yield from recall(joined, pictures)
    yield from false_pairs(joined, pictures)
    yield from given_groups(joined, groups)


def written(models: Path, each: int = DOCUMENTS_EACH) -> Iterator[dict[str, object]]:
    """Yield false pairs among documents that say different things, and recall of their copies."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        predictions = Looker(library, models)
        kinds: list[str] = []
        for kind, file in documents(Path(folder), each):
            predictions.look(file, f"{len(kinds)}-original")
            predictions.copies(file, str(len(kinds)), Path(folder) / "copy.jpg")
            kinds.append(kind)
        joined = predictions.joined()
    for kind in ("all", *dict.fromkeys(kinds)):
        pairs = list(combinations([number for number, each in enumerate(kinds) if kind in ("all", each)], 2))
        false = sum(holds(joined, f"{one}-original", f"{other}-original") for one, other in pairs)
        yield {"figure": "false pairs of documents", "value": false, "documents": kind, "of": len(pairs)}
    for change in KINDS | FURTHER:
        found = sum(holds(joined, f"{number}-original", f"{number}-{change}") for number in range(len(kinds)))
        value = round(found / len(kinds), 4)
        yield {"figure": "recall of copies of documents", "value": value, "copy": change, "of": len(kinds)}


def cut_at_random() -> Iterator[dict[str, object]]:
    """Yield recall of flat documents of which each side was cut by up to a tenth, or not at all."""
    random = np.random.default_rng(0)
    for kind, make in DOCUMENTS.items():
        found = 0
        for seed in range(FIRST_SEED, FIRST_SEED + CUT_DOCUMENTS):
            page = make(seed)
            sides = random.uniform(0, 0.1, (CUTS_EACH, 4)) * (random.random((CUTS_EACH, 4)) < 0.7)
            boxes = [(left, top, 1 - right, 1 - bottom) for left, top, right, bottom in sides.tolist()]
            cuts = [
                page.crop(tuple(round(side * length) for side, length in zip(box, 2 * page.size, strict=True)))
                for box in boxes
            ]
            found += int(are_copies(features(page), [features(cut) for cut in cuts]).sum())
        of = CUT_DOCUMENTS * CUTS_EACH
        yield {
            "figure": "recall of documents cut at random",
            "value": round(found / of, 3),
            "documents": kind,
            "of": of,
        }


def features(image: Picture) -> AlignmentFeatures:
    return AlignmentFeatures.of(Decoded(np.asarray(image.convert("RGB")), image.size))


def documents(folder: Path, each: int) -> Iterator[tuple[str, Path]]:
    """Yield documents that say different things, flat and photographed: what they are, and their files."""
    for kind, make in DOCUMENTS.items():
        for seed in range(FIRST_SEED, FIRST_SEED + each):
            flat, photo = folder / f"{kind}-{seed}.png", folder / f"{kind}-{seed}.jpg"
            make(seed).save(flat)
            yield f"{kind}, flat", flat
            photographed(make(seed), seed).save(photo, quality=88)
            yield f"{kind}, photographed", photo


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


def given_name(row: dict[str, str]) -> str:
    return f"g{row['group']}-{row['file']}".replace("/", "_")


def given_groups(joined: Joined, groups: list[dict[str, str]]) -> Iterator[dict[str, object]]:
    """Count pairs of copies that others made, name those that are missed, and count pairs that are none."""
    ours = [pair for pair in joined if all(name.startswith("g") for name in pair)]
    wanted = [(one, other) for one, other in combinations(groups, 2) if one["group"] == other["group"]]
    if not groups:
        return
    missed = [(one, other) for one, other in wanted if not holds(joined, given_name(one), given_name(other))]
    false = sum(one.split("-")[0] != other.split("-")[0] for one, other in ours)
    yield {"figure": "pairs of given copies", "value": len(wanted) - len(missed), "of": len(wanted), "false": false}
    for one, other in missed:
        names = f"{one['file']}, {other['file']}"
        yield {"figure": "missed pair of given copies", "value": names, "how": other.get("transform", "")}


def photo(name: str, model: str, vector: bytes, hashes: Hashes) -> Indexed:
    facts = Metadata("JPEG", 4000, 3000), hashes, PixelStats(0.5, 0.5, 0.2, 0.0)
    return Indexed(PhotoFile(ROOT / name, 1, 1), Analysis(*facts, (Evidence(model, b""),), (), (), vector, (model,)))


def made(count: int) -> dict[str, object]:
    """How long it takes where one photo in 50 is a copy; the others lie in crowds, as photos do."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        add_root(library, ROOT)
        for batch in crowds(count):
            record_outcomes(library, batch)
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
