"""What many routes take from a request, and how it is checked."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Path, Query

LARGEST = 2**63 - 1  # what SQLite takes
_FARTHEST = 2**31 - 1

Number: TypeAlias = Annotated[int, Path(ge=1, le=LARGEST)]
"""The number of a photo, face or person, in the address."""
Offset: TypeAlias = Annotated[int, Query(ge=0, le=_FARTHEST, description="Leave out so many of the first.")]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=500, description="So many at most.")]
Text: TypeAlias = Annotated[str, Query(max_length=2000)]
