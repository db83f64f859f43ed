"""Nothing flows in; where the process listens that runs networks for all workers, and its password, flow out."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Endpoint:
    """address: of a socket, or of a pipe on Windows.  key: who does not know it is not answered."""

    address: str
    key: bytes = field(repr=False)
