"""Crop similarity: how similar two pictures are if one was cropped from the other, from their perceptual hashes alone.

Cropping a tenth changes 20 of a hash's 64 bits, nearly as many as another picture would. But a hash is a rough
sketch of its picture, a sign for each of 8 × 8 waves: cut the sketch, and it resembles the hash of the cut picture.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

# Of a side. Rows or columns cut alone, and both cut alike; other crops lie between these.
_EDGES = ((0.0, 1.0), (0.0, 0.9), (0.1, 1.0))
_MIDDLES = ((0.05, 0.95), (0.1, 0.9))
_WAVES = 8
_POINTS = 32  # samples a side for the comparison of waves


def cut_likeness(hashes: NDArray[np.uint64], others: NDArray[np.uint64]) -> Floats:
    """Return the highest cosine (−1 to 1) of each hash with its counterpart, uint64[n], when one of both is cut."""
    import numpy as np

    some, more = _signs(hashes), _signs(others)
    best = np.full(len(some), -1.0, np.float32)
    for cut in _cuts():
        for whole, part in ((some, more), (more, some)):
            made = whole @ cut.T
            lengths = np.sqrt(np.einsum("ij,ij->i", made, made))
            np.maximum(best, np.einsum("ij,ij->i", made, part) / np.maximum(lengths, 1e-6), out=best)
    return best


def _signs(hashes: NDArray[np.uint64]) -> Floats:
    """Return −1 or 1 for each bit, at length 1; 0 for the first, which is the same in nearly all pictures."""
    import numpy as np

    bits = np.unpackbits(hashes.astype(">u8").view(np.uint8).reshape(len(hashes), 8), axis=1)
    signs = np.where(bits, np.float32(1), np.float32(-1))
    signs[:, 0] = 0
    signs /= np.sqrt(signs.shape[1] - 1)
    return signs


@cache
def _cuts() -> list[Floats]:
    """Return for each crop the matrix, float32[64,64], that maps the whole's signs to the part's."""
    import numpy as np

    waves = np.arange(_WAVES)
    # The shorter a wave, the less of it is in a photo. The longest is the mean, which a hash does not contain.
    size = 1 / (1 + np.hypot(waves[:, None], waves)).ravel()
    size[0] = 0
    inverse = np.divide(1, size, out=np.zeros_like(size), where=size > 0)
    kept = [*product(_EDGES, repeat=2), *zip(_MIDDLES, _MIDDLES, strict=True)]
    return [
        (np.kron(_cut(*rows), _cut(*columns)) * size * inverse[:, None]).astype(np.float32) for rows, columns in kept
    ]


def _cut(start: float, end: float) -> NDArray[np.float64]:
    """Return the matrix, float64[8,8], that maps the waves of a line to those of a section of it."""
    import numpy as np

    waves, middles = np.arange(_WAVES)[:, None], (np.arange(_POINTS) + 0.5) / _POINTS
    whole = np.cos(np.pi * waves * (start + (end - start) * middles))
    part = np.cos(np.pi * waves * middles) * np.where(waves == 0, 1, 2) / _POINTS
    return np.asarray(part @ whole.T, np.float64)
