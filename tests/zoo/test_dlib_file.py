"""dlib's network files: layers in order, integers of any width, damage refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.zoo.readers.dlib_file import read_dlib


def integer(value: int) -> bytes:
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def layer(kind: str, weights: np.ndarray, before: tuple[int, ...] = ()) -> bytes:
    sides = (*weights.shape, *(1,) * (4 - weights.ndim))
    head = integer(len(kind)) + kind.encode()
    return head + b"".join(map(integer, (*before, 2, *sides))) + weights.astype("<f4").tobytes()


def network() -> bytes:
    numbers = np.arange(10, dtype=np.float32)
    between = integer(-300) + integer(7)
    return (
        between
        + layer("con_4", numbers)
        + between
        + layer("affine_", -numbers)
        + layer("fc_2", numbers.reshape(5, 2), (2, 5))
    )


def test_layers_come_in_the_order_of_the_file() -> None:
    layers = read_dlib(network())
    assert [one.kind for one in layers] == ["con_4", "affine_", "fc_2"]
    assert layers[2].shape == (5, 2, 1, 1)
    np.testing.assert_array_equal(layers[1].weights, -np.arange(10))


def test_weights_that_spell_a_layer_name_are_weights() -> None:
    spelled = np.frombuffer(b"\x01\x05con_4\x01" * 2, "<f4")
    layers = read_dlib(layer("affine_", spelled) + layer("con_4", np.ones(3, np.float32)))
    assert [one.weights.size for one in layers] == [4, 3]


@given(st.integers(0, len(network()) - 1))
def test_a_cut_file_never_yields_a_cut_layer(length: int) -> None:
    try:
        layers = read_dlib(network()[:length])
    except ValueError:
        return
    assert all(one.weights.size == 10 for one in layers)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no network",
        b"\x01\x05con_4\x01\x03",
        b"\x01\x05con_4\x0f",
        layer("con_4", np.ones(2, np.float32)).replace(b"\x01\x02\x01\x01\x01\x01", b"\x81\x02\x01\x01\x01\x01"),
        b"\x01\x05con_4\x01\x02" + b"\x08" + b"\xff" * 8 + b"\x01\x01" * 3,
    ],
    ids=["empty", "text", "version", "width", "negative", "huge"],
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"dlib model|cut off"):
        read_dlib(data)
