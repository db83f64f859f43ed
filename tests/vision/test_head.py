"""A head learns what can be learned, says how good it is on what it has not seen, and knows when it is hopeless."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.vision.linear_head import PREVALENCE, scenes_of, train

LENGTH = 32


def photos(random: np.random.Generator, count: int, shift: float) -> np.ndarray:
    """Return vectors of length 1; those that show something lie further along the first axis."""
    made = random.normal(0, 1, (count, LENGTH))
    made[:, 0] += shift
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("count", [5, 10, 50])
def test_what_is_plain_is_learned_from_few(count: int) -> None:
    random = np.random.default_rng(1)
    trial = train(photos(random, count, 12.0), photos(random, 400, 0.0))
    weights = np.frombuffer(trial.weights, "<f4")
    assert not trial.is_hopeless
    assert (photos(random, 200, 12.0) @ weights[:-1] + weights[-1] >= 0).mean() > 0.9
    assert (photos(random, 2000, 0.0) @ weights[:-1] + weights[-1] >= 0).mean() < 0.01


def test_what_cannot_be_told_apart_is_hopeless() -> None:
    random = np.random.default_rng(2)
    assert train(photos(random, 10, 0.0), photos(random, 400, 0.0)).is_hopeless


@pytest.mark.long
def test_what_is_told_agrees_with_new_photos() -> None:
    random = np.random.default_rng(3)
    told, true = [], []
    for _ in range(10):
        trial = train(photos(random, 20, 6.0), photos(random, 400, 0.0))
        weights = np.frombuffer(trial.weights, "<f4")
        recall, wrong = ((photos(random, 500, shift) @ weights[:-1] + weights[-1] >= 0).mean() for shift in (6.0, 0.0))
        told.append((trial.recall, trial.precision))
        true.append((recall, PREVALENCE * recall / (PREVALENCE * recall + (1 - PREVALENCE) * wrong + 1e-9)))
    assert np.abs(np.mean(told, axis=0) - np.mean(true, axis=0)).max() < 0.15


def test_examples_that_hide_in_the_library_are_set_aside() -> None:
    random = np.random.default_rng(4)
    library = np.concatenate([photos(random, 4, 12.0), photos(random, 400, 0.0)])
    trial = train(photos(random, 20, 12.0), library)
    assert 1 <= trial.doubtful <= 4
    assert trial.compared + trial.doubtful == 404
    assert train(photos(random, 20, 12.0), library, surely=404).doubtful == 0


def test_the_same_photos_give_the_same_head() -> None:
    pictures = photos(np.random.default_rng(5), 10, 8.0), photos(np.random.default_rng(6), 300, 0.0)
    assert train(*pictures) == train(*pictures)


def test_a_burst_counts_as_one_photo() -> None:
    random = np.random.default_rng(5)
    scenes, library = photos(random, 4, 3.0), photos(random, 400, 0.0)
    alone = train(scenes, library)
    burst = np.concatenate([scenes, np.repeat(scenes[:1], 8, axis=0)])
    shown = scenes_of(burst, 0.99)
    together = train(burst, library, scenes=shown)
    assert shown.tolist() == [0, 1, 2, 3, *[0] * 8] or len(set(shown.tolist())) == 4
    assert (together.examples, together.scenes) == (12, 4)
    assert together.recall == pytest.approx(alone.recall)
    assert train(burst, library).recall > alone.recall + 0.2  # what would be told if the burst counted twelvefold


def test_photos_that_a_chain_of_likeness_connects_show_one_scene() -> None:
    turns = np.radians([0, 20, 40, 60, 170])
    ring = np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)
    assert [len(set(scenes_of(ring, np.cos(np.radians(step))).tolist())) for step in (19, 21, 180)] == [5, 2, 1]
