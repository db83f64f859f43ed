"""Print docs/measurements/faces.md: python tests/benchmarks/faces.py DATA [detect|verify|quality|detail …]

DATA is a folder with faces_detect, faces_verify and tags_multilabel.  The models are built where they are not yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
from face_truth import Marked, marked, pairs, picture, without_people
from numpy.typing import NDArray
from parts import Figure, face_eyes, parser
from PIL import Image, ImageFilter

from indexer.values.analysis import Face
from indexer.values.files import Picture
from indexer.vision.faces.align import chip
from indexer.vision.faces.anchors import Detections
from indexer.vision.faces.describe import Describer, landmarks_px
from indexer.vision.faces.detect import _CLOSE, Detector, _score, agreed
from indexer.vision.runtime import FakeModel, Model

LARGE_PX = 1024
Faces = dict[tuple[Path, bool], list[Face]]


class OneLook(Detector):
    """Believes the look at the whole picture."""

    def _judged(self, pixels: NDArray[np.uint8], proposal: Detections) -> Detections:
        del pixels
        return proposal


class TwoLooks(Detector):
    """Looks closely at each proposal, and never a third time."""

    def _judged(self, pixels: NDArray[np.uint8], proposal: Detections) -> Detections:
        close = self._close_up(pixels, proposal, *_CLOSE)
        score = np.array([agreed([_score(proposal), _score(close)])], np.float32)
        better = close if len(close) else proposal
        return Detections(better.boxes, score, better.landmarks)


WAYS: list[tuple[str, type[Detector], int, Sequence[float]]] = [
    ("one look, 640 px", OneLook, 640, (0.5, 0.8, 0.9)),
    ("one look, 768 px", OneLook, 768, (0.5, 0.8, 0.9)),
    ("one look, 1024 px", OneLook, 1024, (0.5, 0.8, 0.9)),
    ("640 px, close-up", TwoLooks, 640, (0.7, 0.8)),
    ("768 px, close-up", TwoLooks, 768, (0.7, 0.8)),
    ("640 px, close-up, third look", Detector, 640, (0.6, 0.7, 0.8)),
    ("768 px, close-up, third look", Detector, 768, (0.6, 0.7, 0.8)),
    ("1024 px, close-up, third look", Detector, 1024, (0.6, 0.7, 0.8)),
]


def figures(data: Path, models: Path, every: int = 1) -> Iterator[Figure]:
    """Yield how many faces are found and invented, and how often two photos are told right at the shipped distance."""
    eye, teller = face_eyes(models)
    yield from found_figures(data, eye, every)
    limit = teller.model.spec.thresholds["distance"]
    for name in ("lfw", "other"):
        known = pairs(data, name)[::every]
        vectors = _vectors(eye, teller.model, {path for pair in known for path in pair[:2]})
        right = [(_distance(vectors, one, two, 1) <= limit) == same for one, two, same in known]
        if known:
            yield {"figure": "same or different", "value": float(np.mean(right)), "pairs": name, "of": len(known)}


def found_figures(data: Path, eye: Detector, every: int) -> Iterator[Figure]:
    """Yield the share of clear faces that are found, and how many are invented."""
    known = marked(data)[::every]
    people = [each for each in known if each.kind != "negative"]
    if people:
        clear, hits, false = np.sum([each.verdict(eye.detect(picture(each.path))) for each in people], 0).tolist()
        yield {"figure": "recall of clear faces", "value": hits / max(1, clear), "of": clear}
        yield {"figure": "false faces a picture of people", "value": false / len(people), "of": len(people)}
    hostile = [each for each in known if each.kind == "negative"]
    for kind, empty in (("hostile", hostile), ("calm", without_people(data)[::every])):
        if empty:
            false = sum(len(eye.detect(picture(each.path))) for each in empty)
            yield {"figure": f"false faces a {kind} picture", "value": false / len(empty), "of": len(empty)}


def detect(data: Path, detector: Model, describer: Model) -> Iterator[str]:
    """Find the faces of group photos and of what only looks like faces, in many ways."""
    people, calm = marked(data), without_people(data)
    hostile = [each for each in people if each.kind == "negative"]
    yield "| looks | score ≥ | recall | halves | false: groups | a hostile picture | enlarged | a calm one | ms |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, kind, size_px, scores in WAYS:
        eye = kind(_tuned(detector, size_px, min(scores)))
        seen: Faces = {}
        for each in (*people, *calm):
            seen[each.path, False] = eye.detect(picture(each.path))
        for each in hostile:
            seen[each.path, True] = eye.detect(picture(each.path, LARGE_PX))
        milliseconds = _milliseconds(eye, calm[:50])
        for score in scores:
            verdicts = [_verdict(each, seen, score) for each in people]
            clear, hits, false = np.sum([v for v, each in zip(verdicts, people, strict=True) if each not in hostile], 0)
            halves = [np.sum(verdicts[half::2], 0) for half in (0, 1)]
            cells = [
                f"{hits / clear:.3f}",
                " / ".join(f"{half[1] / half[0]:.3f}" for half in halves),
                f"{false}",
                f"{_false(hostile, seen, score):.3f}",
                f"{_false(hostile, seen, score, enlarged=True):.3f}",
                f"{_false(calm, seen, score):.3f}",
                f"{milliseconds:.0f}",
            ]
            yield f"| {name} | {score} | {' | '.join(cells)} |"
    yield f"\n{clear} clear faces, {len(hostile)} hostile pictures, {len(calm)} calm ones."
    yield f"Enlarged: the hostile ones to {LARGE_PX} px. ms: a calm one, enlarged, on one core."


def verify(data: Path, detector: Model, describer: Model) -> Iterator[str]:
    """Tell whether two photos show one person; the face nearest the middle counts."""
    yield "| pairs | landmarks | descriptor | right at 0.6 | missed | mistaken | best threshold |"
    yield "|---|---|---|---|---|---|---|"
    for name in ("lfw", "other"):
        known = pairs(data, name)
        for looks, kind in (("first look", OneLook), ("close-up", Detector)):
            vectors = _vectors(kind(_tuned(detector, 768, 0.5)), describer, {path for one in known for path in one[:2]})
            for about, number in (("chip", 0), ("mean with mirror image", 1)):
                distances = [_distance(vectors, one, two, number) for one, two, _ in known]
                cells = _verified(np.array(distances), np.array([same for *_, same in known]))
                yield f"| {name} | {looks} | {about} | {cells} |"


def quality(data: Path, detector: Model, describer: Model) -> Iterator[str]:
    """Compare faces made worse with clean ones of the same person, and with each other; sort by quality."""
    eye, teller = Detector(detector), Describer(describer)
    known = [pair for pair in pairs(data, "lfw") if pair[2]][::2]
    clean = {path: _middle_face(eye, teller, picture(path)) for pair in known for path in pair[:2]}
    verdicts: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for about, worse in WORSE.items():
        bad = {one: _middle_face(eye, teller, worse(picture(one))) for one, _, _ in known}
        for one, two, _ in known:
            if (face := bad[one]) and (other := clean[two]):
                others = [each for path, each in bad.items() if path.parent != one.parent and each]
                mistaken = np.mean([_apart(face, each) < 0.6 for each in others])
                verdicts[min(9, int(face.quality * 10))].append((float(_apart(face, other) >= 0.6), float(mistaken)))
        judged = np.array([face.quality for face in bad.values() if face])
        yield f"{about}: quality {np.median(judged):.2f} (median), below 0.6: {np.mean(judged < 0.6):.2f}"
    yield "\n| quality | faces | missed in a clean photo | mistaken for an equally bad other | 1 − 2 × wrong |"
    yield "|---|---|---|---|---|"
    for step, found in sorted(verdicts.items()):
        missed, mistaken = np.mean(found, axis=0)
        cells = f"{len(found)} | {missed:.3f} | {mistaken:.3f} | {1 - missed - mistaken:.2f}"
        yield f"| {step / 10:.1f} … {step / 10 + 0.1:.1f} | {cells} |"


def detail(data: Path, detector: Model, describer: Model) -> Iterator[str]:
    """Reduce photos with large faces; measure how far their descriptors move."""
    eye, teller = Detector(detector), Describer(describer)
    moved: dict[float, list[tuple[float, float]]] = defaultdict(list)
    for path in sorted({path for pair in pairs(data, "other") for path in pair[:2]}):
        full = picture(path)
        for face in teller.describe(full, eye.detect(full)):
            now = 1 / _chip_scale(full, face)
            for wanted in (0.7, 0.5, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1) if now > 1 else ():
                small = _reduced(full, wanted / now)
                again = max(eye.detect(small), key=lambda each: each.box.overlap(face.box), default=None)
                if again is not None and again.box.overlap(face.box) > 0.3:
                    far, near = (_apart(face, teller.describe(each, [again])[0]) for each in (small, full))
                    moved[wanted].append((far, near))
    yield "| detail | faces found | moved | moved, chip from the original |"
    yield "|---|---|---|---|"
    for wanted, found in moved.items():
        far, near = np.mean(found, axis=0)
        yield f"| {wanted} | {len(found)} | {far:.3f} | {near:.3f} |"


def _reduced(whole: Picture, ratio: float) -> Picture:
    size = (max(8, round(whole.size[0] * ratio)), max(8, round(whole.size[1] * ratio)))
    return Picture(np.asarray(Image.fromarray(whole.pixels).resize(size, Image.Resampling.BOX)), size)


def _blurred(whole: Picture, radius: float | tuple[float, float]) -> Picture:
    image = Image.fromarray(whole.pixels).filter(ImageFilter.GaussianBlur(radius))
    return replace(whole, pixels=np.asarray(image))


WORSE: dict[str, Callable[[Picture], Picture]] = {
    "as it is": lambda whole: whole,
    "half size": lambda whole: _reduced(whole, 0.5),
    "quarter size (face of 25 px)": lambda whole: _reduced(whole, 0.25),
    "sixth size (face of 17 px)": lambda whole: _reduced(whole, 0.17),
    "blur 2.5 px": lambda whole: _blurred(whole, 2.5),
    "blur 4 px": lambda whole: _blurred(whole, 4),
    "blur 6 px": lambda whole: _blurred(whole, 6),
    "motion 5 px": lambda whole: _blurred(whole, (5, 0)),
    "blur 5 px, then quarter size": lambda whole: _reduced(_blurred(whole, 5), 0.25),
}


def _tuned(model: Model, size_px: int, score: float) -> Model:
    spec = model.spec
    thresholds = {**spec.thresholds, "score": score}
    return FakeModel(replace(spec, input=replace(spec.input, size_px=size_px), thresholds=thresholds), model.run)


def _milliseconds(eye: Detector, pictures: list[Marked]) -> float:
    """Return the time that an ordinary photo takes, of the size that a decoder gives; the best of three, each."""
    wholes = [picture(each.path, LARGE_PX) for each in pictures]
    return 1000 * float(np.mean([min(_seconds(eye, whole) for _ in range(3)) for whole in wholes]))


def _seconds(eye: Detector, whole: Picture) -> float:
    before = perf_counter()
    eye.detect(whole)
    return perf_counter() - before


def _verdict(each: Marked, seen: Faces, score: float) -> tuple[int, int, int]:
    return each.verdict([face for face in seen[each.path, False] if face.score >= score])


def _false(pictures: list[Marked], seen: Faces, score: float, enlarged: bool = False) -> float:
    return float(np.mean([sum(face.score >= score for face in seen[each.path, enlarged]) for each in pictures]))


def _vectors(eye: Detector, describer: Model, paths: set[Path]) -> dict[Path, NDArray[np.float32]]:
    """Describe the face nearest the middle, float32[2, 128]: by its chip, and by the mean with its mirror image."""
    vectors = {}
    for path in sorted(paths):
        whole = picture(path)
        face = _nearest_middle(eye.detect(whole))
        if face is not None:
            both = Describer(describer)._vectors(chip(whole.pixels, landmarks_px(whole, face)))
            vectors[path] = np.stack([both[0], both.mean(axis=0)])
    return vectors


def _middle_face(eye: Detector, teller: Describer, whole: Picture) -> Face | None:
    face = _nearest_middle(eye.detect(whole))
    return teller.describe(whole, [face])[0] if face else None


def _nearest_middle(faces: list[Face]) -> Face | None:
    return min(faces, key=lambda face: np.hypot(face.box.center.x - 0.5, face.box.center.y - 0.5), default=None)


def _distance(vectors: dict[Path, NDArray[np.float32]], one: Path, two: Path, number: int) -> float:
    if one not in vectors or two not in vectors:
        return np.inf  # without a face, nobody is recognized
    return float(np.linalg.norm(vectors[one][number] - vectors[two][number]))


def _apart(one: Face, two: Face) -> float:
    assert one.descriptor is not None
    assert two.descriptor is not None
    return float(np.linalg.norm(one.descriptor.vector - two.descriptor.vector))


def _chip_scale(whole: Picture, face: Face) -> float:
    eyes = landmarks_px(whole, face)[:2]
    return 55.2 / float(np.hypot(*(eyes[1] - eyes[0])))  # the eyes are 55.2 px apart in a chip


def _verified(distances: NDArray[np.float64], same: NDArray[np.bool_]) -> str:
    right = ((distances < 0.6) == same).mean()
    best, threshold = max((((distances < t) == same).mean(), t) for t in np.arange(0.4, 0.8, 0.005))
    missed, mistaken = (distances[same] >= 0.6).sum(), (distances[~same] < 0.6).sum()
    return f"{right:.4f} | {missed} of {same.sum()} | {mistaken} of {(~same).sum()} | {best:.4f} at {threshold:.3f}"


def main() -> None:
    """Measure the parts that are asked for, all where none is."""
    parts = {part.__name__: part for part in (detect, verify, quality, detail)}
    asked = parser(__doc__)
    asked.add_argument("parts", nargs="*", choices=[[], *parts])
    given = asked.parse_args()
    eye, teller = face_eyes(given.models)
    for name in given.parts or parts:
        print(f"\n{name}\n")
        for line in parts[name](given.data, eye.model, teller.model):
            print(line, flush=True)


if __name__ == "__main__":
    main()
