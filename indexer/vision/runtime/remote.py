"""Inference client: a model that runs in another process, reached by its Endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from indexer.errors import ModelError
from indexer.vision.endpoint import Endpoint
from indexer.vision.runtime import wire
from indexer.vision.runtime.batching import Count
from indexer.vision.spec import ModelSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PATIENCE_SECONDS = 60.0  # for a process that is starting, or is to be started again
_PAUSE_SECONDS = 0.02
_GONE = (EOFError, OSError, AuthenticationError)
IMAGE = "image"  # name of a picture in a message
COUNTS = "counts"  # the message in place of `Wanted`


class ServerLostError(ModelError):
    """The process that runs the models is gone; another may come."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The first message of a client."""

    spec: ModelSpec
    folder: Path


class RemoteModel:
    """A model that another process runs, batched with the requests of others; not thread-safe."""

    def __init__(self, spec: ModelSpec, folder: Path, place: Endpoint) -> None:
        self.spec = spec
        self.sides: tuple[Any, ...] = ()
        self._folder, self._place = folder, place
        self._kept: Connection | None = None

    @classmethod
    def open(cls, spec: ModelSpec, folder: Path, place: Endpoint) -> RemoteModel | None:
        """Open a model in the server; None where that would be no faster, without a GPU.

        Errors: ModelError, as from `open_model`; ServerLostError where nobody answers.
        """
        model = cls(spec, folder, place)
        try:
            model._connect()
        except _GONE as error:
            raise model._lost() from error
        return model if model._kept is not None else None

    def run(self, image: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Run the model. Errors: ModelError, as from the server; ServerLostError where it dies before it answers."""
        try:
            connection = self._connection()
            wire.send(connection, {IMAGE: image})
            return wire.receive(connection)
        except ModelError:
            raise
        except _GONE as error:
            self._close()
            raise self._lost() from error
        except BaseException:  # the rest of an answer must not be taken for the next one
            self._close()
            raise

    def _connection(self) -> Connection:
        """Return a connection to the current process: it never speaks first, so a message from it means its end."""
        if self._kept is not None and _has_ended(self._kept):
            self._close()
        if self._kept is None:
            self._connect()
        if self._kept is None:  # it was started again, and the machine's GPU is gone
            raise self._lost()
        return self._kept

    def _connect(self) -> None:
        connection = _connected(self._place)
        try:
            connection.send(Wanted(self.spec, self._folder))
            answer = connection.recv()
        except _GONE:
            connection.close()
            raise
        if answer is None or isinstance(answer, ModelError):
            connection.close()
        if isinstance(answer, ModelError):
            raise answer
        if answer is not None:
            self.sides, self._kept = answer, connection

    def _close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _lost(self) -> ServerLostError:
        return ServerLostError(self.spec.name, "the process that runs it was lost")


def counts(place: Endpoint) -> dict[str, Count]:
    """Request the counts of each model so far, by its id. Errors: OSError, EOFError."""
    with _connected(place) as connection:
        connection.send(COUNTS)
        told: dict[str, Count] = connection.recv()
        return told


def _connected(place: Endpoint) -> Connection:
    """Connect to a process that may not be listening yet. Errors: OSError, EOFError, AuthenticationError."""
    end = monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return Client(place.address, authkey=place.key)
        except _GONE:
            if monotonic() > end:
                raise
        sleep(_PAUSE_SECONDS)


def _has_ended(connection: Connection) -> bool:
    try:
        return connection.poll()
    except OSError:
        return True
