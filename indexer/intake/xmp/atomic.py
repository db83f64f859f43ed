"""Atomic file replacement: the new file takes the place of the old one whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO


@contextmanager
def replacement(path: Path) -> Iterator[IO[bytes]]:
    """Write a hidden file beside `path`, and rename it when all of it is on the disk.

    With an error nothing is left of it, and the old file is as it was. After a power cut either of the two
    is there, whole.
    """
    with NamedTemporaryFile(prefix=".indexer-", suffix=".tmp", dir=path.parent, delete=False) as new:
        try:
            yield new
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(new.name).unlink()
            raise
