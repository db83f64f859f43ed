"""Endpoint of the inference server: its address and password."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Endpoint:
    """address: of a socket, or of a pipe on Windows.  key: clients without it get no answer."""

    address: str
    key: bytes = field(repr=False)
