"""Inference server: runs models by TensorFlow, in batches, for the workers connected to it.

It has a process of its own. A connection is one client's, for one model: it names the model (`Wanted`), receives
the sides of its input, and then sends one picture after the other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path

from indexer.errors import ModelError
from indexer.vision.endpoint import Endpoint
from indexer.vision.model_store import SAVED_MODEL, check
from indexer.vision.runtime import wire
from indexer.vision.runtime.batching import BatchLimits, InferenceQueue, Joinable
from indexer.vision.runtime.remote import COUNTS, IMAGE, Wanted
from indexer.vision.runtime.tensorflow import TensorFlowModel, has_gpu
from indexer.vision.spec import ModelSpec

_BACKLOG = 128
Opener = Callable[[ModelSpec, Path], "Joinable | None"]


def serve(place: Endpoint, runtime: str, threads: int) -> None:
    """Run models for clients that know the key, until the process is ended.

    runtime: 'tensorflow', or 'auto': where there is no GPU, clients are told to run their models themselves.
    threads: of TensorFlow on the CPU.
    """

    def open_here(spec: ModelSpec, folder: Path) -> Joinable | None:
        if runtime == "auto" and not has_gpu():
            return None
        return TensorFlowModel(spec, check(spec, folder, SAVED_MODEL), threads)

    # Only what runs on a GPU prepares itself for each size of a batch.
    Server(open_here, pads=has_gpu()).listen(place)


class Server:
    """The server's open models and request queue."""

    def __init__(self, opener: Opener, *, pads: bool = False) -> None:
        self._opener = opener
        self._batches = BatchLimits(pads=pads)
        self._questions = InferenceQueue(self._batches.room)
        self._open: dict[tuple[str, Path], Joinable | None] = {}
        self._opening = threading.Lock()
        _start(self._answer)

    def listen(self, place: Endpoint) -> None:
        """Accept connections, each in a thread of its own: a silent client must not block others."""
        with Listener(place.address, backlog=_BACKLOG) as listener:
            while True:
                with suppress(OSError, EOFError):
                    _start(self._follow, listener.accept(), place.key)

    def _answer(self) -> None:
        try:
            while True:
                self._batches.answer(self._questions.next())
        finally:
            os._exit(1)  # no client must wait for a process that cannot answer

    def _follow(self, connection: Connection, key: bytes) -> None:
        """Serve a client until it disconnects."""
        with connection, suppress(OSError, EOFError, AuthenticationError):
            deliver_challenge(connection, key)
            answer_challenge(connection, key)
            wanted = connection.recv()
            if wanted == COUNTS:
                connection.send(self._batches.counts)
                return
            model = self._opened(wanted, connection)
            if model is not None:
                self._answer_all(model, connection)

    def _opened(self, wanted: Wanted, connection: Connection) -> Joinable | None:
        """Open a model, or return the open one; send the client the sides of its input, or the error."""
        place = wanted.spec.id, wanted.folder
        try:
            with self._opening:
                if place not in self._open:
                    self._open[place] = self._opener(wanted.spec, wanted.folder)
                model = self._open[place]
        except ModelError as error:
            connection.send(error)
            return None
        except Exception as error:  # whatever a runtime raises while it loads
            connection.send(ModelError(wanted.spec.name, f"cannot be loaded: {error}"))
            return None
        connection.send(model.sides if model is not None else None)
        return model

    def _answer_all(self, model: Joinable, connection: Connection) -> None:
        while True:
            image = wire.receive(connection)[IMAGE]
            try:
                answer = self._questions.ask(model, image)
            except ModelError as error:
                connection.send(error)
            else:
                wire.send(connection, answer)


def _start(work: Callable[..., None], *given: object) -> None:
    threading.Thread(target=work, args=given, daemon=True).start()
