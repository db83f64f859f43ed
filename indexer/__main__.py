"""The program `indexer`: runs the command line and returns its exit code."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from indexer.errors import IndexerError

_ALLOCATIONS = 100_000  # Python's own 700 make it look for garbage hundreds of times while modules load: 0.02 s


def main() -> None:
    """Run the command line; every error of ours becomes one sentence on stderr and its exit code."""
    gc.set_threshold(_ALLOCATIONS, 20, 20)
    from indexer.cli.lazy_app import app_for

    for name in ("stdout", "stderr"):  # None if the caller closed them
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
    try:
        app_for(sys.argv[1:])(prog_name="indexer")
    except IndexerError as error:
        from indexer.cli.advice import sentence

        print(f"indexer: {sentence(error)}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    except OSError as error:  # a full disk behind stdout, a folder that was deleted under us
        print(f"indexer: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


if __name__ == "__main__":
    main()
