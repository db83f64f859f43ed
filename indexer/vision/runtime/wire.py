"""Wire format of the inference server: named arrays over a connection, without pickling."""

from __future__ import annotations

from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from indexer.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def send(connection: Connection, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Send arrays. Errors: OSError where the other end is gone."""
    import numpy as np

    kept = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    connection.send([(name, array.dtype.str, array.shape) for name, array in kept.items()])
    for array in kept.values():
        connection.send_bytes(array.reshape(-1).view(np.uint8).data)


def receive(connection: Connection) -> dict[str, NDArray[Any]]:
    """Return the arrays sent. Errors: EOFError, OSError where the other end is gone; ModelError if one was sent."""
    import numpy as np

    told = connection.recv()
    if isinstance(told, ModelError):
        raise told
    arrays = {name: np.empty(shape, dtype) for name, dtype, shape in told}
    for array in arrays.values():
        connection.recv_bytes_into(array.reshape(-1).view(np.uint8).data)
    return arrays
