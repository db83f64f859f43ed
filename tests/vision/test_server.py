"""A server and those who ask it, over real connections: whose answer is whose, and what they see of its end."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Listener
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from indexer.errors import ModelError
from indexer.vision.endpoint import Endpoint
from indexer.vision.runtime import LiteRtModel, open_model, remote, wire
from indexer.vision.runtime.batching import Answers, Count, Joinable
from indexer.vision.runtime.remote import RemoteModel, ServerLostError, counts
from indexer.vision.runtime.server import Server
from indexer.vision.spec import ModelSpec, read_specs

SPECS = read_specs()
ONE, OTHER = SPECS["efficientnet-lite0"], SPECS["dlib-face-resnet"]
FOLDER = Path("models")


class Doubling:
    """Answers with twice what it is shown, and its name's length."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.sides: tuple[Any, ...] = (1, -1, -1, 3)

    def run(self, image: np.ndarray) -> Answers:
        if np.isnan(image).any():
            raise ModelError(self.spec.name, "cannot see that")
        return {"twice": 2 * image, "name": np.array(len(self.spec.name)), "nothing": np.empty((0, 4), np.uint8)}

    def joins(self, _: tuple[int, ...]) -> bool:
        return True

    def run_joined(self, images: Any) -> list[Answers]:
        return list(map(self.run, images))


def opened(spec: ModelSpec, folder: Path) -> Joinable | None:
    match spec.role:
        case "face-detector":
            raise ModelError(spec.name, "is not built")
        case "object-detector":
            raise RuntimeError("a runtime's own words")
        case "face-landmarks":
            return None
    return Doubling(spec)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Endpoint]:
    """Where a server listens, in a thread of this process."""
    place = Endpoint(str(tmp_path / "socket"), os.urandom(8))
    threading.Thread(target=Server(opened).listen, args=(place,), daemon=True).start()
    return place


def connected(spec: ModelSpec, place: Endpoint) -> RemoteModel:
    model = RemoteModel.open(spec, FOLDER, place)
    assert model is not None
    return model


def test_arrays_of_any_shape_and_type_come_back(place: Endpoint) -> None:
    model = connected(ONE, place)
    assert model.sides == (1, -1, -1, 3)
    for dtype in (np.float32, np.float16, np.uint8):
        image = np.arange(24, dtype=dtype).reshape(1, 4, 2, 3)
        for seen in (image, image.transpose(0, 2, 1, 3)):  # also one that does not lie in one piece
            answers = model.run(seen)
            np.testing.assert_array_equal(answers["twice"], 2 * seen)
            assert answers["twice"].dtype == dtype
            assert answers["twice"].flags.writeable
            assert (answers["name"].shape, answers["nothing"].shape) == ((), (0, 4))


def test_many_clients_of_two_models_each_get_their_own_answers(place: Endpoint) -> None:
    def ask(number: int) -> None:
        spec = (ONE, OTHER)[number % 2]
        model = connected(spec, place)
        for turn in range(20):
            image = np.full((1, 2, 2 + turn % 3, 3), 100 * number + turn, np.float32)
            answers = model.run(image)
            np.testing.assert_array_equal(answers["twice"], 2 * image)
            assert answers["name"] == len(spec.name)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(ask, range(6)))
    done = counts(place)
    assert {each: count.questions for each, count in done.items()} == {ONE.id: 60, OTHER.id: 60}


def test_an_error_reaches_him_who_asked_and_he_may_ask_again(place: Endpoint) -> None:
    model = connected(ONE, place)
    with pytest.raises(ModelError, match="cannot see that"):
        model.run(np.full((1, 2, 2, 3), np.nan, np.float32))
    assert model.run(np.ones((1, 2, 2, 3), np.float32))["twice"].max() == 2


def test_an_answer_that_was_not_read_to_its_end_is_not_taken_for_the_next(
    place: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Any) -> None:
        raise MemoryError

    model = connected(ONE, place)
    monkeypatch.setattr(remote, "wire", SimpleNamespace(send=wire.send, receive=full))  # the server keeps its own
    with pytest.raises(MemoryError):
        model.run(np.ones((1, 2, 2, 3), np.float32))
    monkeypatch.undo()
    assert model.run(np.full((1, 2, 2, 3), 3, np.float32))["twice"].max() == 6


@pytest.mark.parametrize(
    ("role", "message"), [("face-detector", "is not built"), ("object-detector", "cannot be loaded: a runtime's own")]
)
def test_a_model_that_cannot_be_opened_is_an_error(role: str, message: str, place: Endpoint) -> None:
    with pytest.raises(ModelError, match=message):
        RemoteModel.open(replace(ONE, role=role), FOLDER, place)


def test_who_has_no_gpu_says_so(place: Endpoint) -> None:
    assert RemoteModel.open(replace(ONE, role="face-landmarks"), FOLDER, place) is None


def test_a_model_is_run_here_where_the_process_has_no_gpu_and_the_switch_asks_nobody(
    models: Path, place: Endpoint, tmp_path: Path
) -> None:
    nowhere = Endpoint(str(tmp_path / "nobody"), b"")
    assert isinstance(open_model(OTHER, models, "litert", place=nowhere), LiteRtModel)
    gpuless = Endpoint(str(tmp_path / "gpuless"), b"key")
    threading.Thread(target=Server(lambda *_: None).listen, args=(gpuless,), daemon=True).start()
    assert isinstance(open_model(OTHER, models, "auto", place=gpuless), LiteRtModel)
    assert isinstance(open_model(OTHER, models, "auto", place=place), RemoteModel)


def test_who_does_not_know_the_key_is_not_answered_and_keeps_nobody_waiting(
    place: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    silent = socket.socket(socket.AF_UNIX)
    connected(ONE, place)
    silent.connect(place.address)
    monkeypatch.setattr(remote, "_PATIENCE_SECONDS", 0.2)
    with pytest.raises(ServerLostError):
        RemoteModel.open(ONE, FOLDER, Endpoint(place.address, b"guessed"))
    assert connected(ONE, place).run(np.ones((1, 1, 1, 3), np.float32))
    silent.close()
    assert counts(place) == {ONE.id: Count(1, 1)}


def test_nobody_there_is_an_error_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_PATIENCE_SECONDS", 0.2)
    with pytest.raises(ServerLostError, match="was lost"):
        RemoteModel.open(ONE, FOLDER, Endpoint(str(tmp_path / "nobody"), b""))


def test_a_server_that_goes_before_it_answers_is_an_error_and_the_next_one_is_asked(tmp_path: Path) -> None:
    place = Endpoint(str(tmp_path / "socket"), b"key")

    def serve(answers: int) -> None:
        """Take one connection, answer a few times, then go in the middle of it."""
        with Listener(place.address, authkey=place.key) as listener, listener.accept() as connection:
            connection.recv()
            connection.send((1, -1, -1, 3))
            for _ in range(answers):
                wire.send(connection, wire.receive(connection))
            if not answers:
                connection.recv()

    image = np.ones((1, 2, 2, 3), np.float32)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(serve, 0)
        model = connected(ONE, place)
        with pytest.raises(ServerLostError):
            model.run(image)
        first.result()
        second = threads.submit(serve, 1)
        assert model.run(image)["image"].max() == 1
        second.result()
        threads.submit(serve, 1)
        assert model.run(image)["image"].max() == 1  # that it had gone while nobody asked costs nothing
