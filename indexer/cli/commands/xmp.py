"""`indexer export xmp`, `import xmp`: XMP in sidecars and photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.output import JsonOption, count, visible, write, write_json
from indexer.cli.session import Session, command
from indexer.errors import PhotoError, printable

if TYPE_CHECKING:
    from indexer.pipeline.imports import Imported
    from indexer.pipeline.xmp_export import Exported

exporting = typer.Typer(name="export", help="Write tags, ratings and names for other programs.", no_args_is_help=True)
importing = typer.Typer(name="import", help="Read tags, ratings and names from other programs.", no_args_is_help=True)

_SOME_FAILED = PhotoError.exit_code
_Folders = Annotated[list[Path] | None, typer.Argument(help="Folders of the library (default: all).")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be changed, without changing it.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.add_typer(exporting)
    app.add_typer(importing)


def export_xmp(
    session: Session,
    folders: _Folders = None,
    dry_run: _DryRun = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write into JPEG and PNG files; other files get a sidecar.")
    ] = False,
    min_score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Minimum score of tags (default: 0.5; your own and taught words always)."),
    ] = None,
    own_only: Annotated[bool, typer.Option("--own-only", help="Only your own tags.")] = False,
    faces: Annotated[bool, typer.Option("--faces/--no-faces", help="Write face regions with names.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Export tags, ratings and names to XMP sidecar files for digiKam, darktable, Lightroom and other programs.

    Keeps everything that other programs or you wrote there. Tags that an earlier export wrote and that no longer apply
    are removed. Photo files are changed only with --in-place.
    """
    from indexer.pipeline.xmp_export import ExportOptions, export
    from indexer.vision.tags.vocabulary import Vocabulary
    from indexer.vision.tags.wordnet import paths

    words = paths(Vocabulary.load(rules=session.settings().config.rules))
    wish = ExportOptions(min_score=min_score, own_only=own_only, faces=faces, in_place=in_place)
    with session.open_library(read_only=dry_run or not in_place) as library:
        done = export(library, _absolute(folders), wish, words, dry_run=dry_run)
        tally = _told_exports(session, done, dry_run=dry_run, quiet=as_json)
    if as_json:
        write_json({"dry_run": dry_run, **{key: tally[key] for key in _EXPORT_KEYS}})
    else:
        _summarize_export(tally, dry_run=dry_run)
    raise typer.Exit(_SOME_FAILED if tally["failed"] else 0)


def import_xmp(
    session: Session,
    folders: _Folders = None,
    dry_run: _DryRun = False,
    sidecars_only: Annotated[
        bool, typer.Option("--sidecars-only", help="Read sidecar files only, not the photos.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Import keywords, ratings and named faces from XMP, in sidecars and in photos, as your own tags and names.

    Ignores what 'export xmp' wrote. Your existing tags, ratings and names are kept; conflicts with XMP are reported.
    """
    from indexer.pipeline.imports import take

    with session.open_library(read_only=dry_run) as library:
        found = take(library, _absolute(folders), dry_run=dry_run, embedded=not sidecars_only)
        tally = _told_imports(session, found, dry_run=dry_run, quiet=as_json)
    if as_json:
        write_json({"dry_run": dry_run, **{key: tally[key] for key in _IMPORT_KEYS}})
    else:
        _summarize_import(tally, dry_run=dry_run)
    raise typer.Exit(_SOME_FAILED if tally["failed"] else 0)


command(exporting, "xmp")(export_xmp)
command(importing, "xmp")(import_xmp)

_EXPORT_KEYS = ("new", "changed", "unchanged", "failed", "kept_ratings", "beside_instead")
_IMPORT_KEYS = ("photos", "words", "ratings", "names", "refused", "rejected", "failed")


def _absolute(folders: Iterable[Path] | None) -> list[Path]:
    return [folder.resolve() for folder in folders or ()]


def _told_exports(session: Session, done: Iterable[Exported], *, dry_run: bool, quiet: bool) -> Counter[str]:
    tally: Counter[str] = Counter()
    for each in done:
        tally["beside_instead"] += bool(each.note)
        if each.note:
            session.detail(f"{printable(each.photo)}: wrote a sidecar instead: {each.note}")
        if each.change is None:
            tally["failed"] += 1
            session.say(f"{printable(each.file)}: {each.problem}")
            continue
        tally["kept_ratings"] += each.change.kept_rating is not None
        tally["unchanged" if not each.change.is_other else "new" if each.is_new else "changed"] += 1
        if each.change.is_other and (dry_run or session.verbose) and not quiet:
            write(visible(f"{printable(each.file)}: {', '.join(_changes(each)) or 'internal notes'}"))
    return tally


def _changes(each: Exported) -> Iterator[str]:
    change = each.change
    assert change is not None
    if each.is_new:
        yield "new"
    yield from (f"+{word}" for word in change.added)
    yield from (f"-{word}" for word in change.removed)
    if change.rating:
        yield f"rating {change.rating[0] or 'none'} → {change.rating[1] or 'none'}"
    yield from (f"+person {name}" for name in change.named)
    yield from (f"-person {name}" for name in change.unnamed)


def _summarize_export(tally: Counter[str], *, dry_run: bool) -> None:
    write(
        f"{'Nothing was written. An export would write: ' if dry_run else ''}{count(tally['new'], 'new file')}, "
        f"{tally['changed']:,} changed, {tally['unchanged']:,} unchanged, {tally['failed']:,} that cannot be written."
    )
    if tally["kept_ratings"]:
        write(f"{count(tally['kept_ratings'], 'rating')} of other programs differ from yours and were kept.")
    if tally["beside_instead"]:
        write(f"{count(tally['beside_instead'], 'photo')} cannot contain XMP and got a sidecar instead; -v shows why.")


def _told_imports(session: Session, found: Iterable[Imported], *, dry_run: bool, quiet: bool) -> Counter[str]:
    tally: Counter[str] = Counter()
    for each in found:
        if each.problem:
            tally["failed"] += 1
            session.say(f"{printable(each.photo)}: {each.problem}")
            continue
        new = each.changes
        counts = {"photos": bool(new), "words": len(new.words), "ratings": new.rating is not None}
        tally.update(counts | {"names": len(new.names), "refused": len(new.refused), "rejected": each.rejected})
        for refused in new.refused:
            session.say(visible(f"{printable(each.photo)}: {refused}"))
        if new and (dry_run or session.verbose) and not quiet:
            write(visible(f"{printable(each.photo)}: {', '.join(_learned(each))}"))
    return tally


def _learned(each: Imported) -> Iterator[str]:
    yield from (f"+{word}" for word in each.changes.words)
    if each.changes.rating is not None:
        yield f"rating {each.changes.rating}"
    yield from (f"+person {name}" for _, name in each.changes.names)


def _summarize_import(tally: Counter[str], *, dry_run: bool) -> None:
    write(
        f"{'Nothing was imported. An import would add: ' if dry_run else ''}{count(tally['words'], 'tag')}, "
        f"{count(tally['ratings'], 'rating')}, {count(tally['names'], 'name')} of {count(tally['photos'], 'photo')}; "
        f"{tally['refused']:,} could not be used, {tally['failed']:,} files could not be read."
    )
    if tally["rejected"]:
        write(
            f"{count(tally['rejected'], 'photo')} marked as rejected in other programs; hide them with 'indexer hide'."
        )
