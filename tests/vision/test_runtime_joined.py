"""Models that TensorFlow runs on several inputs at once: which can be, and what each input gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.errors import ModelError
from indexer.vision.runtime import TensorFlowModel
from indexer.vision.runtime.tensorflow import OutOfMemoryError
from indexer.vision.spec import ModelSpec, read_specs
from indexer.vision.spec_tensors import Output

SPECS = read_specs()
DESCRIBER = SPECS["dlib-face-resnet"]


def test_chips_of_several_faces_get_the_descriptors_that_each_gets(models: Path) -> None:
    model = TensorFlowModel(DESCRIBER, models / DESCRIBER.id / "saved_model")
    images = [np.random.default_rng(n).uniform(-1, 1, (2, 150, 150, 3)).astype(np.float32) for n in range(3)]
    assert model.joins(images[0].shape)
    for image, answers in zip(images, model.run_joined(images), strict=True):
        assert answers["descriptors"].shape == (2, 128)
        np.testing.assert_allclose(answers["descriptors"], model.run(image)["descriptors"], rtol=0, atol=1e-4)


def test_a_shape_that_the_model_does_not_take_is_refused_among_others(models: Path) -> None:
    model = TensorFlowModel(DESCRIBER, models / DESCRIBER.id / "saved_model")
    with pytest.raises(ModelError, match="of shape"):
        model.run_joined([np.zeros((1, 150, 151, 3), np.float32)] * 2)


def made(spec: ModelSpec, batch: int | None, answer: Any, folder: Path) -> TensorFlowModel:
    """A model that was built without a form for many pictures."""
    import tensorflow as tf

    from indexer.zoo.build.convert import save

    wanted = tf.TensorSpec((batch, None, None, 3), tf.float32, name=spec.input.name)
    save(lambda image: {"probabilities": answer(tf, image)}, wanted, None, folder)
    return TensorFlowModel(spec, folder)


@pytest.fixture
def plain() -> ModelSpec:
    """A classifier with one output, a row for each picture."""
    return replace(SPECS["efficientnet-lite0"], outputs={"probabilities": Output(("n", 3), "none")})


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_takes_one_picture_is_not_joined(plain: ModelSpec, tmp_path: Path) -> None:
    model = made(plain, 1, lambda tf, image: tf.reduce_mean(image, (1, 2)), tmp_path)
    assert not model.joins((1, 8, 8, 3))


@pytest.mark.filterwarnings("ignore")
def test_a_model_of_rows_is_joined(plain: ModelSpec, tmp_path: Path) -> None:
    model = made(plain, None, lambda tf, image: tf.reduce_mean(image, (1, 2)), tmp_path)
    images = [np.full((2, 4, 4, 3), number, np.float32) for number in range(3)]
    assert model.joins(images[0].shape)
    assert [answers["probabilities"].tolist() for answers in model.run_joined(images)] == [
        [[number] * 3] * 2 for number in range(3)
    ]


@pytest.mark.filterwarnings("ignore")
def test_answers_that_are_no_rows_are_noticed(plain: ModelSpec, tmp_path: Path) -> None:
    model = made(plain, None, lambda tf, image: tf.reshape(image, (-1, 3)), tmp_path)
    with pytest.raises(ModelError, match="something else than a row for each picture"):
        model.run_joined([np.zeros((1, 4, 4, 3), np.float32)] * 2)


def test_memory_that_a_device_does_not_have_is_told_from_other_errors(models: Path) -> None:
    import tensorflow as tf

    model = TensorFlowModel(DESCRIBER, models / DESCRIBER.id / "saved_model")

    def fails(**_: Any) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    model._function = fails
    with pytest.raises(OutOfMemoryError, match="takes more memory than there is"):
        model.run(np.zeros((1, 150, 150, 3), np.float32))
