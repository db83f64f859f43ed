"""Measure how people are told apart, and how fast: python tests/benchmarks/people.py [DATA] [--only PART]

With DATA, a folder with faces_verify: quality, calibration, family (with faces_detect, too) on its photographs.
Without: cluster, search on made-up descriptors (--faces N). One JSON line a figure; the tables stand in
docs/measurements/people.md.
"""

from __future__ import annotations

import resource
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from unittest.mock import patch

import numpy as np
from face_truth import pairs, picture
from numpy.typing import NDArray
from parts import Figure, face_eyes, parser, print_lines, rows
from sqlalchemy import select

from indexer.config.config import Config
from indexer.library.db.descriptors import Descriptors
from indexer.library.db.user_tables import person_faces
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.people.clustering import cluster
from indexer.library.people.corrections import give_faces
from indexer.library.people.evidence import doubtful
from indexer.library.people.grouping import group
from indexer.library.people.people import PlacedFace, faces_in
from indexer.library.people.similar_faces import Likelihood, like_person
from indexer.library.roots import add_root
from indexer.library.store import Library
from indexer.values.analysis import Analysis, Descriptor, Face
from indexer.values.files import Hashes, Metadata, PhotoFile, PixelStats
from indexer.values.outcomes import Indexed
from indexer.vision.spec import read_specs

SPEC = read_specs()[Config().describer]
LIMITS = SPEC.thresholds
ROOT = Path("/photos")
DISTANCES = (0.35, 0.36, 0.37, LIMITS["cluster_distance"], 0.38, 0.39)
# As measured on photographs: the length of the mean descriptor, and the distances of one and of two people's faces.
SUGGESTED = 0.6  # probability from which a person's page suggests a face
MANY = 4  # photos of a person who is there often
GROUP_PHOTO = "group photo "
STRANGER_LIMITS = (float("inf"), 1.0, 0.1, 0.05, 0.02, 0.01)
MEAN_LENGTH, SAME_DISTANCE, OTHER_DISTANCE = 1.3, 0.43, 0.81
SPREAD = 40  # numbers that people differ in, of 128: it makes the distances of strangers spread by 0.09


@dataclass(frozen=True)
class Known:
    """Faces of known people."""

    vectors: NDArray[np.float32]
    people: NDArray[np.int64]


@dataclass(frozen=True)
class Portrait:
    """A photograph of a known person, who is nearest the middle; subset: 'lfw…' or another."""

    file: str
    identity: str
    subset: str
    faces: Sequence[Face]

    @property
    def vector(self) -> NDArray[np.float32]:
        told = self.faces[middle(self.faces)].descriptor
        assert told is not None
        return told.vector


def made_up(count: int, seed: int = 1) -> Known:
    """Return descriptors whose distances spread as those of photographs do; people have 1 to 2,000 faces."""
    random = np.random.default_rng(seed)
    sizes = np.minimum(2000, 1 + random.pareto(0.9, count)).astype(np.int64)
    people = np.repeat(np.arange(count), sizes)[:count]
    within = SAME_DISTANCE**2 / 2
    between = OTHER_DISTANCE**2 / 2 - within
    scale = np.zeros(128, np.float32)
    scale[:SPREAD] = np.sqrt(between / SPREAD)
    centers = random.normal(0, 1, (int(people[-1]) + 1, 128)).astype(np.float32) * scale
    noise = np.sqrt(within * random.gamma(16, 1 / 16, count) / 128)[:, None]
    vectors = centers[people] + random.normal(0, 1, (count, 128)).astype(np.float32) * noise
    vectors += MEAN_LENGTH / np.sqrt(128)
    order = random.permutation(count)
    return Known(vectors[order].astype(np.float32), people[order])


def f1(people: NDArray[np.int64], groups: NDArray[np.int64]) -> dict[str, float]:
    """Return precision, recall and F1 over all pairs of faces."""
    both = _pairs(people * (int(groups.max()) + 1) + groups)
    precision, recall = both / max(1, _pairs(groups)), both / max(1, _pairs(people))
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / max(1e-9, precision + recall)}


def clustering(count: int) -> Iterator[Figure]:
    """Group made-up faces."""
    known = made_up(count)
    began = perf_counter()
    groups = cluster(known.vectors, LIMITS["cluster_distance"])
    seconds = perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    yield {"figure": "clustering", "faces": count, "seconds": seconds, "peak_gb": peak, **f1(known.people, groups)}


def search(count: int) -> Iterator[Figure]:
    """Look for faces among made-up ones."""
    known = made_up(count)
    squares = np.einsum("ij,ij->i", known.vectors, known.vectors)
    held = Descriptors(np.arange(count), known.vectors, squares)
    wanted = [Descriptor.of("made-up", known.vectors[row]) for row in range(0, count, count // 100)]
    times = []
    for each in wanted:
        began = perf_counter()
        held.within(each, 0.6)
        times.append(1000 * (perf_counter() - began))
    yield {
        "figure": "face search",
        "faces": count,
        "p50_ms": float(np.median(times)),
        "p99_ms": float(np.quantile(times, 0.99)),
    }


def figures(data: Path, models: Path, every: int = 1) -> Iterator[Figure]:
    """Yield how well faces are grouped with the shipped settings, and what the distances of strangers are."""
    seen = described(data, models, every)
    yield from grouping(seen, [LIMITS["cluster_distance"]])
    yield from family_figures(seen + strangers(data, models))
    yield from distances(seen, data)


def quality(data: Path, models: Path) -> Iterator[Figure]:
    """Group with several distances; choose one on a random half of the people, and judge it on the other."""
    seen = described(data, models)
    yield from grouping(seen, DISTANCES)
    held_out = []
    for seed in range(4):
        halves = [[told["value"] for told in _grouped(half, DISTANCES)] for half in _halves(seen, seed)]
        for one, other in (halves, halves[::-1]):
            held_out.append(other[one.index(max(one))])
    mean, spread = float(np.mean(held_out)), float(np.std(held_out))
    yield {"figure": "pairwise F1, distance of the other half", "value": mean, "spread": spread, "of": len(held_out)}


def grouping(seen: Sequence[Portrait], limits: Sequence[float]) -> Iterator[Figure]:
    """Group the faces of photographs: halves of the people of LFW, the other sets, and all together."""
    lfw = [each for each in seen if each.subset.startswith("lfw")]
    first, second = _halves(lfw, 0)
    other = [each for each in seen if each not in lfw]
    parts = {"lfw, first half": first, "lfw, second half": second, "lfw": lfw, "other": other, "all": seen}
    for name, part in parts.items():
        for told in _grouped(part, limits) if part else ():
            yield {"figure": "pairwise F1 of people", "set": name, "of": len(part), **told}


def _halves(seen: Sequence[Portrait], seed: int) -> tuple[list[Portrait], list[Portrait]]:
    """Return the photographs of two halves of the people."""
    names = sorted({each.identity for each in seen})
    first = {names[number] for number in np.random.default_rng(seed).permutation(len(names))[::2]}
    return [each for each in seen if each.identity in first], [each for each in seen if each.identity not in first]


def _grouped(seen: Sequence[Portrait], limits: Sequence[float]) -> Iterator[Figure]:
    """Group all faces in a library, as the program does, and judge those nearest the middle."""
    people = np.unique([each.identity for each in seen], return_inverse=True)[1].astype(np.int64)
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        add_root(library, ROOT)
        record_outcomes(library, [_indexed(each) for each in seen])
        for distance in limits:
            group(library, SPEC.id, distance=distance, min_quality=LIMITS["quality"], again=True)
            shown = [faces_in(library, ROOT / each.file) for each in seen]
            whose = [faces[middle(faces)].person or -number for number, faces in enumerate(shown, 1)]
            told = f1(people, np.unique(whose, return_inverse=True)[1].astype(np.int64))
            yield {"value": told.pop("f1"), "distance": distance, **told}


def _indexed(each: Portrait) -> Indexed:
    """Return a photograph as if it had been scanned: its faces, and nothing else."""
    content = Hashes(each.file.encode(), blake2b(each.file.encode(), digest_size=8).digest())  # no copies of each other
    analysis = Analysis(
        Metadata("JPEG", 250, 250), content, PixelStats(0.5, 0.5, 0.2, 0.0), (), (), tuple(each.faces), b"", (SPEC.id,)
    )
    return Indexed(PhotoFile(ROOT / each.file, 1, 1), analysis)


def family(data: Path, models: Path) -> Iterator[Figure]:
    """Group a library like a family's: people with 4 photos or more, people seen once, strangers in group photos.

    The limit of expected strangers is chosen on one half of the people, and judged on the other.
    """
    seen = _like_a_family(described(data, models) + strangers(data, models))
    halves = [[*_told(half)] for half in _halves(seen, 0)]
    for name, told in (("all", [*_told(seen)]), ("first half", halves[0]), ("second half", halves[1])):
        for each in told:
            yield {"figure": "family", "set": name, **each}


def family_figures(seen: Sequence[Portrait]) -> Iterator[Figure]:
    """Yield the figures of a library like a family's that have a goal."""
    seen = _like_a_family(seen)
    if max(Counter(each.identity for each in seen if each.subset != GROUP_PHOTO).values(), default=0) < MANY:
        return
    told = _judged_family(seen)
    yield {"figure": "pairwise F1 of people with many photos", "value": told["value"], "recall": told["recall"]}
    once, found = told["once"], told["once_in_a_group"]
    yield {"figure": "people seen once in a group", "value": found / max(1, once), "found": found, "of": once}
    shown, right = told["suggested"], told["suggested_right"]
    if shown:
        yield {"figure": "suggested faces that are right", "value": right / shown, "right": right, "of": shown}


def _like_a_family(seen: Sequence[Portrait]) -> list[Portrait]:
    """Leave out the people with two or three photos."""
    counts = Counter(each.identity for each in seen)
    return [each for each in seen if counts[each.identity] >= MANY or counts[each.identity] == 1]


def strangers(data: Path, models: Path) -> list[Portrait]:
    """Describe the group photos of faces_detect, without those whose people are in faces_verify."""
    eye, teller = face_eyes(models)
    found = []
    for row in rows(data / "faces_detect" / "images.csv"):
        if not row["file"].startswith("faceapi/"):
            whole = picture(data / "faces_detect" / row["file"])
            if faces := teller.describe(whole, eye.detect(whole)):
                found.append(Portrait(row["file"], f"{GROUP_PHOTO}{row['file']}", GROUP_PHOTO, faces))
    return found


def _told(seen: Sequence[Portrait]) -> Iterator[Figure]:
    """Yield the figures of a library for each limit of expected strangers."""
    for limit in STRANGER_LIMITS:
        with patch("indexer.library.people.grouping.doubtful", partial(doubtful, strangers=limit)):
            yield {"strangers": limit, **_judged_family(seen)}


def _judged_family(seen: Sequence[Portrait]) -> Figure:
    known = [each for each in seen if each.subset != GROUP_PHOTO]
    counts = Counter(each.identity for each in known)
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        add_root(library, ROOT)
        record_outcomes(library, [_indexed(each) for each in seen])
        group(library, SPEC.id, distance=LIMITS["cluster_distance"], min_quality=LIMITS["quality"])
        shown = [faces_in(library, ROOT / each.file) for each in known]
        suggested = _suggested(library, seen, counts)
    whose = np.array([faces[middle(faces)].person or -number for number, faces in enumerate(shown, 1)])
    often = np.array([counts[each.identity] >= MANY for each in known])
    people = np.unique([each.identity for each in known], return_inverse=True)[1].astype(np.int64)
    told = f1(people[often], np.unique(whose[often], return_inverse=True)[1].astype(np.int64))
    once = whose[~often]
    return {"value": told.pop("f1"), **told, "once_in_a_group": int((once > 0).sum()), "once": len(once), **suggested}


def _suggested(library: Library, seen: Sequence[Portrait], counts: Counter[str]) -> Figure:
    """Count the faces that the pages of people suggest, and the right ones.

    The pages are those of the groups, and of each face of a person with several photos that came into no group, had the
    user named it.
    """
    whose = {}
    for each in seen:
        faces = faces_in(library, ROOT / each.file)
        for face in faces:
            is_known = each.subset != GROUP_PHOTO and face is faces[middle(faces)]
            whose[face.number] = each.identity if is_known else f"stranger {face.number}"
            if is_known and face.person is None and counts[each.identity] >= MANY:
                with library.writing() as connection:
                    give_faces(connection, [face.number], f"face {face.number}")
    likely = Likelihood.of(library, SPEC.id, LIMITS)
    with library.reading() as connection:
        members = [(row.person_id, row.face_id) for row in connection.execute(select(person_faces))]
    pages: dict[int, list[str]] = {}
    for person, face in members:
        pages.setdefault(person, []).append(whose[face])
    shown = right = 0
    for person, names in pages.items():
        (name, _), *_ = Counter(names).most_common(1)
        _, found = like_person(library, person, SPEC.id, threshold=LIMITS["distance"], limit=24)
        for match in found:
            if likely.probability(match.distance) >= SUGGESTED:
                shown, right = shown + 1, right + (whose[match.face.number] == name)
    return {"pages": len(pages), "suggested": shown, "suggested_right": right}


def calibration(data: Path, models: Path) -> Iterator[Figure]:
    """Fit the probability to the distances of all pairs, and of those within each half of the people."""
    seen = described(data, models)
    apart, same, people = _all_pairs([each for each in seen if each.subset.startswith("lfw")])
    yield {"figure": "logistic", **_logistic(apart, same), "same": int(same.sum()), "different": int((~same).sum())}
    for half in (0, 1):
        mine = (people % 2 == half).all(0)
        yield {"figure": f"logistic, half {half}", **_logistic(apart[mine], same[mine])}
    yield from distances(seen, data)


def distances(seen: Sequence[Portrait], data: Path) -> Iterator[Figure]:
    """Compare all pairs of LFW's faces, and those that are known of others: distance → false matches and misses."""
    apart, same, _ = _all_pairs([each for each in seen if each.subset.startswith("lfw")])
    yield from _rates("lfw", apart, same)
    at = {data / "faces_verify" / each.file: each.vector for each in seen}
    known = [(at[one], at[two], same) for one, two, same in pairs(data, "other") if {one, two} <= at.keys()]
    apart = np.array([np.linalg.norm(one - two) for one, two, _ in known])
    yield from _rates("other", apart, np.array([same for *_, same in known], bool))


def _rates(name: str, apart: NDArray[np.float64], same: NDArray[np.bool_]) -> Iterator[Figure]:
    for limit in np.arange(0.3, 0.71, 0.05).round(2).tolist() if 0 < same.sum() < len(same) else ():
        yield {
            "figure": "false match rate",
            "value": float((apart[~same] <= limit).mean()),
            "set": name,
            "distance": limit,
            "missed": float((apart[same] > limit).mean()),
            "probability": Likelihood(LIMITS["even_distance"], LIMITS["log_odds"], 1).probability(limit),
            "of": int((~same).sum()),
        }


def middle(faces: Sequence[Face | PlacedFace]) -> int:
    """Return which face is nearest the middle."""
    apart = [np.hypot(face.box.center.x - 0.5, face.box.center.y - 0.5) for face in faces]
    return int(np.argmin(apart))


def _all_pairs(seen: Sequence[Portrait]) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return for all pairs: the distance, whether it is one person, and the numbers of the two, int64[2, m]."""
    vectors = np.array([each.vector for each in seen], np.float64)
    people = np.unique([each.identity for each in seen], return_inverse=True)[1].astype(np.int64)
    ends = np.stack(np.triu_indices(len(seen), 1))
    apart = [np.linalg.norm(vectors[one] - vectors[two], axis=1) for one, two in np.array_split(ends, 50, axis=1)]
    whose = people[ends]
    return np.concatenate(apart), whose[0] == whose[1], whose


def _logistic(apart: NDArray[np.float64], same: NDArray[np.bool_]) -> dict[str, float]:
    """Fit the odds that two faces are one person's, both kinds of pairs having the same weight together."""
    weights = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    inputs = np.stack([np.ones_like(apart), apart], 1)
    found = np.zeros(2)
    for _ in range(50):
        told = 1 / (1 + np.exp(-inputs @ found))
        slope = (inputs * (weights * told * (1 - told))[:, None]).T @ inputs
        found += np.linalg.solve(slope, inputs.T @ (weights * (same - told)))
    return {"even_distance": float(-found[0] / found[1]), "log_odds": float(-found[1])}


def described(data: Path, models: Path, every: int = 1) -> list[Portrait]:
    """Describe the faces of the photographs of each n-th person of faces_verify; those without one are left out."""
    eye, teller = face_eyes(models)
    known = rows(data / "faces_verify" / "identities.csv")
    people = sorted({row["identity"] for row in known})[::every]
    seen = []
    for row in (row for row in known if row["identity"] in people):
        whole = picture(data / "faces_verify" / row["file"])
        faces = teller.describe(whole, eye.detect(whole))
        if faces:
            seen.append(Portrait(row["file"], row["identity"], row["subset"], faces))
    return seen


def _pairs(groups: NDArray[np.int64]) -> float:
    sizes = np.unique(groups, return_counts=True)[1].astype(np.float64)
    return float((sizes * (sizes - 1) / 2).sum())


def main() -> None:
    """Measure the parts that are asked for."""
    asked = parser(__doc__, needs_data=False)
    asked.add_argument("--only", choices=[*OF_DATA, *OF_NOTHING])
    asked.add_argument("--faces", type=int, default=100_000)
    given = asked.parse_args()
    of_data = {name: partial(part, given.data, given.models) for name, part in OF_DATA.items()}
    parts = of_data if given.data else {name: partial(part, given.faces) for name, part in OF_NOTHING.items()}
    if given.only and given.only not in parts:
        asked.error(f"{given.only} needs {'no folder' if given.data else 'a folder'} of photographs")
    for name in [given.only] if given.only else parts:
        print_lines(parts[name]())


OF_DATA = {"quality": quality, "family": family, "calibration": calibration}
OF_NOTHING = {"cluster": clustering, "search": search}

if __name__ == "__main__":
    main()
