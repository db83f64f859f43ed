"""`indexer models bench`: load time, run time and memory of a model on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.output import JsonOption, table, write_json
from indexer.cli.session import Session, command
from indexer.errors import ModelError

if TYPE_CHECKING:
    from indexer.config.config import Config
    from indexer.pipeline.models.bench import BenchResult, BenchSetup
    from indexer.vision.spec import ModelSpec

_BATCHES = (1, 2, 4, 8, 16)
_TITLES = ("runtime", "threads", "batch", "load", "first", "later", "a picture", "memory")


class Runtime(StrEnum):
    """The runtimes of models."""

    LITERT = "litert"
    TENSORFLOW = "tensorflow"
    ONNX = "onnx"


def register(app: typer.Typer) -> None:
    """Add the command to those of `indexer models`."""
    command(app, "bench")(bench)


def bench(
    session: Session,
    name: Annotated[str, typer.Argument(help="Name of the model (see 'indexer models list').")],
    runtime: Annotated[
        list[Runtime] | None, typer.Option(help="Runtime to measure; repeatable (default: all that can run it).")
    ] = None,
    threads: Annotated[
        list[int] | None, typer.Option(min=1, help="Number of threads; repeatable (default: 1, and one per CPU core).")
    ] = None,
    batch: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Pictures per batch; repeatable (default: 1, 2, 4, 8, 16)."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the speed of a model: load time, first and later predictions (median), and peak memory.

    Each combination runs in its own process; combinations that the model does not support are left out.
    """
    from indexer.cli.lookup import build_if_missing
    from indexer.pipeline.models.bench import BenchSetup, runtimes
    from indexer.vision.model_set import spec_named
    from indexer.vision.spec import read_specs

    config = session.settings().config
    spec = spec_named(read_specs(config.own_models_path), name)
    build_if_missing(session, config, (spec,))
    there = runtimes(spec, config.models_path)
    if lacking := set(runtime or ()) - set(there):
        raise ModelError(name, f"is not available for {min(lacking)}, only for {', '.join(there)}")
    ways = product(runtime or there, sorted(set(threads or (1, config.worker_count))), batch or _BATCHES)
    found = _measured(session, config, spec, [BenchSetup(str(by), cores, pictures) for by, cores, pictures in ways])
    if as_json:
        write_json([_record(each) for each in found], indent=2)
    else:
        table([_row(each) for each in found], _TITLES)


def _measured(session: Session, config: Config, spec: ModelSpec, ways: Sequence[BenchSetup]) -> list[BenchResult]:
    """Measure all setups that the model supports. Errors: ModelError where it supports none, that of the last."""
    from indexer.pipeline.models.bench import measure

    found, refused = [], None
    for way in ways:
        try:
            found.append(measure(spec, config.models_path, way))
        except ModelError as error:
            session.detail(f"{way.runtime}, batch {way.batch}: {error.reason}")
            refused = error
    if refused is not None and not found:
        raise refused
    return found


def _row(found: BenchResult) -> list[str]:
    way = found.way
    times = [found.load, found.first, found.later, found.later / way.batch]
    memory = f"{found.peak_bytes / 1e6:.0f} MB"
    return [way.runtime, str(way.threads), str(way.batch), *map(_time, times), memory]


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} µs"


def _record(found: BenchResult) -> dict[str, Any]:
    return {
        "runtime": found.way.runtime,
        "threads": found.way.threads,
        "batch": found.way.batch,
        "shape": list(found.shape),
        "load_seconds": round(found.load, 5),
        "first_seconds": round(found.first, 5),
        "later_seconds": round(found.later, 5),
        "peak_bytes": found.peak_bytes,
    }
