"""`indexer status`: the totals of the library, and the status of its daemon."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from indexer.cli.advice import joined, sentence
from indexer.cli.lookup import tell_broken
from indexer.cli.output import JsonOption, count, local, table, write_json
from indexer.cli.session import Session, command
from indexer.errors import ModelError
from indexer.records.status import DaemonRecord, RootRecord, StatusRecord, status_record

_REASONS = 10  # `indexer failures` lists the others


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    command(app, "status")(status)


def status(session: Session, as_json: JsonOption = False) -> None:
    """Show the size of the library, what failed and why, and the state of the daemon ('indexer watch')."""
    from indexer.assemble import model_set

    config = session.settings().config
    models = model_set(config)
    tell_broken(session, config)
    try:
        model_ids = models.model_ids()
    except ModelError as error:  # the totals are available without them
        model_ids = None
        session.say(sentence(error))
    with session.open_library() as library:
        record = status_record(library, model_ids, joined)
    if as_json:
        write_json(record, indent=2)
    else:
        table([*_daemon_rows(record["daemon"], record["paused_since"]), *_library_rows(record)])


def _daemon_rows(daemon: DaemonRecord | None, paused_since: str | None) -> Iterator[list[str]]:
    """Yield the daemon's status as rows of a table: name, value."""
    if daemon is None:
        yield ["daemon", "not running (start it with 'indexer watch')"]
    elif not daemon["pid"]:
        yield ["daemon", "running, but its status cannot be read"]
    else:
        since = f"since {local(daemon['since'])} as process {daemon['pid']} on {daemon['host']}"
        yield ["daemon", f"{_with_reason(daemon['phase'], daemon['reason'])}, running {since}"]
        done = f"{daemon['indexed']:,} indexed, {daemon['failed']:,} failed since it started"
        queue = f"{count(daemon['queued'], 'photo')} in the queue, {daemon['photos_per_second']:.1f} photos/s"
        yield ["work", f"{queue}, {done}"]
        if daemon["last_photo"]:
            yield ["last photo", f"{daemon['last_photo']['path']}{_at(daemon['last_photo_at'])}"]
        yield ["last full scan", local(daemon["last_scan_at"]) if daemon["last_scan_at"] else "never"]
        for each in daemon["folders"]:
            yield ["watched", f"{each['path']}  by {_with_reason(each['how'], each['reason'])}"]
    if paused_since:
        yield ["paused", f"since {local(paused_since)} (continue with 'indexer resume')"]


def _library_rows(record: StatusRecord) -> Iterator[list[str]]:
    """Yield the library's totals as rows of a table: name, value."""
    yield ["library", record["library"]]
    numbers = {
        key: record[key] for key in ("photos", "shown", "failed", "missing", "hidden", "faces", "tags", "file_bytes")
    }
    for key, number in numbers.items():
        yield [key.replace("_", " "), f"{number:,}"]
    yield ["last indexed", local(record["last_indexed"]) if record["last_indexed"] else "never"]
    for folder in record["folders"]:
        yield ["folder", f"{folder['path']}{_as_it_is(folder)}"]
    for model in record["models"]:
        yield ["model", f"{model['id']}  {count(model['photos'], 'photo')} analyzed"]
    if record["stale"]:
        yield ["stale", f"{count(record['stale'], 'photo')} not analyzed by all current models; run 'indexer scan'"]
    for each in record["failures"][:_REASONS]:
        yield ["failures", f"{count(each['photos'], 'photo')}  {each['stage']}: {each['reason']}"]
    if more := record["failures"][_REASONS:]:
        yield ["failures", f"{count(len(more), 'other reason')}; 'indexer failures' lists all"]


def _as_it_is(folder: RootRecord) -> str:
    """Return the note on a folder that is away or empty."""
    if folder["state"] == "there":
        return ""
    last = f", last indexed {local(folder['last_indexed'])}" if folder["last_indexed"] else ""
    return f"  {_with_reason(folder['state'], folder['reason'])}{last}"


def _with_reason(text: str, reason: str) -> str:
    return f"{text} ({reason})" if reason else text


def _at(moment: str | None) -> str:
    return f"  at {local(moment)}" if moment else ""
