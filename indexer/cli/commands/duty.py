"""`indexer pause`, `resume`: a wish flows in and lies beside the library until the daemon, now or later, heeds it."""

from __future__ import annotations

from pathlib import Path

import typer

from indexer.cli.output import local, write
from indexer.cli.session import Session, command
from indexer.errors import StoreError


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app, "pause")(pause)
    command(app, "resume")(resume)


def pause(session: Session) -> None:
    """Let the daemon of the library rest: no photo is analyzed until 'indexer resume', also after a restart.

    What changes meanwhile is made up for then. 'indexer scan' still works.
    """
    from indexer.pipeline.daemon.status_file import pause as ask
    from indexer.pipeline.daemon.status_file import paused_since, presence

    library = _library(session)
    since = paused_since(library)
    ask(library)
    if since is not None:
        write(f"It has been paused since {local(since)}; 'indexer resume' ends that.")
    elif (daemon := presence(library)) is None:
        write("Paused. No daemon runs now: the next one will rest until 'indexer resume'.")
    else:
        write(f"Paused: the daemon (process {daemon.pid}) rests until 'indexer resume'.")


def resume(session: Session) -> None:
    """Let the daemon of the library work again after 'indexer pause'."""
    from indexer.pipeline.daemon.status_file import paused_since, presence
    from indexer.pipeline.daemon.status_file import resume as ask

    library = _library(session)
    since = paused_since(library)
    ask(library)
    if since is None:
        write("It was not paused.")
    elif (daemon := presence(library)) is None:
        write("Resumed. No daemon runs now: the next one will work.")
    else:
        write(f"Resumed: the daemon (process {daemon.pid}) works again.")


def _library(session: Session) -> Path:
    """Return the library file, unopened: a daemon can be paused whatever state its library is in."""
    file = session.settings().config.library_file
    if not file.exists():
        raise StoreError(file, "does not exist yet; 'indexer scan FOLDER' makes it")
    return file
