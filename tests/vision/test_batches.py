"""Questions of several clients: joined where they are alike, answered as if each had come alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from indexer.errors import ModelError
from indexer.vision.runtime.batching import Answers, BatchLimits, Count, InferenceQueue, InferenceRequest
from indexer.vision.runtime.tensorflow import OutOfMemoryError
from indexer.vision.spec import ModelSpec, read_specs

SPECS = read_specs()
SPEC = SPECS["efficientnet-lite0"]


@dataclass
class Network:
    """Answers with the sum of each picture; tells what it was asked.

    memory: so many pictures at once are all that it can do.  wrong: what it adds when several come at once.
    """

    spec: ModelSpec = SPEC
    sides: tuple[Any, ...] = (1, -1, -1, 3)
    memory: int = 1000
    wrong: float = 0.0
    can_join: bool = True
    asked: list[int] = field(default_factory=list)

    def run(self, image: np.ndarray) -> Answers:
        self.asked.append(1)
        if np.isnan(image).any():
            raise ModelError(self.spec.name, "has been asked nonsense")
        if np.isinf(image).any():
            raise ZeroDivisionError("a bug")
        if not self.memory:
            raise OutOfMemoryError(self.spec.name, "has no memory at all")
        return {"sum": image.sum(axis=(0, 1, 2))}

    def joins(self, _: tuple[int, ...]) -> bool:
        return self.can_join

    def run_joined(self, images: Sequence[np.ndarray]) -> list[Answers]:
        self.asked.append(len(images))
        assert len({image.shape for image in images}) == 1
        if len(images) > self.memory:
            raise OutOfMemoryError(self.spec.name, "takes too much memory")
        if any(not np.isfinite(image).all() for image in images):
            raise ModelError(self.spec.name, "one of them is nonsense")
        return [{"sum": image.sum(axis=(0, 1, 2)) + self.wrong} for image in images]


def picture(value: float, side: int = 2) -> np.ndarray:
    return np.full((1, side, side, 3), value, np.float32)


def answered(batches: BatchLimits, network: Network, *images: np.ndarray) -> list[Future[Answers]]:
    """Answer questions as one group."""
    group = [InferenceRequest(network, image) for image in images]
    batches.answer(group)
    return [question.answer for question in group]


def sums(futures: Sequence[Future[Answers]]) -> list[float]:
    return [float(future.result(0)["sum"][0]) for future in futures]


def test_each_gets_his_own_answer() -> None:
    network, batches = Network(), BatchLimits()
    assert sums(answered(batches, network, *map(picture, range(5)))) == [0, 4, 8, 12, 16]
    network.asked.clear()
    assert sums(answered(batches, network, *map(picture, range(3)))) == [0, 4, 8]
    assert network.asked == [3]
    assert batches.counts == {SPEC.id: Count(questions=8, runs=2)}


@pytest.mark.parametrize(("count", "padded"), [(2, 2), (3, 4), (5, 8), (8, 8), (1, 1)])
def test_batches_are_filled_up_to_powers_of_two(count: int, padded: int) -> None:
    network = Network()
    assert sums(answered(BatchLimits(pads=True), network, *map(picture, range(count)))) == [
        4.0 * n for n in range(count)
    ]
    assert network.asked[0] == padded


def test_a_batch_that_memory_does_not_hold_is_halved_and_that_is_remembered() -> None:
    network, batches = Network(memory=2), BatchLimits(pads=True)
    assert sums(answered(batches, network, *map(picture, range(7)))) == [4.0 * n for n in range(7)]
    assert [size for size in network.asked if size > 1] == [8, 4, 2, 2, 2]
    question = InferenceRequest(network, picture(0))
    assert batches.room(question) == 2
    assert batches.room(InferenceRequest(network, picture(0, side=3))) > 2  # smaller pictures may do better


def test_a_picture_that_memory_does_not_hold_at_all_is_an_error() -> None:
    (future,) = answered(BatchLimits(), Network(memory=0), picture(1))
    with pytest.raises(ModelError, match="no memory at all"):
        future.result(0)


def test_an_error_is_only_his_whose_picture_is_to_blame() -> None:
    good, bad, worse, also_good = answered(BatchLimits(), Network(), *map(picture, (1, np.nan, np.inf, 2)))
    assert sums([good, also_good]) == [4, 8]
    with pytest.raises(ModelError, match="nonsense"):
        bad.result(0)
    with pytest.raises(ModelError, match="does not run: a bug"):
        worse.result(0)


@pytest.mark.parametrize("wrong", [0.1, np.nan])
def test_a_model_whose_joined_answers_are_others_is_never_joined(wrong: float) -> None:
    network, batches = Network(wrong=wrong), BatchLimits()
    assert sums(answered(batches, network, picture(1), picture(2))) == [4, 8]
    assert batches.room(InferenceRequest(network, picture(1))) == 1
    assert batches.counts == {SPEC.id: Count(2, 2)}


def test_a_model_that_takes_one_picture_gets_one() -> None:
    assert BatchLimits().room(InferenceRequest(Network(can_join=False), picture(1))) == 1


def gathered(
    *asked: tuple[Network, np.ndarray], room: int = 32, late_seconds: float = 0.0
) -> list[list[InferenceRequest]]:
    """Ask questions, each while the ones before it wait; return the groups that they are answered in."""
    questions = InferenceQueue(lambda _: room)
    groups: list[list[InferenceRequest]] = []
    with ThreadPoolExecutor(len(asked)) as threads:
        for number, question in enumerate(asked, 1):
            threads.submit(questions.ask, *question)
            while len(questions._waiting) < number:
                time.sleep(0.001)
        time.sleep(late_seconds)
        while sum(map(len, groups)) < len(asked):
            groups.append(questions.next())
            for each in groups[-1]:
                each.answer.set_result({})
    return groups


def test_different_shapes_and_models_are_not_mixed_and_the_largest_group_comes_first() -> None:
    one, other = Network(), Network(SPECS["efficientnet-lite2"])
    groups = gathered(
        (one, picture(1, side=4)), (one, picture(1)), (other, picture(1)), (one, picture(2)), (one, picture(3)),
        (other, picture(2)),
    )  # fmt: skip
    assert [[(each.model, each.image.shape[1]) for each in group] for group in groups] == [
        [(one, 2)] * 3,
        [(other, 2)] * 2,
        [(one, 4)],
    ]


def test_who_waits_too_long_comes_before_larger_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.vision.runtime.batching._LONGEST_WAIT_SECONDS", 0.1)
    rare = (Network(), picture(1, side=4))
    groups = gathered(rare, *[(Network(), picture(1))] * 3, late_seconds=0.2)
    assert [len(group) for group in groups] == [1, 3]
    assert groups[0][0].image.shape[1] == 4


def test_a_group_is_no_larger_than_its_room() -> None:
    network = Network()
    groups = gathered((Network(), picture(1)), *[(network, picture(n)) for n in range(5)], room=2)
    assert sorted(len(group) for group in groups) == [1, 1, 2, 2]
