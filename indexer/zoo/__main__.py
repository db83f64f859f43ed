"""Child process that builds models (indexer.zoo.build.subprocess): `python -m indexer.zoo FOLDER < specs.json`."""

from __future__ import annotations

import sys
from pathlib import Path

from indexer.zoo.build.subprocess import build_all, serve

if __name__ == "__main__":
    serve(lambda asked, report: build_all(asked, Path(sys.argv[1]), report))
