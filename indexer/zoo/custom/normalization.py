"""Pixel normalizations that models are trained with, by name, and the one of each well-known model."""

from __future__ import annotations

from dataclasses import dataclass

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Scaling:
    """The model's input for a pixel of 0..255: (pixel − mean) × scale, in the order of its colors."""

    mean: Triple = (0.0, 0.0, 0.0)
    scale: Triple = (1.0, 1.0, 1.0)
    colors: str = "RGB"


@dataclass(frozen=True, slots=True)
class Family:
    """Models whose name has `word` in it (lower-case letters and digits alone), as keras.applications trained them."""

    word: str
    scaling: str
    size_px: int = 224


SCALINGS = {
    "0..255": Scaling(),
    "0..1": Scaling(scale=(1 / 255,) * 3),
    "-1..1": Scaling((127.5,) * 3, (1 / 127.5,) * 3),
    "caffe": Scaling((103.939, 116.779, 123.68), colors="BGR"),  # the mean of ImageNet's pixels
    "mean/std": Scaling((123.675, 116.28, 103.53), (1 / 58.395, 1 / 57.12, 1 / 57.375)),
}
# The first word that is found decides: longer ones stand before those that they begin with.
# https://github.com/keras-team/keras/tree/master/keras/src/applications, `preprocess_input` of each.
FAMILIES = (
    Family("efficientnet", "0..255"),
    Family("convnext", "0..255"),
    Family("mobilenetv3", "0..255"),
    Family("nasnetlarge", "-1..1", 331),
    Family("nasnet", "-1..1"),
    Family("inceptionresnet", "-1..1", 299),
    Family("inception", "-1..1", 299),
    Family("xception", "-1..1", 299),
    Family("mobilenet", "-1..1"),
    Family("resnet50v2", "-1..1"),
    Family("resnet101v2", "-1..1"),
    Family("resnet152v2", "-1..1"),
    Family("resnetv2", "-1..1"),
    Family("densenet", "mean/std"),
    Family("resnet50", "caffe"),
    Family("resnet101", "caffe"),
    Family("resnet152", "caffe"),
    Family("vgg16", "caffe"),
    Family("vgg19", "caffe"),
    Family("arcface", "-1..1", 112),
)
