"""Objects: boxes come out in fractions of the picture, whatever was done to it for the network."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from indexer.errors import ModelError
from indexer.geometry import Box
from indexer.values.analysis import Evidence, Object
from indexer.values.files import Picture
from indexer.vision.objects import ObjectDetector
from indexer.vision.runtime import FakeModel
from indexer.vision.spec import Labels, ModelSpec, read_specs
from indexer.vision.spec_tensors import Output

WIDE = Picture(np.zeros((60, 120, 3), np.uint8), (1200, 600))
OUTPUTS = {name: Output(("n", 4) if name == "boxes" else ("n",), "none") for name in ("boxes", "scores", "classes")}


def spec(offset: int = 0, score: float | None = None, **wanted: object) -> ModelSpec:
    shipped = read_specs()["efficientnet-lite0"]
    given = {"fit": "stretch", "size_px": 100, **wanted}
    return replace(
        shipped,
        name="coco",
        role="object-detector",
        input=replace(shipped.input, **given),
        outputs=OUTPUTS,
        labels=Labels(file="coco.txt", offset=offset),
        thresholds={} if score is None else {"score": score},
    )


def found(
    of: ModelSpec, *things: tuple[tuple[float, float, float, float], float, float], count: int | None = None
) -> list[Object]:
    """The objects in a model's answer."""
    return answered(of, *things, count=count)[0]


def answered(
    of: ModelSpec, *things: tuple[tuple[float, float, float, float], float, float], count: int | None = None
) -> tuple[list[Object], Evidence]:
    """What is made of a model's answer: (top, left, bottom, right), score, class of each thing."""
    boxes, scores, classes = (np.array([each[part] for each in things], np.float32) for part in range(3))
    answers = {"boxes": boxes[np.newaxis], "scores": scores[np.newaxis], "classes": classes[np.newaxis]}
    if count is not None:
        answers["count"] = np.array([count], np.float32)
    return ObjectDetector(FakeModel(of, lambda _: answers)).detect(WIDE)


def sides(box: Box) -> list[float]:
    return [round(float(side), 5) for side in (box.left, box.top, box.width, box.height)]


@pytest.mark.parametrize(
    ("wanted", "box"),
    [
        ({"fit": "stretch"}, (0.25, 0.5, 0.75, 1.0)),
        ({"fit": "letterbox"}, (0.375, 0.5, 0.625, 1.0)),
        ({"fit": "letterbox", "height_px": 200}, (0.4375, 0.5, 0.5625, 1.0)),
        ({"fit": "long-side", "multiple_px": 1}, (0.25, 0.5, 0.75, 1.0)),
        ({"fit": "long-side", "multiple_px": 128}, (0.25 * 50 / 128, 0.5 * 100 / 128, 0.75 * 50 / 128, 100 / 128)),
        ({"fit": "short-side", "multiple_px": 32}, (0.25, 0.5, 0.75, 1.0)),
    ],
)
def test_what_was_done_to_the_picture_is_undone(wanted: dict[str, object], box: tuple[float, ...]) -> None:
    (thing,) = found(spec(**wanted), (box, 0.9, 17.0))
    assert sides(thing.box) == [0.5, 0.25, 0.5, 0.5]
    assert (thing.label, thing.model) == (17, spec(**wanted).id)


def test_the_surest_comes_first_and_what_is_not_sure_enough_is_left_out() -> None:
    whole = (0.0, 0.0, 1.0, 1.0)
    things = [(whole, 0.6, 1), (whole, 0.9, 2), (whole, 0.19, 3)]
    assert [thing.label for thing in found(spec(), *things)] == [2, 1]
    assert [thing.label for thing in found(spec(score=0.7), *things)] == [2, 1]  # words may be shown sooner one day
    assert [thing.label for thing in found(spec(score=0.1), *things)] == [2, 1, 3]
    assert [thing.label for thing in found(spec(), *things, count=1)] == [1]


def test_the_best_score_of_each_class_is_told_of_faint_objects_too() -> None:
    whole = (0.0, 0.0, 1.0, 1.0)
    things = [(whole, 0.9, 1), (whole, 0.5, 1), (whole, 0.1, 3), (whole, 0.005, 4), ((0.5, 0.5, 0.5, 0.5), 0.9, 5)]
    objects, scores = answered(spec(), *things)
    assert {thing.label for thing in objects} == {1}
    told = {label: score for _, label, score in scores.entries()}
    assert told == pytest.approx({1: 0.9, 3: 0.1}, abs=1e-4)


def test_classes_are_counted_from_the_first_label_on() -> None:
    whole = (0.0, 0.0, 1.0, 1.0)
    assert [thing.label for thing in found(spec(offset=1), (whole, 0.9, 1), (whole, 0.8, 0), (whole, 0.7, 90))] == [
        0,
        89,
    ]


def test_boxes_are_cut_off_at_the_edges_and_empty_ones_left_out() -> None:
    inside, outside, nothing = (-0.2, 0.5, 0.5, 1.3), (1.1, 0.1, 1.2, 0.2), (0.5, 0.5, 0.5, 0.9)
    turned, unknown = (0.9, 0.9, 0.1, 0.1), (float("nan"),) * 4
    things = found(spec(), *((box, 0.9, 0.0) for box in (inside, outside, nothing, turned, unknown)))
    assert [sides(thing.box) for thing in things] == [[0.5, 0.0, 0.5, 0.5]]


def test_no_answer_is_no_object() -> None:
    empty = {"boxes": np.zeros((1, 0, 4)), "scores": np.zeros((1, 0)), "classes": np.zeros((1, 0))}
    assert ObjectDetector(FakeModel(spec(), lambda _: empty)).detect(WIDE) == ([], Evidence(spec().id, b""))


def test_an_object_goes_to_another_process_as_it_is() -> None:
    thing = Object(3, 0.5, Box(0, 0, 1, 1), "coco-00000000")
    assert pickle.loads(pickle.dumps(thing)) == thing


def test_a_detector_that_would_not_see_the_whole_picture_is_refused() -> None:
    with pytest.raises(ModelError, match="sees the whole picture"):
        ObjectDetector(FakeModel(spec(fit="center-crop"), dict))


def test_the_picture_should_be_as_large_as_the_model_can_see() -> None:
    def wanted(**given: object) -> int:
        return ObjectDetector(FakeModel(spec(**given), dict)).long_side_px

    assert wanted() == 100
    assert wanted(fit="letterbox", height_px=160) == 160
    assert wanted(fit="short-side", longest_px=640) == 640
