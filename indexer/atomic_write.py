"""Atomic writes: a new file or folder takes the place of an old one whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO


@contextmanager
def atomic_write(
    path: Path,
    *,
    durable: bool = False,
    mode: int = 0o600,
    prefix: str = ".indexer-",
    suffix: str = ".tmp",
    temporary: Path | None = None,
) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path`, for reading and writing; it gets that name at the end of the `with` block.

    After any error nothing is left of it, and what was there before is as it was.  Other permissions, owners or times
    are set on the open file.
    durable: all of it is on the disk before it gets its name, so that a power cut leaves one of the two whole.
    mode: permissions at creation, less the umask.  prefix, suffix: of a temporary name that nobody else has.
    temporary: the temporary file itself, where at most one process writes; what a killed one left is overwritten.
    Errors: OSError.
    """
    part = temporary or _free_name(path, prefix, suffix)
    with open(part, "w+b" if temporary else "x+b", opener=partial(os.open, mode=mode)) as new:
        try:
            yield new
            new.flush()
            if durable:
                os.fsync(new.fileno())
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise


@contextmanager
def atomic_folder(path: Path, *, prefix: str = ".indexer-", overwrite: bool = False) -> Iterator[Path]:
    """Make a temporary folder beside `path`; it gets that name at the end of the `with` block, mode 0o755.

    After any error nothing is left of it.  Until its end nobody else may look into it.
    prefix: of its temporary name.  overwrite: a folder that is there is deleted; else it must be empty.
    Errors: OSError.
    """
    from shutil import rmtree

    new = _free_name(path, prefix, "")
    new.mkdir(0o700)
    try:
        yield new
        new.chmod(0o755)
        if overwrite:
            rmtree(path, ignore_errors=True)
        new.rename(path)
    finally:
        rmtree(new, ignore_errors=True)


def _free_name(path: Path, prefix: str, suffix: str) -> Path:
    return path.with_name(f"{prefix}{os.urandom(8).hex()}{suffix}")
