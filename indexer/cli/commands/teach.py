"""`indexer teach`: few-shot classifiers for words of the user's own."""

from __future__ import annotations

import re
import shlex
import shutil
from hashlib import sha256
from pathlib import Path
from struct import iter_unpack
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from indexer.cli.advice import sentence
from indexer.cli.example_photos import PhotoSource, report_unreadable
from indexer.cli.output import Format, FormatOption, count, present, write
from indexer.cli.probe_models import object_classes, open_look, probe_models
from indexer.cli.session import Session, command
from indexer.errors import ConfigError, IndexerError, ModelError, printable

if TYPE_CHECKING:
    from indexer.library.photo_rows.user_layer import LinearProbe
    from indexer.library.store import Library
    from indexer.library.user.taught_words import TaughtWord
    from indexer.vision.linear_head import CrossValidation

_WORD = "word"  # the command that may be left out: `teach NAME` is `teach word NAME`
_MOST_EXAMPLES = 500
# The options that give the photos of a taught word again, and where its report keeps what they were.
_AGAIN = {"--examples": "folder", "--examples-from": "query", "--not": "not", "--not-from": "not_query"}


class _WordFirst(TyperGroup):
    """A command group that takes a first argument that is no command for the word to teach."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_WORD, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_WordFirst, no_args_is_help=True, help="Teach a tag of your own with a few examples.")


def register(whole: typer.Typer) -> None:
    """Add the commands to the app."""
    whole.add_typer(app, name="teach")


@command(app, _WORD)
def teach(
    session: Session,
    name: Annotated[str, typer.Argument(help="Tag to teach.")],
    examples: Annotated[
        Path | None,
        typer.Option(
            help="Folder of 5 to 50 photos that show it; links are allowed. '-' reads their paths from stdin."
        ),
    ] = None,
    examples_from: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Use the photos that a search finds as examples.")
    ] = None,
    other: Annotated[Path | None, typer.Option("--not", help="Folder of similar photos that do not show it.")] = None,
    not_from: Annotated[
        str | None,
        typer.Option(metavar="QUERY", help="Use the photos that a search finds as those that do not show it."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Accept the result without asking, unless it is useless.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how good it would be, without changing anything.")
    ] = False,
) -> None:
    """Teach a tag by examples; 'word' can be omitted: indexer teach NAME --examples FOLDER.

    The examples are the photos of a folder, those that a search finds, or those whose paths come from stdin, one a
    line or as 'indexer search -f paths0' prints them.

    Shows how well the tag works on photos that were held out, and asks before adding it to the library. No photo is
    scanned again.
    """
    from indexer.library.user.own_tags import own_word
    from indexer.library.user.taught_words import teach as keep

    word = own_word(name)
    _refuse_known(session, word)
    given = PhotoSource("--examples", examples, examples_from)
    against = PhotoSource("--not", other, not_from)
    if not given:
        raise ConfigError("--examples", "name a folder of photos that show it, or a search with --examples-from")
    with session.open_library(read_only=dry_run) as library:
        head, trial = _try_out(session, library, word, given, against)
        _report(trial, word)
        if trial.is_hopeless:
            raise ModelError(
                word, "cannot be distinguished from other photos; give more examples, or similar photos with --not"
            )
        if dry_run or not (yes or typer.confirm("Add it to the library?")):
            return
        about = _about(trial, given, against)
        tagged = keep(library, head, about)
        write(f"{count(tagged, 'photo')} tagged {word!r}.")
        _write_model(session, library.path, head, about)


@command(app, "list")
def list_words(session: Session, format: FormatOption = Format.TABLE) -> None:  # noqa: A002
    """List the tags that you taught, with their precision and recall."""
    from indexer.library.user.taught_words import taught_words

    with session.open_library() as library:
        found = taught_words(library)
        tell_stale(session, library, probe_models(session.settings().config).id)
    columns = {
        "photos": lambda each: f"{each.photos:>7,}",
        "precision": lambda each: f"{each.about['precision']:.2f}",
        "recall": lambda each: f"{each.about['recall']:.2f}",
        "examples": lambda each: str(each.about["examples"]),
        "word": lambda each: each.name,
    }
    present(found, format, _record, columns, lambda _: [])


@command(app, "remove")
def remove(session: Session, name: Annotated[str, typer.Argument(help="Tag that you taught.")]) -> None:
    """Remove a tag that you taught from all photos, except those that you tagged with it yourself."""
    from indexer.library.user.own_tags import own_word
    from indexer.library.user.taught_words import forget

    with session.open_library(read_only=False) as library:
        known = forget(library, own_word(name))
        if known is None:
            raise ConfigError("word", f"{name!r} was not taught; 'indexer teach list' shows the tags that were")
        shutil.rmtree(_home(library.path, known.name), ignore_errors=True)
    write(f"Removed the tag {known.name!r}.")


def tell_stale(session: Session, library: Library, model: str) -> None:
    """Print which words must be taught again, and how, before photos of these models get them.

    model: the id of `probe_models`.
    """
    from indexer.library.user.taught_words import to_teach_again

    for word in to_teach_again(library, model):
        sides = [f"{flag} {shlex.quote(word.about[key])}" for flag, key in _AGAIN.items() if word.about.get(key)]
        session.say(
            f"{word.name!r} was taught with {word.model}, not the current models; new photos do not get "
            f"this tag. Teach it again: indexer teach {shlex.quote(word.name)} {' '.join(sides)}"
        )


def _refuse_known(session: Session, word: str) -> None:
    from indexer.vision.tags.vocabulary import Vocabulary

    known = Vocabulary.load(rules=session.settings().config.rules).canonical(word)
    if known is not None:
        raise ConfigError("word", f"{word!r} is a built-in tag ('{known}'); choose another name, such as 'my {word}'")


def _try_out(
    session: Session, library: Library, word: str, given: PhotoSource, against: PhotoSource
) -> tuple[LinearProbe, CrossValidation]:
    from indexer.pipeline.models.few_shot import gather, try_out
    from indexer.vision.linear_head import LEAST_EXAMPLES

    config = session.settings().config
    by = probe_models(config)
    look = open_look(session)
    shown = gather(library, by, given.photos(session, library, _MOST_EXAMPLES + 1), look, report_unreadable(session))
    if not LEAST_EXAMPLES <= len(shown) <= _MOST_EXAMPLES:
        raise ConfigError(given.flag, f"there {_are(len(shown))}; use {LEAST_EXAMPLES} to 50")
    other = gather(library, by, against.photos(session, library, _MOST_EXAMPLES), look, report_unreadable(session))
    both = shown.keys() & other.keys()
    if both:
        raise ConfigError(against.flag, f"{printable(min(both))} is also one of the examples")
    classes = object_classes(config)
    try:
        return try_out(library, word, by, classes, list(shown.values()), list(other.values()), [*shown, *other])
    except ValueError as error:
        raise ConfigError(given.flag, f"the result cannot be evaluated: {error}; add others, or use --not") from error


def _are(photos: int) -> str:
    return f"{'is' if photos == 1 else 'are'} {count(photos, 'photo')}"


def _report(trial: CrossValidation, word: str) -> None:
    scenes = f" of {count(trial.scenes, 'scene')}" if trial.scenes < trial.examples else ""
    write(
        f"{count(trial.examples, 'example')}{scenes} compared with {count(trial.compared, 'other photo')}; "
        "result for held-out photos:"
    )
    write(f"recall     {trial.recall:.2f}  of the photos that show it are tagged {word!r}")
    write(f"precision  {trial.precision:.2f}  of the tagged photos show it, if one photo in 20 does")
    write(f"{count(trial.wrong, 'other photo')} would be tagged wrongly.")
    if trial.doubtful:
        write(f"{count(trial.doubtful, 'photo')} of the library look like the examples and were not used for this.")


def _about(trial: CrossValidation, given: PhotoSource, against: PhotoSource) -> dict[str, Any]:
    (folder, query), (opposite, other) = given.about(), against.about()
    return {
        "folder": folder,
        "query": query,
        "not": opposite,
        "not_query": other,
        "examples": trial.examples,
        "compared": trial.compared,
        "precision": round(trial.precision, 4),
        "recall": round(trial.recall, 4),
    }


def _write_model(session: Session, library: Path, head: LinearProbe, about: dict[str, Any]) -> None:
    """Write the taught word as a Keras model beside the library; the word works without it."""
    from indexer.zoo.train.export_taught import write_head

    told = {
        "name": head.name,
        "models": head.models,
        "classes": object_classes(session.settings().config),
        "weights": [number for (number,) in iter_unpack("<f", head.weights)],
        "taught": about,
    }
    folder = _home(library, head.name)
    try:
        write_head(folder, told)
    except (IndexerError, OSError) as error:
        reason = sentence(error) if isinstance(error, IndexerError) else error
        session.say(f"The tag is in the library, but its model could not be written: {reason}")
    else:
        session.detail(f"Its model was written to {printable(folder)}.")


def _home(library: Path, word: str) -> Path:
    """Return the folder of a word's model: readable, and different for different words."""
    plain = re.sub(r"[^\w-]+", "-", word).strip("-")[:40]
    return library.with_name(f"{library.name}-words") / f"{plain}-{sha256(word.encode()).hexdigest()[:8]}"


def _record(word: TaughtWord) -> dict[str, Any]:
    return {"name": word.name, "model": word.model, "photos": word.photos, **word.about}
