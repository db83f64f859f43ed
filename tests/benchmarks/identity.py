"""Print how well edited photos are told from other photos: python tests/benchmarks/identity.py DATA.

DATA holds imagenet_samples/ and tags_multilabel/ (labels.csv: file) and faces_verify/lfw/ (a folder a person). Each
picture is edited in many ways, as people do it; other photos are any two of one set, and, hardest, two photos of one
person. No capture time is known of any: the rule has to do with the looks. The thresholds were chosen on 900 of the
pictures; figures are of the others. --faces: whether the faces of edited photos are known again, on pictures of
faces_detect/ and faces_verify/; there the thresholds were chosen on 90 of them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
from duplicates import Shown, read_pictures
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from indexer.geometry import Point
from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.library.indexing.same_photo import PhotoTraits, is_same_photo
from indexer.library.photo_rows.same_face import same_faces
from indexer.pipeline.workers.tasks import read_faces
from indexer.values.analysis import Face
from indexer.vision.analyze import Analyzer
from indexer.vision.classify import Classifier
from indexer.vision.model_set import ModelSet
from indexer.vision.runtime import open_model
from indexer.vision.spec import read_specs

Picture = Image.Image
PAIRS = 40_000  # of other photos, of one set
CHOSEN_ON = 900  # pictures


def _inside(picture: Picture, left: float, top: float, right: float, bottom: float) -> Picture:
    width, height = picture.size
    return picture.crop((int(left * width), int(top * height), int(right * width), int(bottom * height)))


def _straightened(picture: Picture) -> Picture:
    return _inside(picture.rotate(4, Image.Resampling.BICUBIC), 0.06, 0.06, 0.94, 0.94)


def _framed(picture: Picture) -> Picture:
    return ImageOps.expand(picture, max(picture.size) // 15, "white")


def _marked(picture: Picture) -> Picture:
    marked = picture.copy()
    ImageDraw.Draw(marked).text((10, picture.height - 30), "© Ann 2024", fill="white", font_size=24)
    return marked


def _warm(picture: Picture) -> Picture:
    red, green, blue = picture.split()
    return Image.merge("RGB", (red.point(lambda v: min(255, v * 1.25)), green, blue.point(lambda v: v * 0.75)))


EDITS: dict[str, Callable[[Picture], Picture]] = {
    "same pixels, other metadata": lambda picture: picture,
    "turned left": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "turned right": lambda picture: picture.transpose(Image.Transpose.ROTATE_270),
    "upside down": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    "mirrored": ImageOps.mirror,
    "10 % cut on all sides": lambda picture: _inside(picture, 0.1, 0.1, 0.9, 0.9),
    "20 % cut on all sides": lambda picture: _inside(picture, 0.2, 0.2, 0.8, 0.8),
    "cut to a square": lambda picture: ImageOps.fit(picture, (min(picture.size),) * 2),
    "the left two thirds": lambda picture: _inside(picture, 0, 0, 0.67, 1),
    "straightened by 4 degrees": _straightened,
    "black and white": lambda picture: ImageOps.grayscale(picture).convert("RGB"),
    "brighter by half": lambda picture: ImageEnhance.Brightness(picture).enhance(1.5),
    "darker by half": lambda picture: ImageEnhance.Brightness(picture).enhance(0.5),
    "contrast by half more": lambda picture: ImageEnhance.Contrast(picture).enhance(1.5),
    "automatic levels": lambda picture: ImageOps.autocontrast(picture, 2),
    "warmer": _warm,
    "half the size": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
    "a white frame": _framed,
    "a name in the corner": _marked,
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
    "turned left, then 10 % cut": lambda picture: _inside(
        picture.transpose(Image.Transpose.ROTATE_90), 0.1, 0.1, 0.9, 0.9
    ),
}


def main() -> None:
    """Measure the data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--every", type=int, default=1, help="only each n-th picture")
    parser.add_argument("--faces", action="store_true", help="measure how faces are known again instead")
    given = parser.parse_args()
    if given.faces:
        for figure in face_figures(given.data, given.models, given.every):
            print(json.dumps(figure), flush=True)
        return
    spec = read_specs()["efficientnet-lite0"]
    classifier = Classifier(open_model(spec, given.models, "litert", threads=2))
    for figure in figures(classifier, held_out(read_pictures(given.data))[:: given.every]):
        print(json.dumps(figure), flush=True)


def figures(classifier: Classifier, pictures: list[Shown]) -> Iterator[dict[str, object]]:
    """Yield how many edits were told to be the same photo, by kind, and how many other photos were."""
    seen = {each: looks(classifier, each.file) for each in pictures}
    for name, edit in EDITS.items():
        same = [is_same_photo(seen[each], edited(classifier, each.file, edit)) for each in pictures]
        yield {"edit": name, "photos": len(same), "taken for the same photo": round(float(np.mean(same)), 4)}
    for name, pairs in others(pictures).items():
        wrong = [(one, other) for one, other in pairs if is_same_photo(seen[one], seen[other])]
        yield {"others": name, "pairs": len(pairs), "taken for the same photo": len(wrong)}


def held_out(pictures: list[Shown]) -> list[Shown]:
    """Return the pictures that were not looked at when the thresholds were chosen."""
    shuffled = list(pictures)
    Random(1).shuffle(shuffled)
    return shuffled[CHOSEN_ON:]


def others(pictures: list[Shown]) -> dict[str, list[tuple[Shown, Shown]]]:
    """Return pairs of different photos by what they are."""
    found: defaultdict[str, list[tuple[Shown, Shown]]] = defaultdict(list)
    for one, other in combinations(pictures, 2):
        if one.subject == other.subject:
            found["two photos of one person"].append((one, other))
        elif one.set == other.set:
            found[f"two {one.set}"].append((one, other))
    return {name: Random(0).sample(pairs, min(len(pairs), PAIRS)) for name, pairs in sorted(found.items())}


FACE_EDITS = ("10 % cut on all sides", "mirrored", "black and white", "brighter by half", "half the size", "blurred")


def face_figures(data: Path, models: Path, every: int) -> Iterator[dict[str, object]]:
    """Yield how many faces are known again after an edit, and how many are taken for another one of the photo."""
    reader = Analyzer.open(
        ModelSet(models, "efficientnet-lite0", "retinaface-mobilenet025", "dlib-face-resnet", "litert")
    )
    files = sorted((data / "faces_detect").rglob("*.jpg")) + sorted((data / "faces_verify").rglob("*.jpg"))[::12]
    known: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for file in files[::every]:
        before = _faces(file, reader)
        for name in FACE_EDITS:
            after = _edited_faces(file, EDITS[name], reader)
            here = [_place(face.box.center, name) for face in before]
            pairs = [(number, _at(place, after)) for number, place in enumerate(here)]
            found = [(number, position) for number, position in pairs if position is not None]
            told = same_faces(dict(enumerate(before)), after)
            known[name] += sum(told.get(position) == number for number, position in found)
            known["mistaken"] += sum(told.get(position, number) != number for number, position in found)
            seen[name] += len(found)
            seen["mistaken"] += len(found)
    for name in (*FACE_EDITS, "mistaken"):
        yield {"faces": name, "found again": seen[name], "known again": round(known[name] / max(1, seen[name]), 4)}


def _faces(file: Path, analyzer: Analyzer) -> list[Face]:
    assert analyzer.face_reader is not None
    return [face for face in read_faces(file, analyzer.face_reader, 10**9) if face.descriptor]


def _edited_faces(file: Path, edit: Callable[[Picture], Picture], analyzer: Analyzer) -> list[Face]:
    with tempfile.TemporaryDirectory() as folder, Image.open(file) as picture:
        path = Path(folder) / "edited.jpg"
        edit(ImageOps.exif_transpose(picture).convert("RGB")).save(path, quality=92)
        return _faces(path, analyzer)


def _place(center: Point, edit: str) -> Point:
    """Return where a point of a picture lies in the edited one."""
    if edit == "mirrored":
        return Point(1 - center.x, center.y)
    return Point((center.x - 0.1) / 0.8, (center.y - 0.1) / 0.8) if edit.startswith("10 %") else center


def _at(place: Point, faces: list[Face]) -> int | None:
    """Return the position of the face that covers a point."""
    for position, face in enumerate(faces):
        box = face.box
        if box.left <= place.x <= box.left + box.width and box.top <= place.y <= box.top + box.height:
            return position
    return None


def looks(classifier: Classifier, file: Path) -> PhotoTraits:
    """Return what the rule compares, as a scan stores it."""
    with open_original(stamp(file), 10**9) as original:
        picture = original.picture(classifier.long_side_px)
        _, pooled = classifier.classify(picture)
        return PhotoTraits(None, original.hashes(picture).perceptual, pooled.astype("<f2").tobytes(), "classifier")


def edited(classifier: Classifier, file: Path, edit: Callable[[Picture], Picture]) -> PhotoTraits:
    """Return the same of an edited picture, saved as JPEG."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edited.jpg"
        with Image.open(file) as picture:
            edit(ImageOps.exif_transpose(picture).convert("RGB")).save(path, quality=92)
        return looks(classifier, path)


if __name__ == "__main__":
    main()
