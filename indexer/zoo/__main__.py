"""The child process that builds networks (see indexer.zoo.child): `python -m indexer.zoo FOLDER < specs.json`."""

from __future__ import annotations

import sys
from pathlib import Path

from indexer.zoo.child import build_all, serve

if __name__ == "__main__":
    serve(lambda asked, report: build_all(asked, Path(sys.argv[1]), report))
