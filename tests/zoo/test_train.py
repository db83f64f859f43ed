"""Training on small made pictures: it learns, tells how well, and the same seed gives the same network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.errors import ModelError
from indexer.vision.runtime import open_model
from indexer.vision.spec import read_specs
from indexer.vision.training_chart import chart
from indexer.zoo.build.build import build
from indexer.zoo.custom.install import installed
from indexer.zoo.train.params import MODEL, PICTURES, TrainingParams
from indexer.zoo.train.train import train

COUNT = 12  # pictures of a label
PARTS = ("train",) * 8 + ("validation",) * 2 + ("test",) * 2
COURSE = TrainingParams(("blue", "green", "red"), 32, epochs=15, fine_tune=0, batch=8, seed=3)
Trained = tuple[Path, dict[str, Any], list[str]]


def pictures(labels: int, side: int) -> NDArray[np.uint8]:
    """Return pictures uint8[12 × labels, side, side, 3]: of each label in a color of its own, with noise."""
    random = np.random.default_rng(0)
    made = random.integers(0, 120, (COUNT * labels, side, side, 3), dtype=np.uint8)
    for number in range(labels):
        made[number * COUNT : (number + 1) * COUNT, ..., 2 - number] += 100
    return made


def trained(folder: Path, course: TrainingParams, trunk: str | None = None) -> Trained:
    folder.mkdir()
    labels = len(course.labels)
    pictures(labels, course.size_px).tofile(folder / PICTURES)
    numbers = np.repeat(np.arange(labels), COUNT).tolist()
    told: list[str] = []
    spec = read_specs()[trunk] if trunk else None
    return folder, train(folder, "mine", course, numbers, PARTS * labels, spec, told.append), told


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained(tmp_path_factory.mktemp("train") / "scratch", COURSE)


@pytest.fixture(scope="module")
def transfer(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    course = replace(COURSE, labels=("blue", "green"), size_px=64, fine_tune=2)
    return trained(tmp_path_factory.mktemp("train") / "transfer", course, "efficientnet-lite0")


@pytest.mark.parametrize(("kind", "labels"), [pytest.param("scratch", 3, marks=pytest.mark.long), ("transfer", 2)])
def test_what_it_learned_is_measured_on_what_it_has_not_seen(
    kind: str, labels: int, request: pytest.FixtureRequest
) -> None:
    _, figures, told = request.getfixturevalue(kind)
    assert figures["accuracy"] == 1.0
    assert figures["auc"] == 1.0
    assert figures["confusion"] == (2 * np.eye(labels, dtype=int)).tolist()
    assert figures["pictures"] == {"train": 8 * labels, "validation": 2 * labels, "test": 2 * labels}
    assert [each["label"] for each in figures["labels"]] == ["blue", "green", "red"][:labels]
    assert told[-1].partition(":")[0].split()[-2] == "epoch"


def test_a_trunk_keeps_what_it_knows_but_in_its_last_blocks(transfer: Trained) -> None:
    from indexer.zoo.architectures.efficientnet import efficientnet_lite_trunk
    from indexer.zoo.build.weights import read_weights
    from indexer.zoo.readers.torch_file import read_torch

    spec = read_specs()["efficientnet-lite0"]
    trunk = efficientnet_lite_trunk(read_torch(read_weights(spec)), spec.network, 64)
    tuned = keras.models.load_model(transfer[0] / MODEL)
    before, after = ([layer.get_weights() for layer in each.layers if layer.weights] for each in (trunk, tuned))
    same = [all(map(np.array_equal, one, other)) for one, other in zip(before, after, strict=False)]
    assert all(same[:-12])
    assert not any(same[-12:])


@pytest.mark.parametrize("kind", [pytest.param("scratch", marks=pytest.mark.long), "transfer"])
def test_a_trained_model_runs_as_it_is_described(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    folder, figures, _ = request.getfixturevalue(kind)
    labels = tuple(each["label"] for each in figures["labels"])
    course = replace(COURSE, labels=labels, size_px=32 if kind == "scratch" else 64)
    with installed("mine", folder / MODEL, course.proposal, labels, "colors", tmp_path / "own", origin="Made") as spec:
        build(spec, tmp_path / "built")
        model = open_model(spec, tmp_path / "built", "litert")
    seen = (pictures(len(labels), course.size_px).astype(np.float32) - spec.input.mean) * spec.input.scale
    answers = model.run(seen.astype(np.float32))
    said = answers["probabilities"].argmax(axis=1)
    np.testing.assert_array_equal(said, np.repeat(np.arange(len(labels)), COUNT))
    np.testing.assert_allclose(answers["probabilities"].sum(axis=1), 1, rtol=1e-5)
    assert answers["embedding"].ndim == 1
    assert (tmp_path / "own" / "mine.toml").read_text().startswith("# Made.\n")


@pytest.mark.long
def test_the_same_seed_gives_the_same_model(scratch: Trained, tmp_path: Path) -> None:
    _, figures, _ = trained(tmp_path / "again", COURSE)
    assert {**figures, "seconds": 0} == {**scratch[1], "seconds": 0}
    one, other = (keras.models.load_model(folder / MODEL).get_weights() for folder in (scratch[0], tmp_path / "again"))
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_what_goes_wrong_in_the_process_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / PICTURES).write_bytes(b"\0" * 1000)
    with pytest.raises(ModelError, match="its process ended with code 1"):
        train(tmp_path, "mine", COURSE, [0], ["train"], None, print)


@pytest.mark.parametrize("labels", [2, 3, 40])
def test_figures_are_drawn(labels: int) -> None:
    table = np.eye(labels, dtype=int) * 1000
    curve = {"false": [0.0, 0.0, 1.0], "true": [0.0, 1.0, 1.0]}
    each = [{"label": f"a label with a long name {number}", "auc": 1.0, "roc": curve} for number in range(labels)]
    drawn = chart("mine", {"accuracy": 1.0, "auc": 1.0, "confusion": table.tolist(), "labels": each})
    deep = np.abs(np.asarray(drawn, np.int16) - (24, 84, 150)).max(axis=-1) < 60
    assert deep.sum() > 560 * 560 / labels / 2  # the diagonal is full


def test_varied_pictures_show_a_part_of_the_picture_mirrored_or_not() -> None:
    from indexer.zoo.train.data import Pictures

    across = np.broadcast_to(np.linspace(0, 255, 64).astype(np.uint8)[:, None], (200, 64, 64, 3))
    of = Pictures(across, np.zeros(200, np.intp), np.arange(200))
    plain, varied = (of.seen(of.rows, random) for random in (None, np.random.default_rng(0)))
    np.testing.assert_allclose(plain[0, 0, :, 0], (np.linspace(0, 255, 64).astype(int) - 127) / 128)
    rise = varied[:, 32, -1, 0] - varied[:, 32, 0, 0]
    assert 60 < (rise > 0).sum() < 140
    whole = plain[0, 0, -1, 0] - plain[0, 0, 0, 0]
    assert ((np.abs(rise) > 0.78 * whole) & (np.abs(rise) <= whole * 1.001)).all()


def test_batches_weigh_rare_labels_more_and_come_in_a_new_order_each_epoch() -> None:
    from indexer.zoo.train.data import Pictures, TrainingBatches, balance

    numbers = np.array([0] * 6 + [1] * 2)
    of = Pictures(np.zeros((8, 4, 4, 3), np.uint8), numbers, np.arange(8))
    weights = balance(numbers)
    np.testing.assert_allclose(weights * np.bincount(numbers), 4)
    batches = TrainingBatches(of, 3, weights, seed=0)
    epochs = []
    for _ in range(3):
        told = [batches[number] for number in range(len(batches))]
        assert [len(seen) for seen, _, _ in told] == [3, 3, 2]
        for _, label, weight in told:
            np.testing.assert_array_equal(weight, weights[label])
        epochs.append(np.concatenate([label for _, label, _ in told]).tolist())
        batches.on_epoch_end()
    assert sorted(epochs[0]) == sorted(epochs[1]) == numbers.tolist()
    assert len({json.dumps(epoch) for epoch in epochs}) > 1
