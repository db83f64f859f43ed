"""Hashes of cut pictures resemble the whole ones' after a cut; those of other pictures do not."""

from __future__ import annotations

import numpy as np
import pytest
from made_scenes import made_scene
from numpy.typing import NDArray

from indexer.intake.pixel_stats import perceptual_hash
from indexer.library.similar.crop_match import cut_likeness
from indexer.values.files import Picture

SCENES = range(30)
CUTS = {"at all sides": slice(13, 243), "at two sides": slice(0, 230), "askew": slice(8, 238)}


def hashes(cut: slice = slice(None)) -> NDArray[np.uint64]:
    made = [perceptual_hash(Picture(made_scene(seed)[cut, cut], (256, 256))) for seed in SCENES]
    return np.frombuffer(b"".join(made), ">u8").astype(np.uint64)


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_a_cut_picture_is_nearer_than_others_are(cut: slice) -> None:
    whole, part = hashes(), hashes(cut)
    ours, others = cut_likeness(whole, part), cut_likeness(whole, np.roll(part, 1))
    assert np.median(ours) > 0.5
    assert np.quantile(ours, 0.1) > np.quantile(others, 0.9)


def test_the_same_hash_is_as_near_as_can_be_and_either_of_both_may_be_cut() -> None:
    whole, part = hashes(), hashes(CUTS["at two sides"])
    np.testing.assert_allclose(cut_likeness(whole, whole), 1, atol=1e-5)
    np.testing.assert_array_equal(cut_likeness(whole, part), cut_likeness(part, whole))


def test_no_hashes_have_no_likeness() -> None:
    assert cut_likeness(np.empty(0, np.uint64), np.empty(0, np.uint64)).shape == (0,)
