"""The rule that tells an edited photo from another photo under an old path, where the bytes are new to the library.

Capture times decide first, then perceptual hashes and embeddings. In doubt it is another photo: then the former one
stays known, with all its user data. The thresholds were measured by tests/benchmarks/identity.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.library.db.embeddings import normalized
from indexer.library.similar.crop_match import cut_likeness

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SECONDS = 19  # characters of a time without fractions and offset
_SAME_PIXELS = 0.995  # cosine of two vectors of one picture; its hash is the same, too
_SAME_LOOKS = 0.92  # cosine that no two different pictures reach
_TURNED = 0.75  # similarity of hashes of which one may be rotated or mirrored, together with …
_TURNED_COSINE = 0.40  # … this cosine of the vectors
_CUT, _CUT_COSINE = 0.50, 0.80  # the same, where one is cropped from the other
_LIKE_AT_ALL = 0.60  # similarity of hashes, or _TURNED_COSINE, of photos that were taken in the same second


@dataclass(frozen=True, slots=True)
class PhotoTraits:
    """The traits of a photo that the rule compares.

    taken_at: by the camera's clock, None where only the file's name or time gives one.  perceptual: its 64-bit hash.
    vector: pooled features, little-endian float16, by `model`; empty or None where there are none.
    """

    taken_at: str | None
    perceptual: bytes
    vector: bytes
    model: str | None


def is_same_photo(before: PhotoTraits, now: PhotoTraits) -> bool:
    """Return whether a picture is an edited version of the former one."""
    cosine = _cosine(before, now)
    if before.taken_at and now.taken_at:
        if before.taken_at[:_SECONDS] != now.taken_at[:_SECONDS]:
            return before.perceptual == now.perceptual and (cosine is None or cosine >= _SAME_PIXELS)
        return cosine is None or cosine >= _TURNED_COSINE or _turned_likeness(before, now) >= _LIKE_AT_ALL
    if cosine is None:
        return _turned_likeness(before, now) >= _TURNED
    if cosine >= _SAME_LOOKS or (cosine >= _TURNED_COSINE and _turned_likeness(before, now) >= _TURNED):
        return True
    return cosine >= _CUT_COSINE and float(cut_likeness(_bits(before), _bits(now))[0]) >= _CUT


def _cosine(one: PhotoTraits, other: PhotoTraits) -> float | None:
    """Return the cosine of two vectors, None where they cannot be compared."""
    if not one.vector or one.model != other.model or len(one.vector) != len(other.vector):
        return None
    if one.vector == other.vector:
        return 1.0
    here, there = normalized([one.vector, other.vector])
    return float(here @ there)


def _turned_likeness(one: PhotoTraits, other: PhotoTraits) -> float:
    """Return the highest cosine of the signs of two hashes, one of them in any of the eight orientations.

    A hash has a sign for each of 8 × 8 waves. Mirrored, every second wave changes its sign; turned, rows are columns.
    """
    import numpy as np

    here, there = _signs(one), _signs(other)
    mirror = np.array([1, -1] * 4)
    ways = [
        waves * rows[:, None] * columns
        for waves in (there, there.T)
        for rows in (mirror**2, mirror)
        for columns in (mirror**2, mirror)
    ]
    return float(max((here * way).sum() for way in ways)) / (here.size - 1)


def _signs(looks: PhotoTraits) -> NDArray[np.int64]:
    """Return −1 or 1 for each wave, int64[8,8]; 0 for the first, which is the same in nearly all pictures."""
    import numpy as np

    signs = np.where(np.unpackbits(np.frombuffer(looks.perceptual, np.uint8)), 1, -1).reshape(8, 8)
    signs[0, 0] = 0
    return signs


def _bits(looks: PhotoTraits) -> NDArray[np.uint64]:
    import numpy as np

    return np.array([int.from_bytes(looks.perceptual, "big")], np.uint64)
