"""Silencing of native libraries, which write to stderr while they load."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_turn = threading.Lock()  # the descriptor belongs to the whole process: one at a time may exchange it


@contextmanager
def silence_native_stderr() -> Iterator[None]:
    """Hold back what this process writes to file descriptor 2; release it only if the block fails.

    LiteRT and TensorFlow print greetings ('Created TensorFlow Lite XNNPACK delegate …') from C++, where neither
    Python's logging nor its sys.stderr can stop them, and LiteRT has no switch for it.
    """
    with _turn, tempfile.TemporaryFile() as held:
        try:
            terminal = os.dup(_STDERR)
        except OSError:  # a process without stderr
            yield
            return
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            os.dup2(terminal, _STDERR)
            os.close(terminal)
