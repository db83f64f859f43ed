"""Error tree: every error that indexer reports, with the exit code of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from indexer.advice import Advice


class IndexerError(Exception):
    """The base of all errors that indexer reports; its message is a sentence that a photographer can act on."""

    exit_code = 1
    advice: Advice | None = None  # what to do about it

    def __init__(self, message: str, **parts: Any) -> None:
        super().__init__(message)
        self.__dict__.update(parts)
        self._arguments = tuple(parts.values())

    def __reduce__(self) -> tuple[Any, ...]:
        # An error crosses process borders: rebuild it from the arguments of its own constructor.
        made = type(self), self._arguments or self.args
        return (*made, {"advice": self.advice}) if self.advice else made

    def advise(self, key: str, *values: str) -> Self:
        """Say what to do about it; key: one that `cli.advice.WORDS` has."""
        self.advice = Advice(key, values)
        return self


class ConfigError(IndexerError):
    """A setting with an unusable value."""

    exit_code = 2
    key: str
    reason: str

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"configuration, {key}: {reason}", key=key, reason=reason)


class LibraryError(IndexerError):
    """A folder of photos that is missing, unreadable or not a folder."""

    exit_code = 3
    path: Path
    reason: str

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{printable(path)}: {reason}", path=path, reason=reason)


class ModelError(IndexerError):
    """A model whose weights are missing, damaged or do not match its spec."""

    exit_code = 4
    name: str
    reason: str

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"model {name}: {reason}", name=name, reason=reason)


class StoreError(IndexerError):
    """A library file that is locked, damaged, read-only or newer than this program."""

    exit_code = 5

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"library {printable(path)}: {reason}", path=path, reason=reason)


class QueryError(IndexerError):
    """A search that cannot be understood; `position` is the character at which it is invalid."""

    exit_code = 6

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(f"search {text!r}: {reason}", text=text, position=position, reason=reason)


class PhotoError(IndexerError):
    """One photo that cannot be indexed: recorded, never fatal to a run."""

    exit_code = 7
    path: Path
    stage: str
    reason: str

    def __init__(self, path: Path, stage: str, reason: str) -> None:
        super().__init__(f"{printable(path)}: {stage}: {reason}", path=path, stage=stage, reason=reason)


class ProcessLostError(IndexerError):
    """A process ended before it returned its result."""

    def __init__(self) -> None:
        super().__init__("the worker process was lost, perhaps for lack of memory")


def printable(path: Path | str) -> str:
    """Return a path as text that any terminal and JSON parser accepts: bytes that are not UTF-8 become '�'."""
    try:
        return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # no path, but text with half a character in it, as JSON can spell it
        return str(path).encode("utf-8", "replace").decode()
