"""Child process that builds models (indexer.zoo.build.subprocess): `python -m indexer.zoo < request.json`."""

from __future__ import annotations

from indexer.subprocess_call import serve
from indexer.zoo.build.subprocess import build_all

if __name__ == "__main__":
    serve(build_all)
