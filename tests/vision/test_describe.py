"""Descriptors: dlib's own numbers, near for one person, far for two; and when a larger picture is worth decoding."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import dlib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from indexer.geometry import Box, Point
from indexer.values.analysis import Face
from indexer.values.files import Picture
from indexer.vision.faces.align import TEMPLATE, chip, template
from indexer.vision.faces.describe import Describer, landmarks_px
from indexer.vision.faces.detect import Detector
from indexer.vision.preprocess import normalized
from indexer.vision.runtime import FakeModel, open_model
from indexer.vision.spec import read_specs
from indexer.vision.spec_tensors import Output

SPECS = read_specs()
SPEC = SPECS["dlib-face-resnet"]
NAMES = ("astronaut", "hopper")


@pytest.fixture(scope="module")
def detector(models: Path) -> Detector:
    return Detector(open_model(SPECS["retinaface-mobilenet025"], models, "litert"))


@pytest.fixture(scope="module")
def describer(models: Path) -> Describer:
    return Describer(open_model(SPEC, models, "litert"))


@pytest.fixture(scope="module")
def images(samples: dict[str, Path]) -> dict[str, Image.Image]:
    return {name: Image.open(samples[name]).convert("RGB") for name in NAMES}


@pytest.fixture(scope="module")
def referee() -> dlib.face_recognition_model_v1:
    package = find_spec(SPEC.weights.file.split("/")[0])
    assert package is not None
    assert package.origin is not None
    return dlib.face_recognition_model_v1(str(Path(package.origin).parents[1] / SPEC.weights.file))


def _picture(image: Image.Image) -> Picture:
    return Picture(np.asarray(image), image.size)


def _face(image: Image.Image, detector: Detector, describer: Describer) -> Face:
    faces = describer.describe(_picture(image), detector.detect(_picture(image)))
    assert len(faces) == 1
    return faces[0]


def _vector(face: Face) -> NDArray[np.float32]:
    assert face.descriptor is not None
    return face.descriptor.vector


def _distance(one: Face, two: Face) -> float:
    return float(np.linalg.norm(_vector(one) - _vector(two)))


@pytest.mark.parametrize("name", NAMES)
def test_a_descriptor_is_the_mean_of_dlibs_for_the_chip_and_its_mirror_image(
    name: str,
    images: dict[str, Image.Image],
    detector: Detector,
    describer: Describer,
    referee: dlib.face_recognition_model_v1,
) -> None:
    face = _face(images[name], detector, describer)
    picture = _picture(images[name])
    cut = chip(picture.pixels, landmarks_px(picture, face))
    mirrored = np.ascontiguousarray(cut[:, ::-1])
    theirs = [np.array(referee.compute_face_descriptor(each)) for each in (cut, mirrored)]
    assert abs(_vector(face) - np.mean(theirs, axis=0)).max() <= 1e-5
    assert face.descriptor is not None
    assert face.descriptor.model == SPEC.id


def test_two_people_are_told_apart(images: dict[str, Image.Image], detector: Detector, describer: Describer) -> None:
    one, two = (_face(images[name], detector, describer) for name in NAMES)
    assert _distance(one, two) > SPEC.thresholds["distance"]


@pytest.mark.parametrize("name", NAMES)
def test_a_person_stays_the_same_when_the_photo_is_changed(
    name: str, images: dict[str, Image.Image], detector: Detector, describer: Describer
) -> None:
    image = images[name]
    face = _face(image, detector, describer)
    for changed in (
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        image.rotate(15, Image.Resampling.BICUBIC),
        image.resize((image.width // 2, image.height // 2)),
        image.resize((image.width * 3, image.height * 3)),
        image.convert("L").convert("RGB"),
    ):
        assert _distance(face, _face(changed, detector, describer)) < SPEC.thresholds["distance"] / 2


@pytest.mark.parametrize("name", NAMES)
def test_a_clear_face_passes_the_quality_threshold_and_a_small_blurred_one_does_not(
    name: str, images: dict[str, Image.Image], detector: Detector, describer: Describer
) -> None:
    image = images[name]
    face = _face(image, detector, describer)
    assert face.quality > 0.9
    to_20_px = 20 / (face.box.height * image.height)
    small = image.resize((round(image.width * to_20_px), round(image.height * to_20_px)))
    blurred = _picture(small.filter(ImageFilter.GaussianBlur(1)))
    assert describer.describe(blurred, [face])[0].quality < SPEC.thresholds["quality"]


def test_faces_keep_their_order_and_what_the_detector_said(
    images: dict[str, Image.Image], detector: Detector, describer: Describer
) -> None:
    both = Image.new("RGB", (1024, 600))
    both.paste(images["astronaut"], (0, 0))
    both.paste(images["hopper"], (512, 0))
    picture = _picture(both)
    found = detector.detect(picture)
    assert len(found) == 2
    for order in (found, found[::-1]):
        described = describer.describe(picture, order)
        assert [(face.box, face.score, face.landmarks) for face in described] == [
            (face.box, face.score, face.landmarks) for face in order
        ]
    assert describer.describe(picture, []) == []


def _sketched(detail: float, size: tuple[int, int]) -> Face:
    """Make a face that has `detail` pixels of a picture of this size to a pixel of its chip."""
    points = TEMPLATE * detail / size
    return Face(Box(0, 0, 0.1, 0.1), 1.0, 0.0, tuple(Point(*map(float, point)) for point in points), None)


@pytest.mark.parametrize(
    ("details", "full", "wanted"),
    [
        ([], (4000, 3000), None),  # nobody there
        ([1.0], (4000, 3000), None),  # large enough
        ([0.175], (1000, 750), None),  # small, but the original has no more
        ([0.175], (4000, 3000), 2000),
        ([1.0, 0.175], (4000, 3000), 2000),  # the smallest decides
        ([0.07], (3000, 2250), 3000),  # never more than the original
        ([0.02], (4000, 3000), None),  # too small in any case
        ([0.02, 0.175], (4000, 3000), 2000),
    ],
)
def test_a_larger_picture_is_wanted_where_it_makes_a_face_comparable(
    details: list[float], full: tuple[int, int], wanted: int | None
) -> None:
    picture = Picture(np.zeros((750, 1000, 3), np.uint8), full)
    faces = [_sketched(detail, picture.size) for detail in details]
    answer = Describer(FakeModel(SPEC, dict)).needs_larger(picture, faces)
    assert answer == (wanted and pytest.approx(wanted, abs=2))


def test_a_larger_picture_brings_the_descriptor_nearer(
    images: dict[str, Image.Image], detector: Detector, describer: Describer
) -> None:
    image = images["astronaut"].resize((1536, 1536), Image.Resampling.LANCZOS)
    full, small = _picture(image), Picture(np.asarray(image.resize((96, 96))), image.size)
    best = describer.describe(full, detector.detect(full))
    found = detector.detect(small)
    long_side_px = describer.needs_larger(small, found)
    assert long_side_px is not None
    larger = Picture(np.asarray(image.resize((long_side_px, long_side_px))), image.size)
    assert describer.needs_larger(larger, found) is None
    far, near = (_distance(best[0], describer.describe(picture, found)[0]) for picture in (small, larger))
    assert near < 0.7 * far


ARCFACE = replace(
    SPEC,
    align="arcface",
    input=replace(SPEC.input, size_px=112),
    outputs={"descriptors": Output(shape=("faces", 3), activation="none", apply="unit")},
    thresholds={**SPEC.thresholds, "distance": 1.2},
)


def _answering(*descriptors: tuple[float, ...]) -> tuple[FakeModel, list[NDArray[np.float32]]]:
    """Return a model that answers with these descriptors, and the list of what it is shown."""
    seen: list[NDArray[np.float32]] = []

    def look(image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        seen.append(image)
        return {"descriptors": np.array(descriptors, np.float32)}

    return FakeModel(ARCFACE, look), seen


def test_a_model_sees_the_chip_that_its_description_wants(images: dict[str, Image.Image], detector: Detector) -> None:
    picture = _picture(images["hopper"])
    (face,) = detector.detect(picture)
    model, seen = _answering((1, 0, 0), (1, 0, 0))
    Describer(model).describe(picture, [face])
    cut = chip(picture.pixels, landmarks_px(picture, face), template("arcface", 112), 112)
    assert seen[0].shape == (2, 112, 112, 3)
    assert seen[0] == pytest.approx(normalized(np.stack([cut, cut[:, ::-1]]), ARCFACE.input))


def test_the_mean_of_descriptors_of_length_1_has_length_1(images: dict[str, Image.Image], detector: Detector) -> None:
    picture = _picture(images["hopper"])
    model, _ = _answering((0.6, 0.8, 0), (1, 0, 0))
    (face,) = Describer(model).describe(picture, detector.detect(picture))
    assert _vector(face) == pytest.approx(np.array([1.6, 0.8, 0]) / np.hypot(1.6, 0.8), abs=1e-6)


def test_quality_is_judged_alike_whatever_chip_and_distances_a_model_has(
    images: dict[str, Image.Image], detector: Detector, describer: Describer
) -> None:
    picture = _picture(images["hopper"])
    found = detector.detect(picture)
    usual = describer.describe(picture, found)[0]
    cut = chip(picture.pixels, landmarks_px(picture, usual))
    one, two = describer.model.run(normalized(np.stack([cut, cut[:, ::-1]]), SPEC.input))["descriptors"]
    apart = 2 * float(np.linalg.norm(one - two))  # as much to a model whose distances are twice as large
    model, _ = _answering((apart, 0, 0), (0, 0, 0))
    assert Describer(model).describe(picture, found)[0].quality == pytest.approx(usual.quality)


def test_a_face_without_landmarks_stays_as_it_is(images: dict[str, Image.Image], describer: Describer) -> None:
    face = Face(Box(0.3, 0.2, 0.4, 0.5), 0.9, 0.0, (), None)
    picture = Picture(np.asarray(images["hopper"]), (4000, 5000))
    assert describer.describe(picture, [face]) == [face]
    assert describer.needs_larger(picture, [face]) is None
