"""`indexer models enable`, `disable`, `default`, `remove`: which models analyze photos, stored in the settings.

Where the model of a role is removed (except a landmarks model, which nobody needs), the default one takes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.commands.config import keep
from indexer.cli.lookup import described
from indexer.cli.session import Session, command
from indexer.config.config import Config
from indexer.errors import ModelError, printable

if TYPE_CHECKING:
    from indexer.vision.spec import ModelSpec

Name = Annotated[str, typer.Argument(help="A network ('indexer models list').")]
_NEXT = "The next scan looks with it at all photos that it has not seen."
# The setting that names the model of a role.
_SETTINGS = {
    "classifier": "classifier",
    "face-detector": "detector",
    "face-landmarks": "landmarks",
    "face-describer": "describer",
}


def register(app: typer.Typer) -> None:
    """Add the commands to those of `indexer models`."""
    for name, function in {"enable": enable, "disable": disable, "default": default, "remove": remove}.items():
        command(app, name)(function)


def enable(session: Session, name: Name) -> None:
    """Let a network look at every photo, beside the others; one for faces instead of the one so far."""
    enabled(session, described(session.settings().config, name))


def disable(session: Session, name: Name) -> None:
    """Let a network look at no more photos; for the one of a role, that of the program does it.

    What it saw is kept, but gives no words any more after 'indexer retag'.
    """
    config = session.settings().config
    if _taken_out(session, name):
        if name in (config.classifier, *config.extra):
            session.say("'indexer retag' takes its words from the photos; what it saw is kept.")
        return
    described(session.settings().config, name)
    role = next((key for key in _SETTINGS.values() if getattr(Config(), key) == name), "")
    if role:
        raise ModelError(name, f"is the {role} of the program; 'indexer models default' takes another one instead")
    raise ModelError(name, "looks at no photos; 'indexer models list' shows which are used")


def default(session: Session, name: Name) -> None:
    """Make a network the one of its role: the classifier whose features tell what looks alike, or the one for faces."""
    config = session.settings().config
    spec = described(config, name)
    if spec.role not in _SETTINGS:
        raise ModelError(name, f"is an {spec.role}: there may be many, 'indexer models enable {name}' uses it")
    if spec.role == "classifier":
        if "embedding" not in spec.outputs:
            session.say(f"{name} has no features (--embedding): 'similar', 'duplicates' and 'teach' will find nothing.")
        if name in config.extra:
            keep(session, "extra", [each for each in config.extra if each != name])
        if name != config.classifier:
            session.say(f"{config.classifier} looks at no more photos; 'indexer models enable' lets it look beside.")
    keep(session, _SETTINGS[spec.role], name)
    session.say(_NEXT)


def remove(session: Session, name: Name) -> None:
    """Forget a network of one's own: its description, which may be broken, its files, and what was built of it."""
    import shutil

    from indexer.vision.model_store import homes_of
    from indexer.zoo.custom.install import forget

    config = session.settings().config
    own = config.own_models_path
    if own / f"{name}.toml" not in own.glob("*.toml"):
        described(config, name)
        raise ModelError(name, "comes with the program; 'indexer models disable' or 'default' may be what you want")
    _taken_out(session, name)
    forget(name, own)
    for home in homes_of(name, config.models_path):
        shutil.rmtree(home, ignore_errors=True)
    session.say(f"{name} is gone from {printable(own)}; what it saw stays in the library.")


def enabled(session: Session, spec: ModelSpec) -> None:
    """Let a model analyze photos from now on: as the one of its role, or as one of many."""
    config = session.settings().config
    if spec.role.startswith("face-"):
        keep(session, _SETTINGS[spec.role], spec.name)
    elif spec.name in (config.classifier, *config.extra):
        session.say(f"{spec.name} looks at photos already.")
        return
    else:
        keep(session, "extra", [*config.extra, spec.name])
    session.say(_NEXT)


def _taken_out(session: Session, name: str) -> bool:
    """Remove a model from the settings, in favor of the default one of its role. Return whether it was there."""
    config, shipped = session.settings().config, Config()
    roles = [key for key in _SETTINGS.values() if getattr(config, key) == name != getattr(shipped, key)]
    if name in config.extra:
        keep(session, "extra", [each for each in config.extra if each != name])
    for key in roles:
        keep(session, key, getattr(shipped, key))
        session.say(f"{name} gives way to what the program comes with.")
    return name in config.extra or bool(roles)
