"""`indexer watch`, `pause`, `resume`: the daemon that keeps the library in step with its folders."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from indexer.cli.advice import sentence
from indexer.cli.lookup import build_if_missing
from indexer.cli.output import count, grouped_text, local, write
from indexer.cli.service.log import Log
from indexer.cli.service.sd_notify import Notifier
from indexer.cli.service.signals import Stop, stoppable
from indexer.cli.service.systemd import flagged, program, unit
from indexer.cli.session import Session, command
from indexer.config import config as settings
from indexer.config.config import Config
from indexer.errors import ConfigError, IndexerError, LibraryError, StoreError, printable

if TYPE_CHECKING:
    from indexer.library.people.grouping import Grouped
    from indexer.library.store import Library
    from indexer.pipeline.daemon.lock import DaemonLock
    from indexer.pipeline.daemon.reporter import DaemonReporter
    from indexer.pipeline.daemon.status_file import DaemonStatus
    from indexer.vision.model_set import ModelSet


Used: TypeAlias = tuple[Config, list[Path]]
"""Settings, and the folders to follow."""

_BEAT_SECONDS = 10.0  # between signs of life to the service manager


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    command(app, "watch")(watch)
    command(app, "pause")(pause)
    command(app, "resume")(resume)


def watch(
    session: Session,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders of photos (default: the folders in the settings).")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Number of worker processes; 0: one per CPU core.")] = None,
    log: Annotated[str | None, typer.Option(help="Log format: lines or json.", show_default=False)] = None,
    print_unit: Annotated[
        bool, typer.Option("--print-unit", help="Print a systemd user unit that runs this command, and exit.")
    ] = False,
) -> None:
    """Watch folders of photos: index them, then keep the library up to date as photos are added, changed or removed.

    Runs until it is stopped (Ctrl-C, SIGTERM); SIGHUP reloads the settings. 'indexer status' shows what it is doing,
    'indexer pause' pauses it.
    """

    def read() -> Used:
        config = session.settings(workers=workers, log=log).config
        return config, _folders(paths or config.folders)

    config, folders = read()
    if print_unit:
        flags = {"--workers": workers, "--log": log, "--library": config.library_file, "--config": session.config}
        print(_unit(config, flags, paths or (), folders), end="")  # noqa: T201
        return
    build_if_missing(session, config, _model_set(config).specs())
    service = settings.service_manager()
    with stoppable() as stop, session.open_library(read_only=False, create=True) as library:
        stop.gently = True
        _refuse_typos(paths or (), library)
        _Service(session, library, stop, Notifier(service.socket), read).run(config, folders)


def _tell_grouped(account: DaemonReporter, done: Grouped | IndexerError) -> None:
    """Report what a grouping of faces did, or why it could not."""
    if isinstance(done, IndexerError):
        account.trouble(done, "faces were not grouped")
    elif done.joined or done.people:
        account.tell("people", grouped_text(done), joined=done.joined, people=done.people)


class _Service:
    """A daemon that is set up anew whenever other settings apply."""

    def __init__(
        self,
        session: Session,
        library: Library,
        stop: Stop,
        notifier: Notifier,
        read: Callable[[], Used],
    ) -> None:
        self._session, self._library, self._stop, self._notifier, self._read = session, library, stop, notifier, read
        self._hung_up = False
        self._next: Used | None = None
        self._beaten_at = 0.0

    def run(self, config: Config, folders: list[Path]) -> None:
        """Work until stopped. Errors: StoreError where the library has a daemon already."""
        from indexer.pipeline.daemon.lock import DaemonLock
        from indexer.pipeline.daemon.throttle import step_back

        with DaemonLock.claim(self._library.path) as daemon_lock, self._reloadable():
            self._next = config, folders
            while self._next:
                (config, folders), self._next = self._next, None
                step_back(config.niceness, config.io_priority)
                log = Log("json" if config.log == "json" else "lines", sys.stderr)
                library = printable(self._library.path)
                log.log("start", f"following {count(len(folders), 'folder')}, library {library}")
                try:
                    self._follow(config, folders, daemon_lock, log)
                except IndexerError as error:
                    log.log("error", sentence(error))
                    raise typer.Exit(error.exit_code) from error
            self._notifier.stopping()
            told = daemon_lock.presence
            done = f"{count(told.indexed, 'photo')} indexed, {told.failed:,} failed since {local(told.since)}"
            log.log("stop", f"stopped: {done}", indexed=told.indexed, failed=told.failed, since=told.since)

    def _follow(self, config: Config, folders: list[Path], daemon_lock: DaemonLock, log: Log) -> None:
        from indexer.assemble import face_grouping, limits, pace
        from indexer.intake.watch.settle import Settling, disk_stamp
        from indexer.intake.watch.watch import Watch
        from indexer.pipeline.daemon.daemon import Daemon
        from indexer.pipeline.daemon.reporter import DaemonReporter
        from indexer.pipeline.daemon.throttle import Throttle
        from indexer.pipeline.retag import learn_names
        from indexer.pipeline.workers.photo_pool import Pool
        from indexer.vision.tags.vocabulary import Vocabulary

        models = _model_set(config)
        learn_names(self._library, models.specs(), Vocabulary.load())
        with ExitStack() as stack:
            throttle = Throttle(self._library.path, config.max_load, lambda: pool.busy, monotonic)
            pool = stack.enter_context(Pool(models, limits(config), config.worker_count, throttle.is_open))
            account = DaemonReporter(daemon_lock.presence, log.log, self._shown(daemon_lock), monotonic, time)
            grouping = face_grouping(config, self._library.path, partial(_tell_grouped, account), monotonic)
            if grouping is not None:
                stack.callback(grouping.close)
            settling = Settling(config.settle_seconds, monotonic, disk_stamp)
            watch = stack.enter_context(Watch(settling, account.notice, mode=config.watching, on_step=self._step))
            daemon = Daemon(
                self._library,
                folders,
                pool,
                watch,
                settling,
                throttle,
                pace(config),
                account,
                is_wanted=lambda: self._is_wanted((config, folders), log),
                beat=self._beat,
                ready=self._notifier.ready,
                clock=monotonic,
                now=time,
                grouping=grouping,
            )
            daemon.run()

    def _shown(self, daemon_lock: DaemonLock) -> Callable[[DaemonStatus], None]:
        def show(daemon_status: DaemonStatus) -> None:
            daemon_lock.tell(daemon_status)
            doing = f"{daemon_status.phase}, {daemon_status.queued:,} waiting, {daemon_status.indexed:,} indexed"
            self._notifier.status(f"{doing}: {daemon_status.reason}" if daemon_status.reason else doing)

        return show

    def _beat(self) -> None:
        if monotonic() - self._beaten_at >= _BEAT_SECONDS:
            self._beaten_at = monotonic()
            self._notifier.alive()

    def _step(self) -> None:
        from indexer.pipeline.daemon.daemon import Stopped

        self._beat()
        if self._stop.asked:
            raise Stopped

    def _is_wanted(self, used: Used, log: Log) -> bool:
        if self._hung_up:
            self._hung_up = False
            self._notifier.reloading()
            self._next = self._read_again(used, log)
            self._notifier.ready()
        return not self._stop.asked and self._next is None

    def _read_again(self, used: Used, log: Log) -> Used | None:
        """Read the settings again; return them if they differ."""
        try:
            new = self._read()
            build_if_missing(self._session, new[0], _model_set(new[0]).specs())
        except IndexerError as error:
            log.log("trouble", f"{sentence(error)}; the settings were not changed")
            return None
        late = [key for key in ("library", "niceness", "io_priority") if getattr(new[0], key) != getattr(used[0], key)]
        note = f"; restart to apply: {', '.join(late)}" if late else ""
        log.log("reload", f"settings reloaded{note}" if new != used else "settings reloaded, nothing changed")
        return new if new != used else None

    @contextmanager
    def _reloadable(self) -> Iterator[None]:
        def ask(*_: object) -> None:
            self._hung_up = True

        hangup = getattr(signal, "SIGHUP", None)
        before = signal.signal(hangup, ask) if hangup else None
        try:
            yield
        finally:
            if hangup:
                signal.signal(hangup, before)


def _model_set(config: Config) -> ModelSet:
    from indexer.assemble import model_set

    return model_set(config)


def _folders(given: Sequence[Path]) -> list[Path]:
    """Return the folders, by one name each, without those that lie in others. Errors: ConfigError for an empty list."""
    if not given:
        raise ConfigError(
            "folders", "no folder is given; run 'indexer watch ~/Photos', or add a folder with 'indexer folders add'"
        )
    real = dict.fromkeys(Path(os.path.realpath(folder)) for folder in given)
    return [folder for folder in real if real.keys().isdisjoint(folder.parents)]


def _refuse_typos(given: Sequence[Path], library: Library) -> None:
    """A folder that nobody has ever seen is a typing error; one that is known may be a disk that comes later."""
    from indexer.library.roots import root_folders

    roots = root_folders(library)
    for folder in given:
        real = Path(os.path.realpath(folder))
        if not real.is_dir() and not any(real.is_relative_to(root) for root in roots):
            raise LibraryError(folder, "it does not exist")


def _unit(config: Config, flags: Mapping[str, object], paths: Sequence[Path], folders: Sequence[Path]) -> str:
    """Return a systemd unit equal to this call: the same program, flags, folders and INDEXER_* variables."""
    command = [*program(), "watch", *flagged(flags)]
    config.models_path.mkdir(parents=True, exist_ok=True)
    config.library_file.parent.mkdir(parents=True, exist_ok=True)
    given = [os.path.realpath(folder) for folder in paths]
    return unit([*command, *given], settings.environment(), config.library_file, config.models_path, folders, config)


def pause(session: Session) -> None:
    """Pause the daemon of the library until 'indexer resume', even after a restart; no photo is analyzed meanwhile.

    Changes made meanwhile are picked up when it resumes. 'indexer scan' still works.
    """
    from indexer.pipeline.daemon.lock import daemon_status
    from indexer.pipeline.daemon.pause import pause as ask
    from indexer.pipeline.daemon.pause import paused_since

    library = _library(session)
    since = paused_since(library)
    ask(library)
    if since is not None:
        write(f"Already paused since {local(since)}; continue with 'indexer resume'.")
    elif (daemon := daemon_status(library)) is None:
        write("Paused. No daemon is running; the next one waits until 'indexer resume'.")
    else:
        write(f"Paused: the daemon (process {daemon.pid}) waits until 'indexer resume'.")


def resume(session: Session) -> None:
    """Resume the daemon of the library after 'indexer pause'."""
    from indexer.pipeline.daemon.lock import daemon_status
    from indexer.pipeline.daemon.pause import paused_since
    from indexer.pipeline.daemon.pause import resume as ask

    library = _library(session)
    since = paused_since(library)
    ask(library)
    if since is None:
        write("The daemon was not paused.")
    elif (daemon := daemon_status(library)) is None:
        write("Resumed. No daemon is running; the next one will work again.")
    else:
        write(f"Resumed: the daemon (process {daemon.pid}) works again.")


def _library(session: Session) -> Path:
    """Return the library file, unopened: a daemon can be paused whatever state its library is in."""
    file = session.settings().config.library_file
    if not file.exists():
        raise StoreError(file, "does not exist yet; 'indexer scan FOLDER' makes it")
    return file
