"""`indexer retag`: all tags anew, from stored model results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from indexer.cli.advice import sentence
from indexer.cli.lookup import tell_broken
from indexer.cli.output import count, write
from indexer.cli.session import Session, command
from indexer.errors import ModelError

if TYPE_CHECKING:
    from indexer.vision.tags.candidates import ModelWords


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    command(app, "retag")(retag)


def retag(session: Session) -> None:
    """Recompute all tags from stored model results, after a change of rules or thresholds; no model runs."""
    from indexer.assemble import model_set
    from indexer.cli.commands.teach import tell_stale
    from indexer.cli.probe_models import probe_models
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
        models = None
        try:
            models = model_set(config).model_ids()
            tell_stale(session, library, probe_models(config).id)
        except ModelError as error:  # the tags are made all the same
            session.say(sentence(error))
        seen, changed = make_tags(library, vocabulary, classes, models)
    write(f"{changed:,} of {count(seen, 'photo')} got different tags.")


def _words(classes: Mapping[str, ModelWords]) -> frozenset[str]:
    return frozenset(word for known in classes.values() for words in known.words for word in words)
