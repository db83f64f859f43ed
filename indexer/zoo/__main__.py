"""The child process that builds networks (see indexer.zoo.child): `python -m indexer.zoo FOLDER < specs.json`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from indexer.zoo.child import serve

if __name__ == "__main__":
    # Only our own lines reach the parent: whatever a library prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.exit(serve(Path(sys.argv[1]), sys.stdin, answers))
