"""Two pictures are the same where one lies over the other tile by tile, whatever was cut, scaled or encoded again."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_documents import KINDS, photographed
from PIL import Image, ImageEnhance

from indexer.values.files import Picture
from indexer.vision.compare.alignment import AlignmentFeatures, are_copies, have_same_pixels


def signature(image: Image.Image) -> AlignmentFeatures:
    return AlignmentFeatures.of(Picture(np.asarray(image.convert("RGB")), image.size))


def encoded(image: Image.Image, quality: int) -> Image.Image:
    data = BytesIO()
    image.convert("RGB").save(data, "JPEG", quality=quality)
    return Image.open(data)


def cut(image: Image.Image, left: float, right: float) -> Image.Image:
    width, height = image.size
    return image.crop(
        (round(width * left), round(height * left), round(width * (1 - right)), round(height * (1 - right)))
    )


@pytest.fixture(scope="module", params=["cat", "coffee", "hopper", "temple", "text, flat", "table, photographed"])
def picture(request: pytest.FixtureRequest, samples) -> Image.Image:
    if request.param in samples:
        return Image.open(samples[request.param]).convert("RGB")
    kind, how = request.param.split(", ")
    return KINDS[kind](3) if how == "flat" else photographed(KINDS[kind](3), 3)


CHANGES = {
    "half the size": lambda one: one.resize((one.width // 2, one.height // 2), Image.Resampling.LANCZOS),
    "squeezed": lambda one: one.resize((416, 416)),
    "quality 30": lambda one: encoded(one, 30),
    "5 % cut": lambda one: cut(one, 0.05, 0.05),
    "10 % cut at two sides": lambda one: cut(one, 0.0, 0.1),
    "10 % cut": lambda one: cut(one, 0.1, 0.1),
    "turned by 2 degrees": lambda one: one.rotate(2),
    "brighter": lambda one: ImageEnhance.Brightness(one).enhance(1.3),
    "darker": lambda one: ImageEnhance.Brightness(one).enhance(0.7),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_picture_is_the_same_in_both_orders(picture: Image.Image, change) -> None:
    one, other = signature(picture), signature(change(picture))
    assert are_copies(one, [other]).all()
    assert are_copies(other, [one]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_documents_that_say_different_things_are_not_the_same(kind: str) -> None:
    flat = [KINDS[kind](seed) for seed in range(4)]
    for pages in (flat, [photographed(page, seed) for seed, page in enumerate(flat)]):
        first, *others = map(signature, pages)
        assert not are_copies(first, others).any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_of_which_half_is_another_is_not_the_same(kind: str) -> None:
    one, other = KINDS[kind](1), KINDS[kind](2)
    mixed = one.copy()
    mixed.paste(other.crop((0, other.height // 2, other.width, other.height)), (0, one.height // 2))
    assert not are_copies(signature(one), [signature(mixed)]).any()


def test_pictures_without_content_say_nothing() -> None:
    wall, sky = (signature(Image.new("RGB", (300, 200), color)) for color in ("white", "skyblue"))
    assert not are_copies(wall, [sky, wall]).any()


def test_none_are_compared_with_none(samples) -> None:
    assert are_copies(signature(Image.open(samples["cat"])), []).shape == (0,)


def test_the_same_pixels_are_those_encoded_again_and_no_others(samples) -> None:
    cat = Image.open(samples["cat"]).convert("RGB")
    moved = cat.transform(cat.size, Image.Transform.AFFINE, (1, 0, 3, 0, 1, 2))
    others = [encoded(cat, 92), moved, ImageEnhance.Brightness(cat).enhance(1.05), cut(cat, 0.0, 0.02)]
    assert have_same_pixels(signature(cat), list(map(signature, others))).tolist() == [True, False, False, False]


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 0.1), st.floats(0, 0.1), st.floats(0, 0.1), st.floats(0, 0.1))
def test_any_cut_of_a_photo_by_up_to_a_tenth_is_found(
    samples, left: float, top: float, right: float, bottom: float
) -> None:
    photo = Image.open(samples["coffee"])
    width, height = photo.size
    box = (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
    assert are_copies(signature(photo), [signature(photo.crop(box))]).all()
