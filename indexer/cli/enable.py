"""`indexer models enable`, `disable`, `default`, `remove`: which networks look at photos, kept in the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.keep import keep
from indexer.cli.session import Session, command
from indexer.errors import ModelError, printable

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.vision.spec import ModelSpec

Name = Annotated[str, typer.Argument(help="A network ('indexer models list').")]
# The setting that names the network of a role.
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
    enabled(session, _spec(session, name))


def disable(session: Session, name: Name) -> None:
    """Let a network look at no more photos; what it saw is kept."""
    config = session.settings().config
    if name not in config.extra:
        used = name in (config.classifier, config.detector, config.landmarks, config.describer)
        other = "; 'indexer models default' names another one" if used else ""
        raise ModelError(name, f"is not among the extra networks{other}")
    keep(session, "extra", [each for each in config.extra if each != name])


def default(session: Session, name: Name) -> None:
    """Make a network the one of its role: the classifier whose features tell what looks alike, or the one for faces."""
    spec = _spec(session, name)
    config = session.settings().config
    if spec.role not in _SETTINGS:
        raise ModelError(name, f"is an {spec.role}: there may be many, 'indexer models enable {name}' uses it")
    if spec.role == "classifier":
        if "embedding" not in spec.outputs:
            session.say(f"{name} has no features (--embedding): 'similar', 'duplicates' and 'teach' will find nothing.")
        if name in config.extra:
            keep(session, "extra", [each for each in config.extra if each != name])
    keep(session, _SETTINGS[spec.role], name)
    session.say("The next scan looks at all photos with it.")


def remove(session: Session, name: Name) -> None:
    """Forget a network of one's own: its description, its files, and what was built of it."""
    import shutil

    from indexer.zoo.adopt import forget

    config = session.settings().config
    spec = _spec(session, name)
    if not spec.folder:
        raise ModelError(name, "comes with the program; 'indexer models disable' or 'default' may be what you want")
    if role := _default_of(config, name):
        raise ModelError(name, f"is the {role} of the settings; 'indexer models default' must name another one first")
    if name in config.extra:
        keep(session, "extra", [each for each in config.extra if each != name])
    forget(name, config.own_models_path)
    shutil.rmtree(config.models_path / spec.id, ignore_errors=True)
    session.say(f"{name} is gone from {printable(config.own_models_path)}; what it saw stays in the library.")


def enabled(session: Session, spec: ModelSpec) -> None:
    """Let a network look at photos from now on: the one of its role, or one of many."""
    config = session.settings().config
    if spec.role.startswith("face-"):
        keep(session, _SETTINGS[spec.role], spec.name)
    elif spec.name in (config.classifier, *config.extra):
        return
    else:
        keep(session, "extra", [*config.extra, spec.name])
    session.say("The next scan looks at all photos with it.")


def _default_of(config: Config, name: str) -> str:
    return next((key for key in _SETTINGS.values() if getattr(config, key) == name), "")


def _spec(session: Session, name: str) -> ModelSpec:
    from indexer.vision.eyes import spec_named
    from indexer.vision.spec import read_specs

    return spec_named(read_specs(session.settings().config.own_models_path), name)
