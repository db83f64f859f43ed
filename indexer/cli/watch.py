"""`indexer watch`: folders flow in; the library follows what happens in them until the daemon is stopped."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Annotated

import typer

from indexer import config as settings
from indexer.cli.log import Log
from indexer.cli.models import ensure_built
from indexer.cli.present import count
from indexer.cli.session import Session, command
from indexer.cli.stop import Stop, stoppable
from indexer.cli.systemd import Notifier, unit
from indexer.config import Config
from indexer.errors import ConfigError, IndexerError, LibraryError

if TYPE_CHECKING:
    from indexer.library.store import Library
    from indexer.pipeline.presence import Desk, Presence
    from indexer.vision.analyze import Eyes

_BEAT_SECONDS = 10.0  # between signs of life to the service manager


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    command(app, "watch")(watch)


def watch(
    session: Session,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders of photos; those of the settings if none.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; 0: one a CPU core.")] = None,
    log: Annotated[str | None, typer.Option(help="What is printed: lines, or json.", show_default=False)] = None,
    print_unit: Annotated[
        bool, typer.Option("--print-unit", help="Print a systemd user unit that runs this command, and do no more.")
    ] = False,
) -> None:
    """Follow folders of photos: index what is there, and from then on what comes, changes, moves and goes.

    It runs until it is stopped (Ctrl-C, SIGTERM); SIGHUP reads the settings again. 'indexer status' tells what it
    does, 'indexer pause' lets it rest.
    """

    def read() -> tuple[Config, list[Path]]:
        config = session.settings(workers=workers, log=log).config
        return config, _folders(paths or config.folders)

    config, folders = read()
    if print_unit:
        print(_unit(session, config, paths or (), workers), end="")  # noqa: T201
        return
    ensure_built(session, config, _eyes(config).specs())
    service = settings.service_manager()
    with stoppable() as stop, session.open_library(read_only=False, create=True) as library:
        stop.gently = True
        _refuse_typos(paths or (), library)
        _Service(session, library, stop, Notifier(service.socket), read).run(config, folders)


class _Service:
    """A daemon that is set up anew each time when the settings are to be read again."""

    def __init__(
        self,
        session: Session,
        library: Library,
        stop: Stop,
        notifier: Notifier,
        read: Callable[[], tuple[Config, list[Path]]],
    ) -> None:
        self._session, self._library, self._stop, self._notifier, self._read = session, library, stop, notifier, read
        self._reload = False
        self._beaten_at = 0.0

    def run(self, config: Config, folders: list[Path]) -> None:
        """Work until stopped. Errors: StoreError where the library has a daemon already, ModelError."""
        from indexer.pipeline.presence import Desk
        from indexer.pipeline.priority import step_back

        with Desk.claim(self._library.path) as desk, self._reloadable():
            step_back(config.niceness, config.io_priority)
            while not self._stop.asked:
                self._reload = False
                log = Log("json" if config.log == "json" else "lines", sys.stderr)
                log.log("start", f"following {count(len(folders), 'folder')}, library {self._library.path}")
                self._follow(config, folders, desk, log)
                if not self._stop.asked:
                    config, folders = self._read_again(config, folders, log)
            self._notifier.stopping()
            told = desk.presence
            log.log(
                "stop",
                f"stopped: {count(told.indexed, 'photo')} indexed, {told.failed:,} failed since {told.since}",
                indexed=told.indexed,
                failed=told.failed,
            )

    def _follow(self, config: Config, folders: list[Path], desk: Desk, log: Log) -> None:
        from indexer.intake.settle import Settling, disk_stamp
        from indexer.intake.watch import Watch
        from indexer.pipeline.account import Account
        from indexer.pipeline.daemon import Daemon, Pace
        from indexer.pipeline.gate import Gate
        from indexer.pipeline.pool import Pool
        from indexer.pipeline.worker import Limits
        from indexer.vision.vocabulary import Vocabulary

        eyes = _eyes(config)
        self._library.learn_classes(eyes.specs()[0].id, Vocabulary.load().classes)
        with ExitStack() as stack:
            gate = Gate(self._library.path, config.max_load, lambda: pool.busy, monotonic)
            pool = stack.enter_context(Pool(eyes, Limits(**config.limits), config.worker_count, gate.is_open))
            account = Account(desk.presence, log.log, self._shown(desk), monotonic, time)
            settling = Settling(config.settle_seconds, monotonic, disk_stamp)
            watch = stack.enter_context(Watch(settling, account.complain, mode=config.watching))
            daemon = Daemon(
                self._library,
                folders,
                pool,
                watch,
                settling,
                gate,
                Pace(**config.pace),
                account,
                is_wanted=lambda: not (self._stop.asked or self._reload),
                beat=self._beat,
                clock=monotonic,
                now=time,
            )
            self._notifier.ready()
            daemon.run()

    def _shown(self, desk: Desk) -> Callable[[Presence], None]:
        def show(presence: Presence) -> None:
            desk.tell(presence)
            doing = f"{presence.phase}, {presence.queued:,} waiting, {presence.indexed:,} indexed"
            self._notifier.status(f"{doing}: {presence.reason}" if presence.reason else doing)

        return show

    def _beat(self) -> None:
        if monotonic() - self._beaten_at >= _BEAT_SECONDS:
            self._beaten_at = monotonic()
            self._notifier.alive()

    def _read_again(self, config: Config, folders: list[Path], log: Log) -> tuple[Config, list[Path]]:
        """Read the settings again; what cannot be used leaves them as they were."""
        self._notifier.reloading()
        try:
            new = self._read()
            ensure_built(self._session, new[0], _eyes(new[0]).specs())
        except IndexerError as error:
            log.log("trouble", f"{error}; the settings stay as they were")
            return config, folders
        log.log("reload", "the settings were read again")
        return new

    @contextmanager
    def _reloadable(self) -> Iterator[None]:
        def ask(*_: object) -> None:
            self._reload = True

        hangup = getattr(signal, "SIGHUP", None)
        before = signal.signal(hangup, ask) if hangup else None
        try:
            yield
        finally:
            if hangup:
                signal.signal(hangup, before)


def _eyes(config: Config) -> Eyes:
    from indexer.vision.analyze import Eyes

    return Eyes(**config.eyes)


def _folders(given: Sequence[Path]) -> list[Path]:
    """Return the folders, by one name each, without those that lie in others. Errors: ConfigError where none is."""
    if not given:
        raise ConfigError("folders", "name a folder: indexer watch ~/Photos")
    real = dict.fromkeys(Path(os.path.realpath(folder)) for folder in given)
    return [folder for folder in real if real.keys().isdisjoint(folder.parents)]


def _refuse_typos(given: Sequence[Path], library: Library) -> None:
    """A folder that nobody has ever seen is a typing error; one that is known may be a disk that comes later."""
    roots = library.roots()
    for folder in given:
        real = Path(os.path.realpath(folder))
        if not real.is_dir() and not any(real.is_relative_to(root) for root in roots):
            raise LibraryError(folder, "it does not exist")


def _unit(session: Session, config: Config, paths: Sequence[Path], workers: int | None) -> str:
    program = Path(sys.argv[0])
    if program.name == "__main__.py" or not program.is_file():
        start = [sys.executable, "-m", "indexer"]
    else:
        start = [str(program.absolute())]
    flags = [*(["--workers", str(workers)] if workers is not None else [])]
    for name, file in (("--library", session.library), ("--config", session.config)):
        if file is not None:
            flags += [name, str(file.absolute())]
    folders = _folders(paths or config.folders)
    config.models_path.mkdir(parents=True, exist_ok=True)
    config.library_file.parent.mkdir(parents=True, exist_ok=True)
    given = [os.path.realpath(folder) for folder in paths]
    return unit([*start, "watch", *flags, *given], config.library_file, config.models_path, folders, config)
