"""`indexer models enable`, `disable`, `default`, `remove`: which models analyze photos, stored in the settings.

Models beside the default ones are those of one library. Where the model of a role is removed, the built-in one takes
its place. Landmarks and objects need none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.assemble import confined
from indexer.cli.commands.config import write_setting
from indexer.cli.lookup import find_spec
from indexer.cli.session import Session, command
from indexer.config.config import Config
from indexer.errors import ConfigError, ModelError, printable

if TYPE_CHECKING:
    from indexer.vision.spec import ModelSpec

Name = Annotated[str, typer.Argument(help="Name of the model (see 'indexer models list').")]
_NEXT = "The next scan analyzes all photos with it."
_NONE = "none"
# The setting that names the model of a role.
_SETTINGS = {
    "classifier": "classifier",
    "object-detector": "object_detector",
    "face-detector": "detector",
    "face-landmarks": "landmarks",
    "face-describer": "describer",
}


def register(app: typer.Typer) -> None:
    """Add the commands to those of `indexer models`."""
    for name, function in {"enable": enable, "disable": disable, "default": default, "remove": remove}.items():
        command(app, name)(function)


Folders = Annotated[
    list[Path] | None,
    typer.Option("--folder", help="Let it analyze the photos in this folder only; repeatable.", show_default=False),
]
Everywhere = Annotated[
    bool, typer.Option("--yes", "-y", help="Let it analyze all photos of the library, without asking.")
]


def enable(session: Session, name: Name, folder: Folders = None, yes: Everywhere = False) -> None:
    """Use a model in scans: a classifier or detector in addition to others, a face model instead of the current one.

    A classifier or detector is used in this library. A model that knows few classes sees one of them in every photo:
    let it analyze only the folders that it was made for.
    """
    spec = find_spec(session.settings().config, name)
    if not enabled(session, spec, folder or (), everywhere=yes):
        raise ConfigError("--yes", f"{name} would analyze all photos of the library; add --yes, or name a --folder")


def disable(session: Session, name: Name) -> None:
    """Stop using a model; the built-in model of its role, if any, takes its place.

    Its stored results are kept, but no longer give tags after 'indexer retag'.
    """
    config = session.settings().config
    if _taken_out(session, name):
        if name in (config.classifier, config.object_detector, *config.extra):
            session.say("Run 'indexer retag' to remove its tags from the photos; its stored results are kept.")
        return
    find_spec(session.settings().config, name)
    role = next((key for key in _SETTINGS.values() if getattr(Config(), key) == name), "")
    if role:
        raise ModelError(name, f"is the built-in {role}; use 'indexer models default' to choose another one")
    raise ModelError(name, "is not in use; 'indexer models list' shows which models are")


def default(session: Session, name: Name) -> None:
    """Make a model the default of its role: the main classifier, which also finds similar photos, or a detector."""
    config = session.settings().config
    spec = find_spec(config, name)
    if spec.role == "classifier" and "embedding" not in spec.outputs:
        session.say(f"{name} has no embedding: 'similar', 'duplicates' and 'teach' will not work (see --embedding).")
    if name in config.extra:
        _write_extra(session, [each for each in config.extra if each != name])
    former = getattr(config, _SETTINGS[spec.role])
    if spec.role in ("classifier", "object-detector") and former not in (name, _NONE):
        session.say(f"{former} is no longer used; 'indexer models enable' uses it in addition.")
    write_setting(session, _SETTINGS[spec.role], name)
    session.say(_NEXT)


def remove(session: Session, name: Name) -> None:
    """Remove one of your own models: its description, its files and what was built from them."""
    import shutil

    from indexer.vision.model_store import homes_of
    from indexer.zoo.custom.install import forget

    config = session.settings().config
    own = config.own_models_path
    if own / f"{name}.toml" not in own.glob("*.toml"):
        find_spec(config, name)
        raise ModelError(
            name,
            "is a built-in model and cannot be removed; 'indexer models disable' or 'default' stops using it",
        )
    _taken_out(session, name)
    forget(name, own)
    for home in homes_of(name, config.models_path):
        shutil.rmtree(home, ignore_errors=True)
    session.say(f"Removed {name} from {printable(own)}; its results stay in the library.")


def enabled(session: Session, spec: ModelSpec, folders: Sequence[Path], *, everywhere: bool) -> bool:
    """Let a model analyze photos from now on: as the one of its role, or as one of many, in some folders or, if the
    user agrees, everywhere. Return False where nobody could be asked.
    """
    config = session.settings().config
    is_default = spec.name in (config.classifier, config.object_detector)
    if spec.role.startswith("face-"):
        write_setting(session, _SETTINGS[spec.role], spec.name)
    elif is_default or (spec.name in config.extra and not folders and spec.name not in dict(confined(config))):
        session.say(f"{spec.name} is already in use.")
        return True
    elif spec.name == Config().object_detector and config.object_detector == _NONE:
        write_setting(session, "object_detector", spec.name)
    else:
        if not folders and not everywhere and spec.weights.is_own:
            if not sys.stdin.isatty():
                return False
            if not typer.confirm(f"{spec.name} will analyze all photos of this library. Is that meant?"):
                session.say(f"Not used. 'indexer models enable {spec.name} --folder DIR' uses it in some folders.")
                return True
        if spec.name in config.extra:
            session.say("Run 'indexer retag', too: photos that it has seen already get its words, or lose them.")
        places = [Path(os.path.realpath(folder)) for folder in folders]
        _confine(session, spec.name, places)
        _write_extra(session, [*(each for each in config.extra if each != spec.name), spec.name])
        if places:
            session.say(f"The next scan analyzes the photos in {', '.join(map(printable, places))} with it.")
            return True
    session.say(_NEXT)
    return True


def _write_extra(session: Session, names: Sequence[str]) -> None:
    write_setting(session, "extra", names, of_library=True)


def _confine(session: Session, name: str, folders: Sequence[Path]) -> None:
    """Confine a model to folders; none: to no folder."""
    before = session.settings().config.only_in
    now = [each for each in before if each.partition("=")[0] != name] + [f"{name}={folder}" for folder in folders]
    if now != list(before):
        write_setting(session, "only_in", now, of_library=True)


def _taken_out(session: Session, name: str) -> bool:
    """Remove a model from the settings, in favor of the default one of its role. Return whether it was there."""
    config, shipped = session.settings().config, Config()
    roles = [key for key in _SETTINGS.values() if getattr(config, key) == name != getattr(shipped, key)]
    if name in config.extra:
        _write_extra(session, [each for each in config.extra if each != name])
        _confine(session, name, ())
    if name == shipped.object_detector == config.object_detector:
        write_setting(session, "object_detector", _NONE)
        return True
    for key in roles:
        write_setting(session, key, getattr(shipped, key))
        session.say(f"{name} is replaced by the built-in model.")
    return name in config.extra or bool(roles)
