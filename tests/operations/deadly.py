"""Paths that take their worker down when it opens them: they cross the border to it as any path does."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Any

from indexer.vision.runtime.remote import ServerLostError


class _Deadly(type(Path())):  # type: ignore[misc]
    def open(self, *_: Any, **__: Any) -> Any:
        self.strike()
        return super().open("rb")

    def strike(self) -> None:
        raise NotImplementedError


class Segfault(_Deadly):
    """A real one: memory that is not there is read."""

    def strike(self) -> None:
        ctypes.string_at(0)


class Abort(_Deadly):
    """What a failed assertion in C does."""

    def strike(self) -> None:
        os.abort()


class Exit(_Deadly):
    """A library that thinks the program is its own."""

    def strike(self) -> None:
        os._exit(3)


class GoodExit(_Deadly):
    """The same, and it thinks that all is well."""

    def strike(self) -> None:
        os._exit(0)


class Killed(_Deadly):
    """What the system does when memory is short."""

    def strike(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Hang(_Deadly):
    """A disk that does not answer."""

    def strike(self) -> None:
        time.sleep(3600)


class Glutton(_Deadly):
    """A library that wants more memory than there is."""

    def strike(self) -> None:
        bytearray(1 << 40)


class Bug(_Deadly):
    """A mistake of ours."""

    def strike(self) -> None:
        raise ZeroDivisionError("division by zero")


class LosesInference(_Deadly):
    """A picture that crashes the process that runs models, as its worker sees it."""

    def strike(self) -> None:
        raise ServerLostError("efficientnet-lite0", "the process that runs it was lost")


class CrashesWhileDecoded(_Deadly):
    """A decoder that crashes on what it reads: the header is fine, the pixels kill."""

    def open(self, *_: Any, **__: Any) -> Any:
        return _Trap(Path(self))


class _Trap(BufferedReader):
    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb", buffering=0))
        self._whole = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._whole += bool(data) and self.tell() == os.fstat(self.fileno()).st_size
        # Hashing reads by `readinto`: whoever reads to the end by `read` wants the pixels.
        if self._whole:
            ctypes.string_at(0)
        return data


class KillsWhoFetchesIt(_Deadly):
    """Its worker dies with the lock of all workers in its hands, before anybody knows who has the photo."""

    def __reduce__(self) -> tuple[Callable[[], Any], tuple[()]]:
        return os.abort, ()
