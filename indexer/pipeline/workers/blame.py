"""What a worker process ended with flows in; what to say of the picture that it had flows out."""

from __future__ import annotations

from indexer.errors import IndexerError
from indexer.pipeline.workers.processes import ProcessExpired, cause
from indexer.pipeline.workers.tasks import Limits


def blame(error: BaseException, limits: Limits) -> str:
    """Say why a picture could not be worked on; what is no picture's fault is raised again."""
    match error:
        case TimeoutError():
            return f"it took longer than {limits.seconds:g} seconds (photo_timeout_seconds in the configuration)"
        case MemoryError():
            return "it needs more memory than a photo may take (photo_memory_mb in the configuration)"
        case ProcessExpired():
            return f"it crashed the process that read it ({cause(error.exitcode)})"
        case IndexerError():
            raise error
        case Exception():  # a bug in one photo's way must not cost the others
            return f"{type(error).__name__}: {error}"
    raise error
