"""`indexer retag`, `prune`, `relocate`: maintenance of the library."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    """Make all tags anew from what the networks once saw, after rules or thresholds have changed; no network runs."""
    from indexer.cli.commands.teach import tell_stale
    from indexer.pipeline.retag import retag as make_tags
    from indexer.vision.model_set import ModelSet
    from indexer.vision.spec import read_specs
    from indexer.vision.tags.labels import words_of_models
    from indexer.vision.tags.rules import idle_rules
    from indexer.vision.tags.vocabulary import Vocabulary

    config = session.settings().config
    tell_broken(session, config)
    vocabulary = Vocabulary.load(rules=config.rules)
    with session.open_library(read_only=False) as library:
        classes = words_of_models(vocabulary, library.classes(), read_specs(config.own_models_path).values())
        for idle in idle_rules(vocabulary.rules, vocabulary.known | _words(classes)):
            session.say(f"A rule that can do nothing: {idle}")
        scene: tuple[str, ...] = ()
        try:
            scene = ModelSet(**config.eyes).networks().scene
            tell_stale(session, library, scene[0])
        except ModelError as error:  # the tags are made all the same
            session.say(str(error))
        seen, changed = make_tags(library, vocabulary, classes, scene)
    write(f"{changed:,} of {count(seen, 'photo')} got other tags.")


def _words(classes: Mapping[str, ModelWords]) -> frozenset[str]:
    return frozenset(word for known in classes.values() for words in known.words for word in words)


def prune(
    session: Session,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be forgotten, and do nothing.")] = False,
) -> None:
    """Forget the photos that are missing."""
    with session.open_library(read_only=dry_run) as library:
        paths = library.missing() if dry_run else library.prune()
    for path in paths:  # where a file has the path, it holds another photo
        session.detail(f"{printable(path)}{' (the photo that was there before)' * os.path.lexists(path)}")
    write(f"{count(len(paths), 'missing photo')} {'would be forgotten' if dry_run else 'forgotten'}.")


def relocate(
    session: Session,
    old: Annotated[Path, typer.Argument(help="Where the photos were.")],
    new: Annotated[Path, typer.Argument(help="Where they are now.")],
) -> None:
    """Say that a folder of photos now lies elsewhere: everything known of them goes along."""
    if not new.is_dir():
        raise LibraryError(new, "is no folder; move the photos there first")
    with session.open_library(read_only=False) as library:
        if not library.known([old.resolve()]):
            raise LibraryError(old, "holds no photo of the library; 'indexer status' shows its folders")
        moved = library.relocate(old.resolve(), new.resolve())
    write(f"{count(moved, 'photo')} now {'lies' if moved == 1 else 'lie'} in {printable(new.resolve())}.")
