"""`indexer retag`, `prune`, `relocate`: maintenance of the library."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.advice import sentence
from indexer.cli.lookup import tell_broken
from indexer.cli.output import count, write
from indexer.cli.session import Session, command
from indexer.errors import LibraryError, ModelError, printable

if TYPE_CHECKING:
    from indexer.vision.tags.candidates import ModelWords


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app, "retag")(retag)
    command(app, "prune")(prune)
    command(app, "relocate")(relocate)


def retag(session: Session) -> None:
    """Recompute all tags from stored model results, after a change of rules or thresholds; no model runs."""
    from indexer.assemble import model_set
    from indexer.cli.commands.teach import tell_stale
    from indexer.library.indexing.outcomes import stored_classes
    from indexer.pipeline.retag import retag as make_tags
    from indexer.vision.spec import read_specs
    from indexer.vision.tags.labels import words_of_models
    from indexer.vision.tags.rules import idle_rules
    from indexer.vision.tags.vocabulary import Vocabulary

    config = session.settings().config
    tell_broken(session, config)
    vocabulary = Vocabulary.load(rules=config.rules)
    with session.open_library(read_only=False) as library:
        classes = words_of_models(vocabulary, stored_classes(library), read_specs(config.own_models_path).values())
        for idle in idle_rules(vocabulary.rules, vocabulary.known | _words(classes)):
            session.say(f"This rule has no effect: {idle}")
        scene: tuple[str, ...] = ()
        try:
            scene = model_set(config).model_ids().scene
            tell_stale(session, library, scene[0])
        except ModelError as error:  # the tags are made all the same
            session.say(sentence(error))
        seen, changed = make_tags(library, vocabulary, classes, scene)
    write(f"{changed:,} of {count(seen, 'photo')} got different tags.")


def _words(classes: Mapping[str, ModelWords]) -> frozenset[str]:
    return frozenset(word for known in classes.values() for words in known.words for word in words)


def prune(
    session: Session,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, without removing it.")
    ] = False,
) -> None:
    """Remove missing photos from the library."""
    from indexer.library.indexing.files import missing_photos
    from indexer.library.indexing.outcomes import forget_missing

    with session.open_library(read_only=dry_run) as library:
        paths = missing_photos(library) if dry_run else forget_missing(library)
    for path in paths:  # where a file has the path, it holds another photo
        session.detail(f"{printable(path)}{' (the earlier photo of this name)' * os.path.lexists(path)}")
    write(f"{count(len(paths), 'missing photo')} {'would be removed' if dry_run else 'removed'}.")


def relocate(
    session: Session,
    old: Annotated[Path, typer.Argument(help="Folder where the photos were.")],
    new: Annotated[Path, typer.Argument(help="Folder where they are now.")],
) -> None:
    """Update the library after a folder of photos was moved; all data about the photos is kept."""
    from indexer.library.indexing.files import file_states
    from indexer.library.roots import relocate_folder

    if not new.is_dir():
        raise LibraryError(new, "is not a folder; move the photos there first")
    with session.open_library(read_only=False) as library:
        if not file_states(library, [old.resolve()]):
            raise LibraryError(old, "contains no photos of the library; 'indexer folders' lists its folders")
        moved = relocate_folder(library, old.resolve(), new.resolve())
    write(f"{count(moved, 'photo')} {'is' if moved == 1 else 'are'} now in {printable(new.resolve())}.")
